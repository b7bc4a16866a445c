/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong deliveries: what is on its way to partners, the record of one, and a person's word. */
#include "base/cleanup.h"
#include "base/moment.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/keys.h"
#include "cli/options.h"
#include "deliver/tell.h"
#include "spool/delivery.h"

#include <inttypes.h>

ENDS_WITH_SCOPE(struct spool_reader *, spool_reader_close)
ENDS_WITH_SCOPE(json_t *, json_decref)

static const char *const state_names[DELIVERY_STATE_COUNT + 1] = {
    [DELIVERY_WAITING] = "waiting",     [DELIVERY_PARKED] = "parked",
    [DELIVERY_DEAD] = "dead",           [DELIVERY_DISCARDED] = "discarded",
    [DELIVERY_DELIVERED] = "delivered",
};

/* ---- one delivery as JSON: every member is there, null where it has none ---- */

static bool put_text(json_t *json, const char *name, const char *text)
{
    return json_object_set_new(json, name, text ? json_string(text) : json_null()) == 0;
}

static bool put_moment(json_t *json, const char *name, int64_t moment)
{
    char text[MOMENT_TEXT_SIZE];
    if (!moment)
        return put_text(json, name, NULL);
    (void)moment_write(moment, MOMENT_ISO, text);
    return put_text(json, name, text);
}

static bool put_delivery_name(json_t *json, const char *name, int64_t delivery)
{
    char text[DELIVERY_TEXT_SIZE];
    if (!delivery)
        return put_text(json, name, NULL);
    delivery_text(delivery, text);
    return put_text(json, name, text);
}

static bool put_hash(json_t *json, const char *name, const uint8_t *sha256)
{
    char hex[SHA256_HEX_SIZE];
    if (!sha256)
        return put_text(json, name, NULL);
    digest_hex(sha256, SHA256_SIZE, hex);
    return put_text(json, name, hex);
}

static bool put_event_id(json_t *json, const uint8_t *event_id)
{
    char text[UUID_TEXT_SIZE];
    if (!event_id)
        return put_text(json, "event_id", NULL);
    uuid_text(event_id, text);
    return put_text(json, "event_id", text);
}

static bool put_event(json_t *json, const struct spool_delivery *delivery)
{
    return put_text(json, "dossier", delivery->dossier_code) &&
           put_text(json, "event_type", delivery->event_type) &&
           put_event_id(json, delivery->event_id) && put_text(json, "source", delivery->source) &&
           put_moment(json, "occurred_at", delivery->occurred_at_ms) &&
           put_moment(json, "due_at", delivery->due_at_ms) &&
           put_moment(json, "arrived_at", delivery->arrived_at_ms) &&
           json_object_set_new(json, "partition", json_integer(delivery->partition)) == 0 &&
           json_object_set_new(json, "offset", json_integer(delivery->offset)) == 0;
}

static bool put_way(json_t *json, const struct spool_delivery *delivery)
{
    bool is_waiting = delivery->state == DELIVERY_WAITING;
    return put_text(json, "agency", delivery->agency) &&
           put_text(json, "reason", delivery->reason) &&
           put_text(json, "directory", delivery->directory) &&
           json_object_set_new(json, "attempts", json_integer(delivery->attempts)) == 0 &&
           put_moment(json, "next_at", is_waiting ? delivery->next_at_ms : 0) &&
           put_moment(json, "last_at", delivery->last_at_ms) &&
           json_object_set_new(json, "status", json_integer(delivery->last_status)) == 0 &&
           put_text(json, "cause", delivery->cause) && put_text(json, "detail", delivery->detail) &&
           put_hash(json, "document_sha256", delivery->document_sha256) &&
           put_delivery_name(json, "behind", delivery->behind);
}

/* The caller owns it; NULL without memory. */
static json_t *describe(const struct spool_delivery *delivery)
{
    auto_free(json_decref) json_t *json = json_object();
    bool is_whole = json && put_delivery_name(json, "delivery", delivery->delivery) &&
                    put_text(json, "partner", delivery->partner) &&
                    put_text(json, "state", state_names[delivery->state]) &&
                    put_event(json, delivery) && put_way(json, delivery);
    return is_whole ? steal(json) : NULL;
}

static const char *text_in(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text ? text : "-";
}

static void print_row(const json_t *json)
{
    (void)printf("%-12s %-20s %-10s %-30s %-26s %3" JSON_INTEGER_FORMAT "  %s\n",
                 text_in(json, "delivery"), text_in(json, "partner"), text_in(json, "state"),
                 text_in(json, "dossier"), text_in(json, "event_type"),
                 json_integer_value(json_object_get(json, "attempts")), text_in(json, "cause"));
}

/* ---- the list ---- */

