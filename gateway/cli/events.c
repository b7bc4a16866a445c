/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong events tail: a topic as JSON lines, as a consumer sees it. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/moment.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/decoder.h"
#include "cli/options.h"
#include "kafka/tail.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

ENDS_WITH_SCOPE(struct registry *, registry_close)
ENDS_WITH_SCOPE(struct decoder *, decoder_free)

/* Set by the signal handler alone; the one thing a handler may touch. */
static volatile int ended;

static void end_on_signal(int number)
{
    (void)number;
    ended = 1;
}

struct tail_options {
    const char *config;
    const char *topic;
    const char *from;
    int64_t from_ms; /* the same, read */
    const char *count;
    bool follow;
    bool unmasked;
    bool as_json; /* lines are JSON anyway; taken so that --json works everywhere */
};

struct tailing {
    struct decoder *decoder;
    long long left;   /* records still wanted; -1 for all */
    long long unread; /* records of which no more than the fault is shown */
    bool failed;
};

static json_t *list_headers(const rd_kafka_headers_t *headers)
{
    json_t *list = json_object();
    const char *name;
    const void *value;
    size_t size;
    for (size_t index = 0;
         headers && rd_kafka_header_get_all(headers, index, &name, &value, &size) == 0; index++)
        (void)json_object_set_new(list, name, json_stringn(value, size));
    return list;
}

static bool print_record(void *own, const struct tail_record *record)
{
    struct tailing *tailing = own;
    struct fault why;
    char at[MOMENT_TEXT_SIZE];
    (void)moment_write(record->timestamp_ms, MOMENT_ISO_UTC, at);
    json_t *event = decoder_record(tailing->decoder, record->value, record->value_size, &why);
    /* What is no UTF-8 is null. */
    json_t *line = json_pack("{si sI ss so so?}", "partition", (int)record->partition, /**/
                             "offset", (json_int_t)record->offset, "at", at,           /**/
                             "headers", list_headers(record->headers),                 /**/
                             "key", json_stringn(record->key ? record->key : "", record->key_size));
    if (event)
        (void)json_object_set_new(line, "event", event);
    else
        (void)json_object_set_new(line, "fault", json_string(why.text));
    if (cli_print_json(line) != CLI_OK)
        tailing->failed = true;
    if (!event)
        tailing->unread++;
    (void)fflush(stdout);
    if (tailing->left > 0)
        tailing->left--;
    return tailing->left != 0;
}

static bool read_from(const char *text, int64_t *from)
{
    if (strcmp(text, "start") == 0)
        *from = TAIL_FROM_START;
    else if (strcmp(text, "end") == 0)
        *from = TAIL_FROM_END;
    else
        return cli_moment("from", text, from);
    return true;
}

static bool tail(const struct config *config, const struct tail_options *options,
                 struct tailing *tailing, struct fault *why)
{
    struct kafka_options kafka;
    auto_free(free) char *brokers = NULL;
    auto_free(free) char *topic = NULL;
    if (!cli_kafka(config, &kafka, &brokers, why))
        return false;
    if (asprintf(&topic, "%s%s", config->kafka.topic_prefix, options->topic) < 0) {
        topic = NULL;
        return fault_memory(why);
    }
    const struct tail_request request = {
        .topic = topic,
        .from = options->from_ms,
        .follow = options->follow,
        .each = print_record,
        .own = tailing,
        .ended = &ended,
    };
    return tail_topic(&kafka, &request, why);
}

/* One for each topic but the progress, whose records are not Avro. */
static const char *const schema_files[] = {"dossier-event.avsc", "delivery-receipt.avsc",
                                           "dead-letter.avsc", "audit-entry.avsc"};
enum { SCHEMA_COUNT = sizeof schema_files / sizeof *schema_files };

static bool load(const struct config *config, struct schema *schemas[SCHEMA_COUNT],
                 struct fault *why)
{
    for (size_t i = 0; i < SCHEMA_COUNT; i++) {
        auto_free(free) char *path = file_join(config->schemas.folder, schema_files[i], why);
        if (!path || !(schemas[i] = schema_load(path, why)))
            return false;
    }
    return true;
}

static bool decode_tail(const struct config *config, const struct tail_options *options,
                        const struct schema *const *schemas, struct tailing *tailing,
                        struct fault *why)
{
    auto_free(registry_close) struct registry *registry = NULL;
    if (!registry_configured(config, &registry, why))
        return false;
    const struct decoder_options decoding = {
        .ours = schemas,
        .registry = registry,
        .mask = options->unmasked ? RENDER_FULL : RENDER_MASKED,
    };
    auto_free(decoder_free) struct decoder *decoder = decoder_new(&decoding, why);
    tailing->decoder = decoder;
    return decoder && tail(config, options, tailing, why);
}

static bool run_tail(const struct config *config, const struct tail_options *options,
                     struct tailing *tailing, struct fault *why)
{
    struct schema *schemas[SCHEMA_COUNT + 1] = {NULL};
    bool is_read =
        load(config, schemas, why) &&
        decode_tail(config, options, (const struct schema *const *)schemas, tailing, why);
    for (size_t i = 0; i < SCHEMA_COUNT; i++)
        schema_free(schemas[i]);
    return is_read;
}

static int events_tail(int argc, char **argv)
{
    struct tail_options options = {
        .config = cli_default_config(), .topic = "dossier-events", .from = "start"};
    const struct cli_option table[] = {
        {"topic", "NAME", &options.topic, NULL, "without the prefix"},
        {"from", "WHERE", &options.from, NULL, "start, end, or a time as 2026-11-23T08:00:00"},
        {"follow", NULL, NULL, &options.follow, "wait for more at the end"},
        {"count", "N", &options.count, NULL, "stop after so many"},
        {"unmasked", NULL, NULL, &options.unmasked, "show personal data"},
        {"config", "FILE", &options.config, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &options.as_json, "the lines are JSON anyway"},
        {0},
    };
    const struct cli_usage usage = {"lienthong events tail",
                                    "",
                                    "Prints committed records as JSON lines, decoded by the schema "
                                    "that wrote them; personal data\n"
                                    "masked.  One that cannot be decoded has its fault in place of "
                                    "the event; then the exit is 1.",
                                    table,
                                    0,
                                    0};
    int first;
    int exit_code;
    struct tailing tailing = {.left = -1};
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (options.count && !cli_number("count", options.count, 1, 1000000000, &tailing.left))
        return CLI_USAGE;
    if (!read_from(options.from, &options.from_ms))
        return CLI_USAGE;
    auto_free(cli_free_config) struct config *config =
        cli_load_config(usage.command, options.config);
    if (!config)
        return CLI_FAILED;
    (void)signal(SIGINT, end_on_signal);
    (void)signal(SIGTERM, end_on_signal);
    struct fault why;
    if (!run_tail(config, &options, &tailing, &why))
        return cli_complain(usage.command, &why);
    if (tailing.unread > 0)
        (void)fprintf(stderr, "%s: %lld records could not be decoded; their lines have the fault\n",
                      usage.command, tailing.unread);
    return tailing.failed || tailing.unread > 0 ? CLI_FAILED : CLI_OK;
}

int cli_events(int argc, char **argv)
{
    static const struct command commands[] = {
        {"tail", events_tail, "print events as JSON lines"},
        {0},
    };
    return command_run("lienthong events", commands, argc, argv);
}
