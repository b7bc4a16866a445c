/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong reconcile: the proof, by partner and day, that nothing disappeared. */
#include "base/cleanup.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/options.h"
#include "cli/query.h"

#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

enum { TIMEOUT_MS = 1800000 }; /* it reads every row of its days */

struct wish {
    const char *command, *config_path, *from, *to;
    bool as_json, as_csv;
};

/* The answer in JSON; the caller owns it. */
static json_t *parse(const struct client_answer *answer, struct fault *why)
{
    auto_free(json_decref) json_t *json = json_loadb(answer->body, answer->size, 0, NULL);
    if (answer->status == 200 && json)
        return steal(json);
    (void)client_refuse(answer->status, json, why);
    return NULL;
}

static bool ask(const struct wish *wish, const char *socket, const char *format,
                struct client_answer *answer, struct fault *why)
{
    const struct query_value values[] = {
        {"from", wish->from}, {"to", wish->to}, {"format", format}, {0}};
    auto_free(free) char *url = query_path("http://localhost/operate/v1/reconcile", values);
    if (!url)
        return fault_memory(why);
    const struct client_call call = {
        .method = "GET", .url = url, .socket = socket, .timeout_ms = TIMEOUT_MS};
    return client_make(&call, answer, why);
}

static void print_item(const json_t *item)
{
    bool is_entry = strcmp(query_text(item, "kind"), "entries") == 0;
    json_int_t missing = query_number(item, "missing");
    (void)printf("%-10s  %-10s %-24s", query_text(item, "day"), query_text(item, "kind"),
                 query_text(item, "partner"));
    (void)printf(" %9" JSON_INTEGER_FORMAT " %9" JSON_INTEGER_FORMAT " %8" JSON_INTEGER_FORMAT
                 " %8" JSON_INTEGER_FORMAT " %8" JSON_INTEGER_FORMAT " %8" JSON_INTEGER_FORMAT
                 " %8" JSON_INTEGER_FORMAT " %8" JSON_INTEGER_FORMAT,
                 is_entry ? query_number(item, "received")
                          : query_number(item, "arrived") + query_number(item, "moved"),
                 query_number(item, is_entry ? "published" : "delivered"),
                 query_number(item, "waiting"), query_number(item, "parked"),
                 query_number(item, "dead"), query_number(item, "discarded"),
                 query_number(item, "refused"), query_number(item, "pruned"));
    if (missing != 0)
        (void)printf("  %" JSON_INTEGER_FORMAT " MISSING", missing);
    (void)putchar('\n');
}

static void print_table(const json_t *answer)
{
    const json_t *items = json_object_get(answer, "items");
    (void)printf("%-10s  %-10s %-24s %9s %9s %8s %8s %8s %8s %8s %8s\n", "DAY", "KIND", "PARTNER",
                 "CAME", "WENT OUT", "WAITING", "PARKED", "DEAD", "DISCARD.", "REFUSED", "PRUNED");
    for (size_t i = 0; i < json_array_size(items); i++)
        print_item(json_array_get(items, i));
}

/* Only the JSON says whether there are mismatches, so it is asked for in any case. */
static int show(const struct wish *wish, const char *socket)
{
    struct fault why;
    struct client_answer answer = {0}, csv = {0};
    bool is_asked = ask(wish, socket, "json", &answer, &why);
    auto_free(free) char *body = answer.body;
    auto_free(json_decref) json_t *json = is_asked ? parse(&answer, &why) : NULL;
    if (!json || (wish->as_csv && !ask(wish, socket, "csv", &csv, &why)))
        return cli_complain(wish->command, &why);
    auto_free(free) char *text = csv.body;
    if (wish->as_csv)
        (void)fwrite(text, 1, csv.size, stdout);
    else if (wish->as_json && cli_print_json(json_incref(json)) != CLI_OK)
        return CLI_FAILED;
    else if (!wish->as_json)
        print_table(json);
    json_int_t mismatches = query_number(json, "mismatches");
    if (mismatches == 0)
        return CLI_OK;
    (void)fprintf(stderr, "%s: %" JSON_INTEGER_FORMAT " rows do not add up\n", wish->command,
                  mismatches);
    return CLI_FAILED;
}

int cli_reconcile(int argc, char **argv)
{
    struct wish wish = {.command = "lienthong reconcile", .config_path = cli_default_config()};
    const struct cli_option table[] = {
        {"from", "DAY", &wish.from, NULL, "first day, as 2026-11-01; a week ago when left out"},
        {"to", "DAY", &wish.to, NULL, "last day; today when left out"},
        {"config", "FILE", &wish.config_path, NULL, "the daemon's configuration"},
        {"csv", NULL, NULL, &wish.as_csv, "for a table program"},
        {"json", NULL, NULL, &wish.as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        wish.command,
        "",
        "Counts, for each partner and day, what came and what became of it: entries by the day on\n"
        "which they were received, deliveries by that on which they arrived from Kafka.\n"
        "Exit: 0 everything is somewhere, 1 something is not.",
        table,
        0,
        0};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    auto_free(cli_free_config) struct config *config =
        cli_load_config(wish.command, wish.config_path);
    return config ? show(&wish, config->admin.socket) : CLI_FAILED;
}