struct listing {
    bool as_json;
    bool is_broken;
};

static bool list_one(void *own, const struct spool_delivery *delivery)
{
    struct listing *listing = own;
    auto_free(json_decref) json_t *json = describe(delivery);
    if (!json) {
        listing->is_broken = true;
        return false;
    }
    if (listing->as_json)
        return cli_print_json(json_incref(json)) == CLI_OK;
    print_row(json);
    return true;
}

static int list(const char *command, const char *config_path, const struct delivery_filter *filter,
                bool as_json)
{
    auto_free(cli_free_config) struct config *config = cli_load_config(command, config_path);
    if (!config)
        return CLI_FAILED;
    struct fault why;
    struct listing listing = {.as_json = as_json};
    auto_free(spool_reader_close) struct spool_reader *reader =
        keys_open_reader(config, NULL, &why);
    if (!reader || !spool_deliveries(reader, filter, list_one, &listing, &why))
        return cli_complain(command, &why);
    if (!listing.is_broken)
        return CLI_OK;
    (void)fault_memory(&why);
    return cli_complain(command, &why);
}

static int deliveries_list(int argc, char **argv)
{
    const char *config_path = cli_default_config();
    struct delivery_filter filter = {.state = -1, .newest_first = true};
    const char *state = NULL;
    const char *limit_text = "1000";
    long long limit;
    bool as_json = false;
    const struct cli_option table[] = {
        {"partner", "ID", &filter.partner, NULL, "toward this partner; '' for unroutable ones"},
        {"state", "STATE", &state, NULL, "waiting, parked, dead, discarded or delivered"},
        {"dossier", "CODE", &filter.dossier_code, NULL, "of this dossier"},
        {"limit", "N", &limit_text, NULL, "at most so many"},
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &as_json, "one JSON line each"},
        {0},
    };
    const struct cli_usage usage = {
        "lienthong deliveries",
        "",
        "Lists what is on its way to partners, newest first; also while the daemon is down.\n"
        "Words: list, show d-N; retry d-N, discard d-N, route d-N --to PARTNER, each with --reason "
        "TEXT.",
        table,
        0,
        0};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if ((state && (filter.state = cli_word("state", state, state_names)) < 0) ||
        !cli_number("limit", limit_text, 1, 1000000000, &limit))
        return CLI_USAGE;
    filter.limit = (size_t)limit;
    return list(usage.command, config_path, &filter, as_json);
}

/* ---- one ---- */

static bool keep_one(void *own, const struct spool_delivery *delivery)
{
    json_t **json = own;
    *json = describe(delivery);
    return false;
}

static bool add_line(void *own, const struct spool_trail *line)
{
    json_t *lines = own;
    json_t *json = json_pack("{ss si ss}", "kind", line->kind, "status", (int)line->status, /**/
                             "text", line->text ? line->text : "");
    return json && put_moment(json, "at", line->at_ms) && json_array_append_new(lines, json) == 0;
}

/* The delivery with its trail; the caller owns it. */
static json_t *find(struct spool_reader *reader, int64_t delivery, struct fault *why)
{
    auto_free(json_decref) json_t *json = NULL;
    json_t *lines = json_array();
    if (!spool_find_delivery(reader, delivery, keep_one, &json, why)) {
        json_decref(lines);
        return NULL;
    }
    if (!json || json_object_set_new(json, "trail", lines) != 0) {
        (void)fault_memory(why);
        return NULL;
    }
    return spool_trail(reader, delivery, add_line, lines, why) ? steal(json) : NULL;
}

static void print_one(json_t *json)
{
    const char *name;
    json_t *value;
    size_t index;
    json_object_foreach (json, name, value) {
        if (json_is_string(value))
            (void)printf("%-16s %s\n", name, json_string_value(value));
        else if (json_is_integer(value))
            (void)printf("%-16s %" JSON_INTEGER_FORMAT "\n", name, json_integer_value(value));
    }
    json_array_foreach (json_object_get(json, "trail"), index, value)
        (void)printf("  %s %s %" JSON_INTEGER_FORMAT " %s\n", text_in(value, "at"),
                     text_in(value, "kind"), json_integer_value(json_object_get(value, "status")),
                     text_in(value, "text"));
}

static bool read_delivery(const char *text, int64_t *delivery)
{
    if (delivery_read(text, delivery))
        return true;
    (void)fprintf(stderr, "a delivery is called d-NUMBER\n");
    return false;
}

