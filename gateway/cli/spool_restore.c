/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong spool restore: puts a copy in the spool's place, and tells from Kafka what is missing
 * in it and what may go out a second time. */
#include "cli/spool_restore.h"

#include "base/cleanup.h"
#include "base/moment.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/keys.h"
#include "cli/options.h"
#include "kafka/ends.h"
#include "kafka/progress.h"
#include "kafka/topics.h"
#include "spool/delivery.h"
#include "spool/reader.h"
#include "spool/restore.h"

#include <inttypes.h>

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(struct spool_reader *, spool_reader_close)

static const char command[] = "lienthong spool restore";

struct restoring {
    const struct config *config;
    bool as_json;
    struct kafka_options kafka;
    struct progress progress;
    struct spool_restored restored;
    struct spool_reader *reader;
    char *topic;
    json_t *partitions; /* of which events come back */
    int64_t returning;
    struct fault why;
};

static void print_finding(void *own, const char *finding)
{
    (void)own;
    (void)fprintf(stderr, "%s: %s\n", command, finding);
}

static bool ask_kafka(struct restoring *restoring, struct fault *why)
{
    struct stop stop = {.wake = -1};
    if (!stop_open(&stop, why))
        return false;
    bool is_read = progress_read(&restoring->kafka, &stop, &restoring->progress, why);
    stop_close(&stop);
    return is_read;
}

/* Events behind the copy's position are taken over again, and delivered again: all of them where it
 * has none. */
static void note_partition(void *own, int32_t partition, int64_t first, int64_t end)
{
    struct restoring *restoring = own;
    int64_t next = -1;
    if (restoring->why.kind != FAULT_NONE ||
        !spool_position(restoring->reader, restoring->topic, partition, &next, &restoring->why))
        return;
    int64_t from = next > first ? next : first;
    if (from >= end)
        return;
    restoring->returning += end - from;
    (void)json_array_append_new(restoring->partitions,
                                json_pack("{si sI sI}", "partition", (int)partition, "from",
                                          (json_int_t)from, "before", (json_int_t)end));
}

static bool look_at_positions(struct restoring *restoring, struct fault *why)
{
    auto_free(free) char *topic = kafka_topic(&restoring->kafka, TOPIC_EVENTS, why);
    auto_free(spool_reader_close) struct spool_reader *reader =
        topic ? spool_reader_open(restoring->config->spool.file, why) : NULL;
    restoring->topic = topic;
    restoring->reader = reader;
    if (!reader || !kafka_ends(&restoring->kafka, topic, note_partition, restoring, why))
        return false;
    if (restoring->why.kind != FAULT_NONE)
        *why = restoring->why;
    return restoring->why.kind == FAULT_NONE;
}

static void print_text(const struct restoring *restoring, const char *moment)
{
    const struct spool_restored *restored = &restoring->restored;
    int64_t known = restored->last_number;
    (void)printf("restored to %s: entries up to number %" PRId64 ", the newest of %s\n",
                 restoring->config->spool.file, known, moment);
    if (restoring->progress.number > known)
        (void)printf("missing: numbers %" PRId64 " to %" PRId64
                     " were accepted after the copy and are on Kafka; their receipts are not known "
                     "here\n",
                     known + 1, restoring->progress.number);
    (void)printf("missing: what was accepted after %s and is not on Kafka is lost; senders are to "
                 "send again what they sent since\n",
                 moment);
    if (restoring->progress.number > known)
        (void)printf("repeats: what is sent again of these numbers goes to Kafka once more, under "
                     "the same event id\n");
    if (restored->stuck > 0)
        (void)printf("repeats: %" PRId64 " entries are dead or wait behind them, as at the copy; "
                     "look on Kafka before you release one that may have been released since\n",
                     restored->stuck);
    if (restored->paused > 0)
        (void)printf("repeats: %" PRId64 " bulk replays that ran at the copy are paused; look what "
                     "they did since before you let one go on\n",
                     restored->paused);
    if (restoring->returning > 0)
        (void)printf("repeats: %" PRId64 " events come back from Kafka and are delivered again, "
                     "under the same Idempotency-Key\n",
                     restoring->returning);
    if (restored->undone > 0)
        (void)printf("repeats: %" PRId64 " deliveries that were not over at the copy are tried, "
                     "under the same Idempotency-Key\n",
                     restored->undone);
    (void)printf("new entries get numbers from %" PRId64 " on\n", restored->next_number);
}

static int print_report(const struct restoring *restoring)
{
    const struct spool_restored *restored = &restoring->restored;
    char moment[MOMENT_TEXT_SIZE] = "an unknown time";
    int64_t missing = restoring->progress.number - restored->last_number;
    if (restored->last_received_ms > 0)
        (void)moment_write(restored->last_received_ms, MOMENT_ISO_UTC, moment);
    if (!restoring->as_json) {
        print_text(restoring, moment);
        return CLI_OK;
    }
    return cli_print_json(json_pack(
        "{ss sI ss sI sI sI sI sI sI sO sI}", "file", restoring->config->spool.file, "last_number",
        (json_int_t)restored->last_number, "newest", moment, "kafka_number",
        (json_int_t)restoring->progress.number, "missing_numbers",
        (json_int_t)(missing > 0 ? missing : 0), "stuck", (json_int_t)restored->stuck, "undone",
        (json_int_t)restored->undone, "paused_jobs", (json_int_t)restored->paused,
        "returning_events", (json_int_t)restoring->returning, "returning", restoring->partitions,
        "next_number", (json_int_t)restored->next_number));
}

static int run(const struct config *config, const char *copy, long long above, bool as_json)
{
    auto_free(json_decref) json_t *partitions = json_array();
    auto_free(free) char *brokers = NULL;
    struct restoring restoring = {.config = config, .as_json = as_json, .partitions = partitions};
    struct fault why;
    bool has_kafka = above < 0;
    if (!keys_serve(config, &why))
        return cli_complain(command, &why);
    if (has_kafka && !config->kafka.brokers)
        has_kafka = false; /* what the embedded one had went with the daemon */
    if (has_kafka &&
        (!cli_kafka(config, &restoring.kafka, &brokers, &why) || !ask_kafka(&restoring, &why)))
        return cli_complain(command, &why);
    int64_t highest = above > restoring.progress.number ? above : restoring.progress.number;
    if (!spool_restore(copy, config->spool.file, highest, print_finding, NULL, &restoring.restored,
                       &why))
        return cli_complain(command, &why);
    if (has_kafka && config->deliver.enabled && !look_at_positions(&restoring, &why))
        return cli_complain(command, &why); /* it is restored all the same; this part is unknown */
    return print_report(&restoring);
}

int cli_spool_restore(int argc, char **argv)
{
    const char *config_path = cli_default_config();
    const char *above_text = "-1";
    bool as_json = false;
    long long above;
    const struct cli_option table[] = {
        {"above", "NUMBER", &above_text, NULL,
         "do not ask Kafka, whose last number this is: new entries get numbers far above it"},
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        command,
        "COPY",
        "Puts a copy that spool backup made where the configuration has the spool; nothing may be "
        "there, and no\n"
        "daemon run.  Reads the copy whole first.  Tells from Kafka what is missing in it and what "
        "may go out twice.",
        table,
        1,
        1};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!cli_number("above", above_text, -1, INT64_MAX / 2, &above))
        return CLI_USAGE;
    auto_free(cli_free_config) struct config *config = cli_load_config(command, config_path);
    return config ? run(config, argv[first], above, as_json) : CLI_FAILED;
}
