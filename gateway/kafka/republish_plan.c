/* SPDX-License-Identifier: Apache-2.0 */
/* Which offsets a stretch of time is, and what of it Kafka still has. */
#include "kafka/republish.h"

#include "base/cleanup.h"
#include "kafka/topics.h"

#include <inttypes.h>
#include <string.h>

enum { ANSWER_MS = 10000 };

ENDS_WITH_SCOPE(rd_kafka_conf_t *, rd_kafka_conf_destroy)
ENDS_WITH_SCOPE(rd_kafka_t *, rd_kafka_destroy)
ENDS_WITH_SCOPE(rd_kafka_topic_partition_list_t *, rd_kafka_topic_partition_list_destroy)

/* What one plan is made with. */
struct planning {
    rd_kafka_t *client;
    const char *topic;
    const struct republish_wish *wish;
    rd_kafka_topic_partition_list_t *from; /* by partition; NULL: from the beginning */
    rd_kafka_topic_partition_list_t *to;   /* NULL: to the end */
};

static bool fail(const struct planning *planning, rd_kafka_resp_err_t error, struct fault *why)
{
    bool is_missing = error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
                      error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
                      error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
    return fault_set(why, is_missing ? FAULT_REFUSE : FAULT_RETRY, "%s: %s", planning->topic,
                     rd_kafka_err2str(error));
}

static rd_kafka_t *open_client(const struct kafka_options *options, struct fault *why)
{
    auto_free(rd_kafka_conf_destroy) rd_kafka_conf_t *conf = kafka_configure(options, why);
    return conf ? kafka_open(RD_KAFKA_CONSUMER, steal(conf), why) : NULL;
}

static bool count_partitions(const struct planning *planning, int32_t *count, struct fault *why)
{
    rd_kafka_resp_err_t error =
        kafka_partitions(planning->client, planning->topic, ANSWER_MS, count);
    if (!error && *count == 0)
        error = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    return !error || fail(planning, error, why);
}

/* The first offset of each partition from a time on; `*list` stays NULL for an open end. */
static bool find_time(const struct planning *planning, int64_t at_ms, int32_t count,
                      rd_kafka_topic_partition_list_t **list, struct fault *why)
{
    if (at_ms == 0)
        return true;
    *list = rd_kafka_topic_partition_list_new(count);
    for (int32_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(*list, planning->topic, i)->offset = at_ms;
    rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(planning->client, *list, ANSWER_MS);
    for (int i = 0; !error && i < (*list)->cnt; i++)
        error = (*list)->elems[i].err;
    return !error || fail(planning, error, why);
}

static int64_t offset_in(const rd_kafka_topic_partition_list_t *list, int32_t partition,
                         int64_t otherwise)
{
    /* Below 0 is librdkafka's way to say that nothing came since then. */
    return list && list->elems[partition].offset >= 0 ? list->elems[partition].offset : otherwise;
}

static const struct republish_part *find_part(const struct republish_wish *wish, int32_t partition)
{
    for (size_t i = 0; i < wish->count; i++)
        if (wish->offsets[i].partition == partition)
            return &wish->offsets[i];
    return NULL;
}

static int64_t least(int64_t one, int64_t other)
{
    return one < other ? one : other;
}

static bool plan_by_offset(const struct planning *planning, const struct republish_part *wished,
                           int64_t low, int64_t high, struct republish_part *part,
                           struct fault *why)
{
    if (wished->from < low)
        return fault_set(why, FAULT_REFUSE,
                         "%s: partition %" PRId32 " has nothing before offset %" PRId64 " any more",
                         planning->topic, wished->partition, low);
    part->from = least(wished->from, high);
    part->to = least(wished->to, high);
    return true;
}

/* Everything before `high` is decided: a client that reads what is committed is told that end. */
static bool plan_part(const struct planning *planning, int32_t partition,
                      struct republish_part *part, struct fault *why)
{
    const struct republish_wish *wish = planning->wish;
    const struct republish_part *wished = find_part(wish, partition);
    int64_t low = 0, high = 0;
    *part = (struct republish_part){.partition = partition};
    if (wish->offsets && !wished)
        return true;
    rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(planning->client, planning->topic,
                                                                 partition, &low, &high, ANSWER_MS);
    if (error)
        return fail(planning, error, why);
    if (wished)
        return plan_by_offset(planning, wished, low, high, part, why);
    part->from = offset_in(planning->from, partition, planning->from ? high : low);
    part->to = least(offset_in(planning->to, partition, high), high);
    if (part->from < low)
        part->from = low;
    return true;
}

static bool check_partitions(const struct planning *planning, int32_t count, struct fault *why)
{
    for (size_t i = 0; i < planning->wish->count; i++) {
        int32_t partition = planning->wish->offsets[i].partition;
        if (partition < 0 || partition >= count)
            return fault_set(why, FAULT_REFUSE, "%s: there is no partition %" PRId32,
                             planning->topic, partition);
    }
    return true;
}

static bool plan_all(const struct planning *planning, int32_t partitions,
                     struct republish_part **parts, size_t *count, struct fault *why)
{
    auto_free(free) struct republish_part *list = calloc((size_t)partitions, sizeof *list);
    size_t found = 0;
    if (!list)
        return fault_memory(why);
    for (int32_t i = 0; i < partitions; i++) {
        struct republish_part *part = &list[found];
        if (!plan_part(planning, i, part, why))
            return false;
        part->next = part->from;
        found += part->to > part->from;
    }
    *count = found;
    *parts = steal(list);
    return true;
}

bool republish_plan(const struct kafka_options *options, const struct republish_wish *wish,
                    struct republish_part **parts, size_t *count, struct fault *why)
{
    auto_free(free) char *topic = kafka_topic(options, TOPIC_EVENTS, why);
    auto_free(rd_kafka_destroy) rd_kafka_t *client = topic ? open_client(options, why) : NULL;
    int32_t partitions = 0;
    struct planning planning = {.client = client, .topic = topic, .wish = wish};
    if (!client)
        return false;
    bool is_planned = count_partitions(&planning, &partitions, why) &&
                      check_partitions(&planning, partitions, why) &&
                      find_time(&planning, wish->from_ms, partitions, &planning.from, why) &&
                      find_time(&planning, wish->to_ms, partitions, &planning.to, why) &&
                      plan_all(&planning, partitions, parts, count, why);
    if (planning.from)
        rd_kafka_topic_partition_list_destroy(planning.from);
    if (planning.to)
        rd_kafka_topic_partition_list_destroy(planning.to);
    return is_planned;
}
