/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a topic once or for ever, for people: no group, nothing committed, nothing changed. */
#include "kafka/tail.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <string.h>

enum { ANSWER_MS = 10000, POLL_MS = 200, SILENCE_MS = 30000 };

ENDS_WITH_SCOPE(rd_kafka_topic_partition_list_t *, rd_kafka_topic_partition_list_destroy)
ENDS_WITH_SCOPE(rd_kafka_message_t *, rd_kafka_message_destroy)
ENDS_WITH_SCOPE(rd_kafka_conf_t *, rd_kafka_conf_destroy)

struct tail {
    const char *name; /* of the topic; borrowed */
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    rd_kafka_queue_t *queue;
    int32_t partition_count;
    int32_t started; /* partitions being fetched: these must be stopped */
    bool *is_at_end; /* by partition */
};

static void close_tail(struct tail *tail)
{
    for (int32_t i = 0; i < tail->started; i++)
        (void)rd_kafka_consume_stop(tail->topic, i); /* fails only for what was not started */
    if (tail->queue)
        rd_kafka_queue_destroy(tail->queue);
    if (tail->topic)
        rd_kafka_topic_destroy(tail->topic);
    if (tail->client)
        rd_kafka_destroy(tail->client);
    free(tail->is_at_end);
}

static bool open_client(struct tail *tail, const struct kafka_options *options, struct fault *why)
{
    auto_free(rd_kafka_conf_destroy) rd_kafka_conf_t *conf = kafka_configure(options, why);
    if (!conf || !kafka_set(conf, "enable.partition.eof", "true", why))
        return false;
    tail->client = kafka_open(RD_KAFKA_CONSUMER, steal(conf), why);
    return tail->client != NULL;
}

static bool is_for_operator(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
           error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
           error == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION;
}

static bool refuse(const struct tail *tail, rd_kafka_resp_err_t error, struct fault *why)
{
    return fault_set(why, is_for_operator(error) ? FAULT_REFUSE : FAULT_RETRY, "%s: %s", tail->name,
                     rd_kafka_err2str(error));
}

/* All topics are asked for: a broker may make one that is asked for by its name. */
static bool count_partitions(struct tail *tail, struct fault *why)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t error = rd_kafka_metadata(tail->client, 1, NULL, &metadata, ANSWER_MS);
    if (error)
        return refuse(tail, error, why);
    for (int i = 0; i < metadata->topic_cnt; i++)
        if (strcmp(metadata->topics[i].topic, tail->name) == 0) {
            error = metadata->topics[i].err;
            tail->partition_count = metadata->topics[i].partition_cnt;
        }
    rd_kafka_metadata_destroy(metadata);
    if (error || tail->partition_count == 0)
        return refuse(tail, error ? error : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, why);

    tail->is_at_end = calloc((size_t)tail->partition_count, sizeof *tail->is_at_end);
    return tail->is_at_end ? true : fault_memory(why);
}

static bool open_topic(struct tail *tail, struct fault *why)
{
    tail->topic = rd_kafka_topic_new(tail->client, tail->name, NULL);
    if (!tail->topic)
        return fault_set(why, FAULT_REFUSE, "%s: %s", tail->name,
                         rd_kafka_err2str(rd_kafka_last_error()));
    tail->queue = rd_kafka_queue_new(tail->client);
    return true;
}

/* Turns a time into offsets.  A partition with nothing since then begins at its end. */
static bool find_time(const struct tail *tail, rd_kafka_topic_partition_list_t *starts,
                      struct fault *why)
{
    rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(tail->client, starts, ANSWER_MS);
    for (int i = 0; !error && i < starts->cnt; i++)
        error = starts->elems[i].err;
    return error ? refuse(tail, error, why) : true;
}

static rd_kafka_topic_partition_list_t *find_starts(const struct tail *tail, int64_t from,
                                                    struct fault *why)
{
    auto_free(rd_kafka_topic_partition_list_destroy) rd_kafka_topic_partition_list_t *starts =
        rd_kafka_topic_partition_list_new(tail->partition_count);
    int64_t offset = from == TAIL_FROM_START ? RD_KAFKA_OFFSET_BEGINNING
                     : from == TAIL_FROM_END ? RD_KAFKA_OFFSET_END
                                             : from;
    for (int32_t i = 0; i < tail->partition_count; i++)
        rd_kafka_topic_partition_list_add(starts, tail->name, i)->offset = offset;
    if (from >= 0 && !find_time(tail, starts, why))
        return NULL;
    return steal(starts);
}

static bool start(struct tail *tail, int64_t from, struct fault *why)
{
    auto_free(rd_kafka_topic_partition_list_destroy) rd_kafka_topic_partition_list_t *starts =
        find_starts(tail, from, why);
    if (!starts)
        return false;
    for (int i = 0; i < starts->cnt; i++) {
        if (rd_kafka_consume_start_queue(tail->topic, i, starts->elems[i].offset, tail->queue) != 0)
            return refuse(tail, rd_kafka_last_error(), why);
        tail->started++;
    }
    return true;
}

static bool give(const rd_kafka_message_t *message, const struct tail_request *request)
{
    rd_kafka_headers_t *headers = NULL;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        headers = NULL;
    const struct tail_record record = {
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
        .key = message->key,
        .key_size = message->key_len,
        .value = message->payload,
        .value_size = message->len,
        .headers = headers,
    };
    return request->each(request->own, &record);
}

static bool all_at_end(const struct tail *tail)
{
    for (int32_t i = 0; i < tail->partition_count; i++)
        if (!tail->is_at_end[i])
            return false;
    return true;
}

/* Whether a message is a record, the end of a partition or a fault; `is_over` when all is read. */
static bool take(struct tail *tail, const rd_kafka_message_t *message,
                 const struct tail_request *request, bool *is_over, struct fault *why)
{
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        tail->is_at_end[message->partition] = true;
        *is_over = !request->follow && all_at_end(tail);
    } else if (message->err) {
        if (!request->follow || is_for_operator(message->err))
            return refuse(tail, message->err, why);
    } else {
        *is_over = !give(message, request);
    }
    return true;
}

static bool read_on(struct tail *tail, const struct tail_request *request, struct fault *why)
{
    bool is_over = false;
    int64_t heard_at = clock_ticks_ms();
    while (!is_over && !(request->ended && *request->ended)) {
        auto_free(rd_kafka_message_destroy) rd_kafka_message_t *message =
            rd_kafka_consume_queue(tail->queue, POLL_MS);
        if (message) {
            heard_at = clock_ticks_ms();
            if (!take(tail, message, request, &is_over, why))
                return false;
        } else if (!request->follow && clock_ticks_ms() - heard_at > SILENCE_MS) {
            return refuse(tail, RD_KAFKA_RESP_ERR__TIMED_OUT, why);
        }
    }
    return true;
}

bool tail_topic(const struct kafka_options *options, const struct tail_request *request,
                struct fault *why)
{
    struct tail tail = {.name = request->topic};
    bool is_read = open_client(&tail, options, why) && count_partitions(&tail, why) &&
                   open_topic(&tail, why) && start(&tail, request->from, why) &&
                   read_on(&tail, request, why);
    close_tail(&tail);
    return is_read;
}
