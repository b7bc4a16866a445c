/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong entries: looking for entries, as the console does. */
#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/options.h"
#include "cli/query.h"

#include <string.h>

/* What is printed, and how. */
struct printing {
    bool as_json;
};

static bool print_entry(void *own, const json_t *item)
{
    const struct printing *printing = own;
    char received[QUERY_MOMENT_SIZE], due[QUERY_MOMENT_SIZE];
    if (printing->as_json)
        return cli_print_json(json_incref((json_t *)(uintptr_t)item)) == CLI_OK;
    (void)printf("%-28s %-10s %-20s %-32s %-24s %-16s %-16s %s\n", query_text(item, "receipt"),
                 query_text(item, "state"), query_text(item, "partner"),
                 query_text(item, "dossier"), query_text(item, "event_type"),
                 query_moment(item, "received_at", received), query_moment(item, "due_at", due),
                 query_text(item, "cause"));
    return true;
}

static int list(const char *command, const char *config_path, const struct query_list *wanted,
                bool as_json)
{
    auto_free(cli_free_config) struct config *config = cli_load_config(command, config_path);
    if (!config)
        return CLI_FAILED;
    struct fault why;
    struct printing printing = {as_json};
    struct query_list asked = *wanted;
    asked.socket = config->admin.socket;
    if (!as_json)
        (void)printf("%-28s %-10s %-20s %-32s %-24s %-16s %-16s %s\n", "RECEIPT", "STATE",
                     "PARTNER", "DOSSIER", "EVENT", "RECEIVED", "DUE", "CAUSE");
    return query_each(&asked, print_entry, &printing, &why) ? CLI_OK : cli_complain(command, &why);
}

enum {
    DOSSIER,
    RECEIPT,
    PARTNER,
    AGENCY,
    PROCEDURE,
    TYPE,
    ALIAS,
    STATE,
    CAUSE,
    FROM,
    TO,
    DUE,
    ORDER,
    VALUE_COUNT
};

int cli_entries(int argc, char **argv)
{
    const char *config_path = cli_default_config();
    const char *limit_text = "100";
    long long limit;
    bool as_json = false;
    struct query_value values[VALUE_COUNT + 1] = {
        [DOSSIER] = {"dossier", NULL},
        [RECEIPT] = {"receipt", NULL},
        [PARTNER] = {"partner", NULL},
        [AGENCY] = {"agency", NULL},
        [PROCEDURE] = {"procedure", NULL},
        [TYPE] = {"type", NULL},
        [ALIAS] = {"alias", NULL},
        [STATE] = {"state", NULL},
        [CAUSE] = {"cause", NULL},
        [FROM] = {"from", NULL},
        [TO] = {"to", NULL},
        [DUE] = {"due", NULL},
        [ORDER] = {"order", NULL},
    };
    const struct cli_option table[] = {
        {"dossier", "CODE", &values[DOSSIER].value, NULL, "of this dossier"},
        {"receipt", "RECEIPT", &values[RECEIPT].value, NULL, "the one of this receipt"},
        {"partner", "ID", &values[PARTNER].value, NULL, "sent by this partner"},
        {"agency", "CODE", &values[AGENCY].value, NULL, "that name this agency"},
        {"procedure", "CODE", &values[PROCEDURE].value, NULL, "of this procedure"},
        {"type", "TYPE", &values[TYPE].value, NULL, "of this event type, as HANDED_OFF"},
        {"alias", "CODE", &values[ALIAS].value, NULL, "that have this other code"},
        {"state", "STATE", &values[STATE].value, NULL,
         "accepted, published, parked, dead, discarded or released"},
        {"cause", "CAUSE", &values[CAUSE].value, NULL, "a fingerprint, or how the cause begins"},
        {"from", "DAY", &values[FROM].value, NULL, "received on this day or moment, or later"},
        {"to", "DAY", &values[TO].value, NULL, "received on this day or moment, or earlier"},
        {"due", "WHEN", &values[DUE].value, NULL, "not over: overdue or today"},
        {"order", "ORDER", &values[ORDER].value, NULL, "newest or oldest first"},
        {"limit", "N", &limit_text, NULL, "at most so many"},
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &as_json, "one JSON line each"},
        {0},
    };
    const struct cli_usage usage = {
        "lienthong entries", "", "Looks for entries; all that is given must fit.", table, 0, 0};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!cli_number("limit", limit_text, 1, 1000000000, &limit))
        return CLI_USAGE;
    const struct query_list wanted = {
        .path = "/operate/v1/entries", .values = values, .limit = (size_t)limit};
    return list(usage.command, config_path, &wanted, as_json);
}
