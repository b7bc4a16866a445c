/* SPDX-License-Identifier: Apache-2.0 */
/* Where the publisher goes on: the last number that Kafka has under the gateway's id. */
#include "kafka/progress.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "kafka/topics.h"

#include <inttypes.h>
#include <string.h>

enum { ANSWER_MS = 5000, POLL_MS = 100, PATIENCE_MS = 10000, FIRST_STEP = 64, GROWTH = 16 };

ENDS_WITH_SCOPE(rd_kafka_conf_t *, rd_kafka_conf_destroy)
ENDS_WITH_SCOPE(rd_kafka_message_t *, rd_kafka_message_destroy)
ENDS_WITH_SCOPE(rd_kafka_t *, rd_kafka_destroy)
ENDS_WITH_SCOPE(rd_kafka_topic_t *, rd_kafka_topic_destroy)

size_t progress_write(int64_t number, int64_t received_at_ms, char text[PROGRESS_TEXT_SIZE])
{
    int size = snprintf(text, PROGRESS_TEXT_SIZE, "%" PRId64 " %" PRId64, number, received_at_ms);
    return (size_t)size;
}

bool progress_parse(const char *bytes, size_t size, struct progress *progress, struct fault *why)
{
    char text[PROGRESS_TEXT_SIZE];
    char again[PROGRESS_TEXT_SIZE];
    if (size >= sizeof text)
        return fault_set(why, FAULT_BROKEN, "a progress record of %zu bytes is not ours", size);
    memcpy(text, bytes, size);
    text[size] = '\0';

    char *end = text;
    int64_t number = strtoll(text, &end, 10);
    int64_t received_at_ms = strtoll(end, NULL, 10);
    if (number < 1 || progress_write(number, received_at_ms, again) != size ||
        memcmp(text, again, size) != 0)
        return fault_set(why, FAULT_BROKEN, "a progress record is not ours");
    *progress = (struct progress){true, number, received_at_ms};
    return true;
}

/* The stretch of the progress topic to be read. */
struct stretch {
    int64_t low;
    int64_t end;
};

static rd_kafka_t *open_reader(const struct kafka_options *options, const char *isolation,
                               struct fault *why)
{
    auto_free(rd_kafka_conf_destroy) rd_kafka_conf_t *conf = kafka_configure(options, why);
    if (!conf || !kafka_set(conf, "isolation.level", isolation, why) ||
        !kafka_set(conf, "enable.partition.eof", "true", why) ||
        !kafka_set(conf, "auto.offset.reset", "error", why) ||
        !kafka_set(conf, "topic.metadata.refresh.interval.ms", "1000", why) || /* a lost leader */
        !kafka_set(conf, "fetch.wait.max.ms", "10", why)) /* the end is what is waited for */
        return NULL;
    return kafka_open(RD_KAFKA_CONSUMER, steal(conf), why);
}

static bool retry(const char *topic, rd_kafka_resp_err_t error, struct fault *why)
{
    return fault_set(why, FAULT_RETRY, "%s: %s", topic, rd_kafka_err2str(error));
}

static bool has_topic(rd_kafka_t *client, const char *topic, bool *is_there, struct fault *why)
{
    int32_t count = 0;
    rd_kafka_resp_err_t error = kafka_partitions(client, topic, ANSWER_MS, &count);
    *is_there = !error;
    return *is_there || error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           retry(topic, error, why);
}

/*
 * A read_committed client is told the last stable offset as the end: before it, other gateways may
 * have open transactions, and behind those our own last record would not be seen.  The true end
 * takes a client that reads everything.
 */
static bool find_stretch(const struct kafka_options *options, const char *name,
                         struct stretch *stretch, struct fault *why)
{
    auto_free(rd_kafka_destroy) rd_kafka_t *client = open_reader(options, "read_uncommitted", why);
    if (!client)
        return false;
    bool is_there = false;
    if (!has_topic(client, name, &is_there, why))
        return false;
    *stretch = (struct stretch){0, 0};
    if (!is_there)
        return true;
    rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
        client, name, PROGRESS_PARTITION, &stretch->low, &stretch->end, ANSWER_MS);
    return error ? retry(name, error, why) : true;
}

static bool is_under_key(const rd_kafka_message_t *message, const char *key)
{
    size_t size = strlen(key);
    return message->key && message->key_len == size && memcmp(message->key, key, size) == 0;
}

/* The last of ours wins; a record without a value takes back what was before it. */
static bool take(const rd_kafka_message_t *message, const char *key, struct progress *progress,
                 struct fault *why)
{
    if (!is_under_key(message, key))
        return true;
    if (message->payload)
        return progress_parse(message->payload, message->len, progress, why);
    *progress = (struct progress){.is_known = false};
    return true;
}

