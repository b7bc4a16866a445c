/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong route explain: why an event went where it went. */
#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/keys.h"
#include "cli/options.h"
#include "deliver/explain.h"

ENDS_WITH_SCOPE(struct directory *, directory_release)
ENDS_WITH_SCOPE(struct spool_reader *, spool_reader_close)
ENDS_WITH_SCOPE(json_t *, json_decref)

static const char *text_of(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text ? text : "";
}

/* "to PARTNER, for AGENCY", or what else it is. */
static void print_where(const json_t *target)
{
    const char *partner = text_of(target, "partner"), *agency = text_of(target, "agency");
    if (*partner == '\0')
        (void)printf("to nobody (%s)", text_of(target, "cause"));
    else if (*agency == '\0')
        (void)printf("to %s, by subscription", partner);
    else
        (void)printf("to %s, for %s", partner, agency);
}

static void print_stored(const json_t *stored)
{
    size_t index, line;
    const json_t *row, *reroute;
    if (json_array_size(stored) == 0) {
        (void)printf("\nNo delivery of it is kept: it has not come back from Kafka yet, concerned "
                     "nobody, or was pruned.\nWhat follows is computed now.\n");
        return;
    }
    (void)printf("\nAs it was routed when it came back from Kafka:\n");
    json_array_foreach (stored, index, row) {
        (void)printf("  %s ", text_of(row, "delivery"));
        print_where(row);
        (void)printf(" (%s)\n    %s\n    under directory %s, %s\n", text_of(row, "state"),
                     text_of(row, "reason"), text_of(row, "directory"), text_of(row, "routed_at"));
        json_array_foreach (json_object_get(row, "rerouted"), line, reroute)
            (void)printf("    re-routed %s: %s\n", text_of(reroute, "at"),
                         text_of(reroute, "text"));
    }
}

static void print_today(const json_t *today)
{
    size_t index;
    const json_t *target, *targets = json_object_get(today, "targets");
    (void)printf("\nAs the directory of now (%s) routes it, which changes nothing:\n",
                 text_of(today, "directory"));
    if (*text_of(today, "note") != '\0')
        (void)printf("  to nobody by its address: %s\n    %s\n", text_of(today, "note"),
                     text_of(today, "note_vi"));
    json_array_foreach (targets, index, target) {
        (void)printf("  ");
        print_where(target);
        (void)printf("\n    %s\n    %s\n", text_of(target, "reason"), text_of(target, "reason_vi"));
    }
}

static int print_explanation(const json_t *json)
{
    const json_t *event = json_object_get(json, "event");
    (void)printf("%s of %s, sent by %s, dated %s\n", text_of(event, "event_type"),
                 text_of(event, "dossier"), text_of(event, "source"),
                 text_of(event, "occurred_at"));
    print_stored(json_object_get(json, "stored"));
    print_today(json_object_get(json, "today"));
    return CLI_OK;
}

static int explain(const char *command, const char *config_path, const char *name, bool as_json)
{
    auto_free(cli_free_config) struct config *config = cli_load_config(command, config_path);
    auto_free(directory_release) struct directory *directory =
        config ? cli_load_directory(command, config) : NULL;
    if (!directory)
        return CLI_FAILED;
    struct fault why;
    auto_free(spool_reader_close) struct spool_reader *reader =
        keys_open_reader(config, NULL, &why);
    auto_free(json_decref) json_t *json =
        reader ? explain_event(reader, directory, name, &why) : NULL;
    if (!json)
        return cli_complain(command, &why);
    return as_json ? cli_print_json(steal(json)) : print_explanation(json);
}

static int route_explain(int argc, char **argv)
{
    const char *config_path = cli_default_config();
    bool as_json = false;
    const struct cli_option table[] = {
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        "lienthong route explain",
        "RECEIPT|d-NUMBER",
        "Says why an event went where it went, under the directory in force\n"
        "then, and where the directory of now would send it.",
        table,
        1,
        1};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    return explain(usage.command, config_path, argv[first], as_json);
}

int cli_route(int argc, char **argv)
{
    static const struct command commands[] = {
        {"explain", route_explain, "why an event went where it went"},
        {0},
    };
    return command_run("lienthong route", commands, argc, argv);
}