static int show_one(const char *command, const char *config_path, int64_t delivery, bool as_json)
{
    auto_free(cli_free_config) struct config *config = cli_load_config(command, config_path);
    if (!config)
        return CLI_FAILED;
    struct fault why;
    auto_free(spool_reader_close) struct spool_reader *reader =
        keys_open_reader(config, NULL, &why);
    auto_free(json_decref) json_t *json = reader ? find(reader, delivery, &why) : NULL;
    if (!json)
        return cli_complain(command, &why);
    if (as_json)
        return cli_print_json(json_incref(json));
    print_one(json);
    return CLI_OK;
}

static int deliveries_show(int argc, char **argv)
{
    const char *config_path = cli_default_config();
    bool as_json = false;
    const struct cli_option table[] = {
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {"lienthong deliveries show",
                                    "d-NUMBER",
                                    "Shows one delivery and its record: what was tried, and what "
                                    "people did.",
                                    table,
                                    1,
                                    1};
    int first;
    int exit_code;
    int64_t delivery;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!read_delivery(argv[first], &delivery))
        return CLI_USAGE;
    return show_one(usage.command, config_path, delivery, as_json);
}

/* ---- a person's word ---- */

struct wish {
    const char *word; /* of the daemon's call */
    const char *done; /* what is said then */
    bool has_partner; /* it says to whom */
    struct cli_usage usage;
};

static int ask(const struct wish *wish, const char *config_path, const char *name, json_t *words,
               bool as_json)
{
    auto_free(json_decref) json_t *body = words;
    auto_free(cli_free_config) struct config *config =
        cli_load_config(wish->usage.command, config_path);
    auto_free(free) char *path = NULL;
    struct fault why;
    if (!config)
        return CLI_FAILED;
    if (asprintf(&path, "/operate/v1/deliveries/%s/%s", name, wish->word) < 0) {
        path = NULL;
        (void)fault_memory(&why);
        return cli_complain(wish->usage.command, &why);
    }
    auto_free(json_decref) json_t *answer =
        client_ask_daemon(config->admin.socket, "POST", path, body, &why);
    if (!answer)
        return cli_complain(wish->usage.command, &why);
    if (as_json)
        return cli_print_json(steal(answer));
    (void)printf("%s %s\n", name, wish->done);
    return CLI_OK;
}

static int wish_for(struct wish wish, int argc, char **argv)
{
    const char *config_path = cli_default_config();
    const char *reason = NULL;
    const char *partner = NULL;
    bool as_json = false;
    const struct cli_option all[] = {
        {"to", "PARTNER", &partner, NULL, "the partner that is to get it"},
        {"reason", "TEXT", &reason, NULL, "why; it is kept and told on Kafka"},
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &as_json, "for scripts"},
        {0},
    };
    const struct cli_option *table = wish.has_partner ? all : all + 1;
    int first;
    int exit_code;
    int64_t delivery;
    wish.usage.options = table;
    if (!cli_parse(&wish.usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!read_delivery(argv[first], &delivery))
        return CLI_USAGE;
    if (!reason || (wish.has_partner && !partner)) {
        (void)fprintf(stderr, "%s: --%s is needed\n", wish.usage.command, reason ? "to" : "reason");
        return CLI_USAGE;
    }
    return ask(&wish, config_path, argv[first],
               json_pack("{ss ss*}", "reason", reason, "partner", partner), as_json);
}

static int deliveries_retry(int argc, char **argv)
{
    const struct wish wish = {
        "retry",
        "is tried again",
        false,
        {"lienthong deliveries retry", "d-NUMBER",
         "Has a dead delivery tried again, and after it what waits behind it.", NULL, 1, 1}};
    return wish_for(wish, argc, argv);
}

static int deliveries_discard(int argc, char **argv)
{
    const struct wish wish = {"discard",
                              "is discarded",
                              false,
                              {"lienthong deliveries discard", "d-NUMBER",
                               "Ends a dead delivery for good; what waits behind it goes on.", NULL,
                               1, 1}};
    return wish_for(wish, argc, argv);
}

static int deliveries_route(int argc, char **argv)
{
    const struct wish wish = {
        "route",
        "goes there",
        true,
        {"lienthong deliveries route", "d-NUMBER",
         "Sends a dead delivery, above all one that nobody was found for, to a partner.", NULL, 1,
         1}};
    return wish_for(wish, argc, argv);
}

int cli_deliveries(int argc, char **argv)
{
    static const struct command commands[] = {
        {"list", deliveries_list, "what is on its way to partners"},
        {"show", deliveries_show, "one delivery and its record"},
        {"retry", deliveries_retry, "have a dead one tried again"},
        {"discard", deliveries_discard, "end a dead one"},
        {"route", deliveries_route, "send a dead one to a partner"},
        {0},
    };
    bool is_list = argc < 2 || (argv[1][0] == '-' && strcmp(argv[1], "--help") != 0);
    return is_list ? deliveries_list(argc, argv)
                   : command_run("lienthong deliveries", commands, argc, argv);
}
