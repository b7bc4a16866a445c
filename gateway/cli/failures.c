/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong failures: what needs a person, by cause, and what is in one group. */
#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/options.h"
#include "cli/query.h"

#include <string.h>

enum { FINGERPRINT_SIZE = 16 };

static bool print_json(const json_t *item)
{
    return cli_print_json(json_incref((json_t *)(uintptr_t)item)) == CLI_OK;
}

static bool print_group(void *own, const json_t *item)
{
    const bool *as_json = own;
    char oldest[QUERY_MOMENT_SIZE];
    if (*as_json)
        return print_json(item);
    (void)printf("%-16s  %-10s %8" JSON_INTEGER_FORMAT " %8" JSON_INTEGER_FORMAT
                 " %8" JSON_INTEGER_FORMAT "  %-16s %-20s %s\n    %s\n",
                 query_text(item, "fingerprint"), query_text(item, "kind"),
                 query_number(item, "count"), query_number(item, "parked_behind"),
                 query_number(item, "overdue"), query_moment(item, "oldest", oldest),
                 query_text(item, "partner"), query_text(item, "cause"),
                 query_text(item, "cause_text"));
    return true;
}

/* Entries are known by their receipts, deliveries by their names. */
static bool print_item(void *own, const json_t *item)
{
    const bool *as_json = own;
    char due[QUERY_MOMENT_SIZE];
    bool is_delivery = json_object_get(item, "delivery") != NULL;
    if (*as_json)
        return print_json(item);
    (void)printf("%-28s %-20s %-32s %-24s %-16s %s\n",
                 query_text(item, is_delivery ? "delivery" : "receipt"),
                 query_text(item, "partner"), query_text(item, "dossier"),
                 query_text(item, "event_type"), query_moment(item, "due_at", due),
                 query_text(item, "detail"));
    return true;
}

/* A list of one of the two kinds, with its line of names. */
struct listing {
    const char *command, *config_path, *names;
    bool (*print)(void *own, const json_t *item);
    bool as_json;
};

static int list(const struct listing *listing, struct query_list *wanted)
{
    auto_free(cli_free_config) struct config *config =
        cli_load_config(listing->command, listing->config_path);
    if (!config)
        return CLI_FAILED;
    struct fault why;
    bool as_json = listing->as_json;
    wanted->socket = config->admin.socket;
    if (!as_json)
        (void)printf("%s\n", listing->names);
    return query_each(wanted, listing->print, &as_json, &why)
               ? CLI_OK
               : cli_complain(listing->command, &why);
}

static int failures_list(int argc, char **argv)
{
    enum { PARTNER, KIND, VALUE_COUNT };
    struct query_value values[VALUE_COUNT + 1] = {
        [PARTNER] = {"partner", NULL}, [KIND] = {"kind", NULL}};
    struct listing listing = {
        .command = "lienthong failures",
        .config_path = cli_default_config(),
        .names = "FINGERPRINT       KIND          COUNT   BEHIND  OVERDUE  OLDEST           PARTNER"
                 "              CAUSE",
        .print = print_group,
    };
    const struct cli_option table[] = {
        {"partner", "ID", &values[PARTNER].value, NULL, "of this partner"},
        {"kind", "KIND", &values[KIND].value, NULL, "entries or deliveries"},
        {"config", "FILE", &listing.config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &listing.as_json, "one JSON line each"},
        {0},
    };
    const struct cli_usage usage = {listing.command,
                                    "",
                                    "Lists what needs a person, grouped by cause, with what to do "
                                    "about it.\nWords: list, show FINGERPRINT.",
                                    table,
                                    0,
                                    0};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    struct query_list wanted = {
        .path = "/operate/v1/failures", .values = values, .limit = SIZE_MAX};
    return list(&listing, &wanted);
}

static bool is_fingerprint(const char *text)
{
    return strlen(text) == FINGERPRINT_SIZE &&
           strspn(text, "0123456789abcdefABCDEF") == FINGERPRINT_SIZE;
}

static int show_group(const struct listing *listing, const char *fingerprint, size_t limit)
{
    static const struct query_value none[] = {{0}};
    auto_free(free) char *path = NULL;
    if (asprintf(&path, "/operate/v1/failures/%s/items", fingerprint) < 0) {
        struct fault why;
        path = NULL;
        (void)fault_memory(&why);
        return cli_complain(listing->command, &why);
    }
    struct query_list wanted = {.path = path, .values = none, .limit = limit};
    return list(listing, &wanted);
}

static int failures_show(int argc, char **argv)
{
    const char *limit_text = "100";
    long long limit;
    struct listing listing = {
        .command = "lienthong failures show",
        .config_path = cli_default_config(),
        .names = "RECEIPT OR DELIVERY          PARTNER              DOSSIER                        "
                 "  EVENT                    DUE              DETAIL",
        .print = print_item,
    };
    const struct cli_option table[] = {
        {"limit", "N", &limit_text, NULL, "at most so many"},
        {"config", "FILE", &listing.config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &listing.as_json, "one JSON line each"},
        {0},
    };
    const struct cli_usage usage = {
        listing.command, "FINGERPRINT", "Lists what is in one group of failures.", table, 1, 1};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!cli_number("limit", limit_text, 1, 1000000000, &limit))
        return CLI_USAGE;
    if (!is_fingerprint(argv[first])) {
        (void)fprintf(stderr, "a fingerprint has 16 hex digits\n");
        return CLI_USAGE;
    }
    return show_group(&listing, argv[first], (size_t)limit);
}

int cli_failures(int argc, char **argv)
{
    static const struct command commands[] = {
        {"list", failures_list, "what needs a person, by cause"},
        {"show", failures_show, "what is in one group"},
        {0},
    };
    bool is_list = argc < 2 || (argv[1][0] == '-' && strcmp(argv[1], "--help") != 0);
    return is_list ? failures_list(argc, argv)
                   : command_run("lienthong failures", commands, argc, argv);
}
