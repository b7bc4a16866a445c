/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spool and the subscriber alone, to be killed at any moment by subscribeloop.py.
 *
 *     subscribe SPOOL BROKERS GATEWAY PREFIX     stores until SIGTERM
 *     subscribe SPOOL                            prints "partition offset dossier cause" of each
 *                                                delivery, by number
 *
 * Every event goes to one partner.  Batches of a few records make more moments at which a kill can
 * fall.
 */
#include "base/cleanup.h"
#include "kafka/subscriber.h"
#include "spool/reader.h"
#include "spool/spool.h"

#include <inttypes.h>
#include <signal.h>

static const struct spool_target target = {.partner = "tax", .agency = "H09", .reason = "all"};

static bool route(void *own, const struct subscribed *record, struct spool_arrival *arrival,
                  struct fault *why)
{
    (void)own;
    (void)record;
    (void)why;
    arrival->targets = &target;
    arrival->target_count = 1;
    return true;
}

static void end(void *own)
{
    (void)own;
}

static bool subscribe(struct spool *spool, char **arguments, const struct schema *schema,
                      const sigset_t *signals, struct fault *why)
{
    struct subscriber_options options = {
        .kafka = {.brokers = arguments[2],
                  .gateway_id = arguments[3],
                  .topic_prefix = arguments[4]},
        .spool_file = arguments[1],
        .schema = schema,
        .batch_entries = 20,
        .batch_bytes = 1 << 20,
        .hooks = {.route = route, .end = end},
    };
    if (!spool_schema(spool, "events", schema->text, schema->fingerprint, &options.schema_no, why))
        return false;
    struct subscriber *subscriber = subscriber_start(&options, spool, why);
    int signal;
    if (subscriber)
        (void)sigwait(signals, &signal); /* there is only one */
    subscriber_stop(subscriber);
    return subscriber != NULL;
}

static bool run(char **arguments, const sigset_t *signals, struct fault *why)
{
    const struct spool_options options = {
        .file = arguments[1],
        .queue_entries = 1000,
        .queue_bytes = 64 << 20,
        .compress_above_bytes = 4096,
        .checkpoint_pages = 1000,
        .overdue_ms = 60000,
    };
    struct schema *schema = schema_load("schemas/dossier-event.avsc", why);
    struct spool *spool = schema ? spool_open(&options, why) : NULL;
    bool is_done = spool && subscribe(spool, arguments, schema, signals, why);
    spool_close(spool);
    schema_free(schema);
    return is_done;
}

static bool print(void *own, const struct spool_delivery *delivery)
{
    int64_t *last = own;
    *last = delivery->delivery;
    (void)printf("%" PRId32 " %" PRId64 " %s %s\n", delivery->partition, delivery->offset,
                 delivery->dossier_code ? delivery->dossier_code : "-",
                 delivery->cause ? delivery->cause : "-");
    return true;
}

static bool list(const char *file, struct fault *why)
{
    struct spool_reader *reader = spool_reader_open(file, why);
    if (!reader)
        return false;
    int64_t last = 0;
    struct delivery_filter filter = {.state = -1, .after = -1, .limit = 1000};
    bool is_read = true;
    while (is_read && last != filter.after) {
        filter.after = last;
        is_read = spool_deliveries(reader, &filter, print, &last, why);
    }
    spool_reader_close(reader);
    return is_read;
}

int main(int count, char **arguments)
{
    struct fault why = {.kind = FAULT_NONE};
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (count != 2 && count != 5) {
        (void)fprintf(stderr, "subscribe SPOOL [BROKERS GATEWAY PREFIX]\n");
        return 2;
    }
    if (count == 2 ? list(arguments[1], &why) : run(arguments, &signals, &why))
        return EXIT_SUCCESS;
    (void)fprintf(stderr, "subscribe: %s\n", why.text);
    return EXIT_FAILURE;
}
