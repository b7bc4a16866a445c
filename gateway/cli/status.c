/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong status, publisher and subscriber: what a running daemon says of itself, and the word
 * that a held part of it waits for. */
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

/* The word that a held part waits for: where from it may go on. */
struct word {
    struct cli_usage usage;
    const char *path;       /**< of the daemon's API */
    const char *choices[2]; /**< as the API names them */
    const char *hint;       /**< of the option */
    const char *done;       /**< what was done, before the choice */
};

static int give_word(const struct word *word, const struct config *config, const char *from,
                     bool as_json)
{
    struct fault why;
    auto_free(json_decref) json_t *body = json_pack("{ss}", "from", from);
    json_t *answer = client_ask_daemon(config->admin.socket, "POST", word->path, body, &why);
    if (!answer)
        return cli_complain(word->usage.command, &why);
    if (as_json)
        return cli_print_json(answer);
    (void)printf("%s %s\n", word->done, from);
    json_decref(answer);
    return CLI_OK;
}

static int resume(const struct word *word, int argc, char **argv)
{
    const char *config_path = cli_default_config();
    const char *from = NULL;
    bool as_json = false;
    const struct cli_option table[] = {
        {"from", word->hint, &from, NULL, "where to go on"},
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &as_json, "for scripts"},
        {0},
    };
    struct cli_usage usage = word->usage;
    usage.options = table;
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!from || (strcmp(from, word->choices[0]) != 0 && strcmp(from, word->choices[1]) != 0)) {
        (void)fprintf(stderr, "%s: --from %s or --from %s?\n", usage.command, word->choices[0],
                      word->choices[1]);
        return CLI_USAGE;
    }
    auto_free(cli_free_config) struct config *config = cli_load_config(usage.command, config_path);
    return config ? give_word(word, config, from, as_json) : CLI_FAILED;
}

static int publisher_resume_command(int argc, char **argv)
{
    static const struct word word = {
        .usage = {.command = "lienthong publisher resume",
                  .operands = "",
                  .description =
                      "Gives a held publisher the word that it waits for.  It is held when "
                      "Kafka knows a lower last\n"
                      "number than the spool: another cluster, or a deleted progress topic.  "
                      "`kafka` publishes\n"
                      "again what that Kafka has not seen; `spool` publishes only what is "
                      "new.\n"
                      "Exit: 0 it goes on, 1 it is not held, 2 usage, 3 later."},
        .path = "/operate/v1/publisher/resume",
        .choices = {"kafka", "spool"},
        .hint = "kafka|spool",
        .done = "resumed after the last number of",
    };
    return resume(&word, argc, argv);
}

static int subscriber_resume_command(int argc, char **argv)
{
    static const struct word word = {
        .usage = {.command = "lienthong subscriber resume",
                  .operands = "",
                  .description =
                      "Gives a held subscriber the word that it waits for.  It is held when "
                      "its positions are of\n"
                      "another cluster, or outside what the events' topic holds: records "
                      "expired before they were\n"
                      "read, or the topic was made anew.  `start` goes on with the first "
                      "record that the topic still\n"
                      "has; `end` delivers only what is new.\n"
                      "Exit: 0 it goes on, 1 it is not held, 2 usage, 3 later."},
        .path = "/operate/v1/subscriber/resume",
        .choices = {"start", "end"},
        .hint = "start|end",
        .done = "resumed from the topic's",
    };
    return resume(&word, argc, argv);
}

int cli_publisher(int argc, char **argv)
{
    static const struct command commands[] = {
        {"resume", publisher_resume_command, "let a held publisher go on"},
        {0},
    };
    return command_run("lienthong publisher", commands, argc, argv);
}

int cli_subscriber(int argc, char **argv)
{
    static const struct command commands[] = {
        {"resume", subscriber_resume_command, "let a held subscriber go on"},
        {0},
    };
    return command_run("lienthong subscriber", commands, argc, argv);
}
