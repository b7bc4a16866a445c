/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong partner list, pause, resume and test: how those who get deliveries do. */
#include "cli/partner.h"

#include "base/cleanup.h"
#include "cli/client.h"
#include "cli/common.h"
#include "cli/options.h"

ENDS_WITH_SCOPE(json_t *, json_decref)

/* ---- asking the daemon ---- */

struct asking {
    const char *command;
    const char *config_path;
    const char *method;
    bool as_json;
};

/* The daemon's answer, which the caller owns; NULL: `*exit_code` says how it failed. */
static json_t *ask(const struct asking *asking, const char *path, const json_t *body,
                   int *exit_code)
{
    auto_free(cli_free_config) struct config *config =
        cli_load_config(asking->command, asking->config_path);
    struct fault why;
    *exit_code = CLI_FAILED;
    if (!config)
        return NULL;
    json_t *answer = client_ask_daemon(config->admin.socket, asking->method, path, body, &why);
    if (!answer)
        *exit_code = cli_complain(asking->command, &why);
    return answer;
}

static json_t *ask_about(const struct asking *asking, const char *partner, const char *word,
                         const json_t *body, int *exit_code)
{
    auto_free(free) char *path = NULL;
    struct fault why;
    if (asprintf(&path, "/operate/v1/partners/%s/%s", partner, word) < 0) {
        path = NULL;
        (void)fault_memory(&why);
        *exit_code = cli_complain(asking->command, &why);
        return NULL;
    }
    return ask(asking, path, body, exit_code);
}

static const char *text_in(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text && *text ? text : "-";
}

static json_int_t number_in(const json_t *json, const char *name)
{
    return json_integer_value(json_object_get(json, name));
}

/* ---- the words ---- */

static int print_list(const json_t *answer)
{
    size_t index;
    const json_t *one;
    (void)printf("%-24s %-8s %-7s %9s %8s %7s %5s  %-26s %s\n", "partner", "by", "state",
                 "in flight", "waiting", "parked", "dead", "oldest", "cause");
    json_array_foreach (answer, index, one)
        (void)printf("%-24s %-8s %-7s %9" JSON_INTEGER_FORMAT " %8" JSON_INTEGER_FORMAT
                     " %7" JSON_INTEGER_FORMAT " %5" JSON_INTEGER_FORMAT "  %-26s %s\n",
                     text_in(one, "partner"), text_in(one, "by"), text_in(one, "state"),
                     number_in(one, "in_flight"), number_in(one, "waiting"),
                     number_in(one, "parked"), number_in(one, "dead"), text_in(one, "oldest"),
                     text_in(one, "cause"));
    return CLI_OK;
}

int partner_list(int argc, char **argv)
{
    struct asking asking = {"lienthong partner list", cli_default_config(), "GET", false};
    const struct cli_option table[] = {
        {"config", "FILE", &asking.config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &asking.as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {asking.command,
                                    "",
                                    "Shows who gets deliveries, whether they can be reached, and "
                                    "what waits for them.",
                                    table,
                                    0,
                                    0};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    auto_free(json_decref) json_t *answer = ask(&asking, "/operate/v1/partners", NULL, &exit_code);
    if (!answer)
        return exit_code;
    return asking.as_json ? cli_print_json(json_incref(answer)) : print_list(answer);
}

static int set_paused(struct asking asking, const char *word, const char *description, int argc,
                      char **argv)
{
    const char *reason = NULL;
    const struct cli_option table[] = {
        {"reason", "TEXT", &reason, NULL, "why; it is kept on record"},
        {"config", "FILE", &asking.config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &asking.as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {asking.command, "ID", description, table, 1, 1};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!reason) {
        (void)fprintf(stderr, "%s: --reason is needed\n", asking.command);
        return CLI_USAGE;
    }
    auto_free(json_decref) json_t *body = json_pack("{ss}", "reason", reason);
    auto_free(json_decref) json_t *answer = ask_about(&asking, argv[first], word, body, &exit_code);
    if (!answer)
        return exit_code;
    if (asking.as_json)
        return cli_print_json(json_incref(answer));
    (void)printf("%s is %s\n", argv[first],
                 json_is_true(json_object_get(answer, "paused")) ? "paused" : "delivered to");
    return CLI_OK;
}

int partner_pause(int argc, char **argv)
{
    return set_paused(
        (struct asking){"lienthong partner pause", cli_default_config(), "POST", false}, "pause",
        "Nothing goes to the partner until it is resumed; it is kept.", argc, argv);
}

int partner_resume(int argc, char **argv)
{
    return set_paused(
        (struct asking){"lienthong partner resume", cli_default_config(), "POST", false}, "resume",
        "Deliveries to the partner go on.", argc, argv);
}

static int print_test(const char *partner, json_t *answer, bool as_json)
{
    bool is_reached = json_is_true(json_object_get(answer, "reached"));
    if (as_json && cli_print_json(json_incref(answer)) != CLI_OK)
        return CLI_FAILED;
    if (as_json)
        return is_reached ? CLI_OK : CLI_LATER;
    if (is_reached)
        (void)printf("%s was reached in %" JSON_INTEGER_FORMAT
                     " ms and answered %" JSON_INTEGER_FORMAT "\ncertificate: %s\n",
                     partner, number_in(answer, "ms"), number_in(answer, "status"),
                     text_in(answer, "certificate"));
    else
        (void)printf("%s was not reached: %s\n", partner, text_in(answer, "why"));
    return is_reached ? CLI_OK : CLI_LATER;
}

int partner_test(int argc, char **argv)
{
    struct asking asking = {"lienthong partner test", cli_default_config(), "POST", false};
    const struct cli_option table[] = {
        {"config", "FILE", &asking.config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &asking.as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        asking.command,
        "ID",
        "Logs in to the partner's system, if its format does, and asks for its address; sends\n"
        "nothing.  Exit: 0 it answered, 3 it did not.",
        table,
        1,
        1};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    auto_free(json_decref) json_t *answer =
        ask_about(&asking, argv[first], "test", NULL, &exit_code);
    if (!answer)
        return exit_code;
    return print_test(argv[first], answer, asking.as_json);
}