/* Whether nothing before `end` is left to come. */
static bool is_past(const rd_kafka_message_t *message, int64_t end)
{
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        return message->offset >= end;
    return message->offset + 1 >= end;
}

struct reading {
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    const char *key;
    const struct stop *stop;
    int64_t patience_ms; /* longer than a transaction may be open */
};

/* When the last stable offset is what keeps us from the end, that is worth more than that it does.
 */
static bool give_up(const struct reading *reading, int64_t end, struct fault *why)
{
    const char *name = rd_kafka_topic_name(reading->topic);
    int64_t low = 0;
    int64_t stable = end;
    if (!stop_is_asked(reading->stop) &&
        rd_kafka_query_watermark_offsets(reading->client, name, PROGRESS_PARTITION, &low, &stable,
                                         ANSWER_MS) == 0 &&
        stable < end)
        return fault_set(why, FAULT_RETRY,
                         "%s: a transaction that Kafka does not end holds it at offset %" PRId64
                         " of %" PRId64 "; kafka-transactions.sh finds and aborts it",
                         name, stable, end);
    return fault_set(why, FAULT_RETRY, "%s: its end is not in reach", name);
}

static bool read_until(const struct reading *reading, int64_t end, struct progress *progress,
                       struct fault *why)
{
    int64_t give_up_at = clock_ticks_ms() + reading->patience_ms;
    for (bool is_read = false; !is_read;) {
        if (stop_is_asked(reading->stop) || clock_ticks_ms() > give_up_at)
            return give_up(reading, end, why);
        auto_free(rd_kafka_message_destroy) rd_kafka_message_t *message =
            rd_kafka_consume(reading->topic, PROGRESS_PARTITION, POLL_MS);
        if (!message)
            continue;
        if (message->err && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
            return retry(rd_kafka_topic_name(reading->topic), message->err, why);
        if (!message->err && !take(message, reading->key, progress, why))
            return false;
        is_read = is_past(message, end);
    }
    return true;
}

static bool read_from(const struct reading *reading, struct stretch stretch,
                      struct progress *progress, struct fault *why)
{
    if (rd_kafka_consume_start(reading->topic, PROGRESS_PARTITION, stretch.low) != 0)
        return retry(rd_kafka_topic_name(reading->topic), rd_kafka_last_error(), why);
    bool is_read = read_until(reading, stretch.end, progress, why);
    (void)rd_kafka_consume_stop(reading->topic, PROGRESS_PARTITION); /* it was started just now */
    return is_read;
}

static bool read_backwards(const struct reading *reading, struct stretch stretch,
                           struct progress *progress, struct fault *why)
{
    struct progress found = {.is_known = false};
    struct stretch tail = {stretch.end, stretch.end};
    for (int64_t step = FIRST_STEP; !found.is_known && tail.low > stretch.low; step *= GROWTH) {
        tail.low = stretch.end - stretch.low > step ? stretch.end - step : stretch.low;
        if (!read_from(reading, tail, &found, why))
            return false;
    }
    *progress = found;
    return true;
}

/* What the client has of it, be it librdkafka's default, which ours is too. */
static int64_t transaction_timeout_ms(rd_kafka_t *client)
{
    char text[32] = "";
    size_t size = sizeof text;
    (void)rd_kafka_conf_get(rd_kafka_conf(client), "transaction.timeout.ms", text,
                            &size); /* it has one */
    return strtoll(text, NULL, 10);
}

bool progress_read(const struct kafka_options *options, const struct stop *stop,
                   struct progress *progress, struct fault *why)
{
    auto_free(free) char *name = kafka_topic(options, TOPIC_PROGRESS, why);
    struct stretch stretch;
    if (!name || !find_stretch(options, name, &stretch, why))
        return false;
    auto_free(rd_kafka_destroy) rd_kafka_t *client = open_reader(options, "read_committed", why);
    if (!client)
        return false;
    auto_free(rd_kafka_topic_destroy) rd_kafka_topic_t *topic =
        rd_kafka_topic_new(client, name, NULL);
    if (!topic)
        return retry(name, rd_kafka_last_error(), why);
    const struct reading reading = {.client = client,
                                    .topic = topic,
                                    .key = options->gateway_id,
                                    .stop = stop,
                                    .patience_ms = transaction_timeout_ms(client) + PATIENCE_MS};
    return read_backwards(&reading, stretch, progress, why);
}
