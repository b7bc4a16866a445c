/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong status and lienthong publisher: what a running daemon says of itself, and the word that
 * a held publisher waits for. */
#include "base/cleanup.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/options.h"

#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

static void show_member(const char *group, const char *name, const json_t *value)
{
    (void)printf("%s.%-24s ", group, name);
    if (json_is_string(value))
        (void)printf("%s\n", json_string_value(value));
    else if (json_is_integer(value))
        (void)printf("%" JSON_INTEGER_FORMAT "\n", json_integer_value(value));
    else
        (void)printf("%s\n", json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "-");
}

static void show_status(json_t *status)
{
    const char *group;
    json_t *members;
    json_object_foreach (status, group, members) {
        const char *name;
        json_t *value;
        if (json_is_string(members))
            (void)printf("%-32s%s\n", group, json_string_value(members));
        json_object_foreach (members, name, value)
            show_member(group, name, value);
    }
}

static int print_status(const struct config *config, bool as_json)
{
    struct fault why;
    json_t *status =
        client_ask_daemon(config->admin.socket, "GET", "/operate/v1/status", NULL, &why);
    if (!status)
        return cli_complain("lienthong status", &why);
    if (as_json)
        return cli_print_json(status);
    show_status(status);
    json_decref(status);
    return CLI_OK;
}

int cli_status(int argc, char **argv)
{
    const char *config_path = cli_default_config();
    bool as_json = false;
    const struct cli_option table[] = {
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {"lienthong status",
                                    "",
                                    "Shows what the running daemon says of itself.\n"
                                    "Exit: 0 it runs, 3 it cannot be reached.",
                                    table,
                                    0,
                                    0};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    auto_free(cli_free_config) struct config *config = cli_load_config(usage.command, config_path);
    return config ? print_status(config, as_json) : CLI_FAILED;
}

static int resume(const struct config *config, const char *from, bool as_json)
{
    struct fault why;
    auto_free(json_decref) json_t *body = json_pack("{ss}", "from", from);
    json_t *answer =
        client_ask_daemon(config->admin.socket, "POST", "/operate/v1/publisher/resume", body, &why);
    if (!answer)
        return cli_complain("lienthong publisher resume", &why);
    if (as_json)
        return cli_print_json(answer);
    (void)printf("resumed after the last number that %s knows\n", from);
    json_decref(answer);
    return CLI_OK;
}

static int publisher_resume_command(int argc, char **argv)
{
    const char *config_path = cli_default_config();
    const char *from = NULL;
    bool as_json = false;
    const struct cli_option table[] = {
        {"from", "kafka|spool", &from, NULL, "whose last number to go on after"},
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        "lienthong publisher resume",
        "",
        "Gives a held publisher the word that it waits for.  It is held when Kafka knows a lower "
        "last\n"
        "number than the spool: another cluster, or a deleted progress topic.  `kafka` publishes\n"
        "again what that Kafka has not seen; `spool` publishes only what is new.",
        table,
        0,
        0};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!from || (strcmp(from, "kafka") != 0 && strcmp(from, "spool") != 0)) {
        (void)fprintf(stderr, "lienthong publisher resume: --from kafka or --from spool?\n");
        return CLI_USAGE;
    }
    auto_free(cli_free_config) struct config *config = cli_load_config(usage.command, config_path);
    return config ? resume(config, from, as_json) : CLI_FAILED;
}

int cli_publisher(int argc, char **argv)
{
    static const struct command commands[] = {
        {"resume", publisher_resume_command, "let a held publisher go on"},
        {0},
    };
    return command_run("lienthong publisher", commands, argc, argv);
}
