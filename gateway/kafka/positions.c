/* SPDX-License-Identifier: Apache-2.0 */
/* Decides whether the subscriber may go on at the positions that the spool has. */
#include "kafka/positions.h"

#include "base/cleanup.h"
#include "kafka/client.h"

#include <inttypes.h>

enum { ANSWER_MS = 700 }; /* of one question: a stop waits no longer */

struct stretch {
    int64_t stored; /* the spool's position; -1: none */
    int64_t low;    /* the first offset that the topic still has */
    int64_t end;
};

/* What both sides say. */
struct survey {
    char *cluster;
    char *stored_cluster; /* NULL: none is kept */
    struct stretch *stretches;
    int32_t count;
};

static void free_survey(struct survey *survey)
{
    free(survey->cluster);
    free(survey->stored_cluster);
    free(survey->stretches);
}

/* ---- asking ---- */

static bool ask_clusters(const struct positions *positions, struct survey *survey,
                         struct fault *why)
{
    *why = (struct fault){.kind = FAULT_NONE};
    survey->stored_cluster = spool_cluster(positions->reader, why);
    if (!survey->stored_cluster && why->kind != FAULT_NONE)
        return false;
    survey->cluster = rd_kafka_clusterid(positions->client, ANSWER_MS);
    return survey->cluster || fault_set(why, FAULT_RETRY, "no broker answers");
}

static bool retry(const struct positions *positions, rd_kafka_resp_err_t error, struct fault *why)
{
    return fault_set(why, FAULT_RETRY, "%s: %s", positions->topic, rd_kafka_err2str(error));
}

static bool count_partitions(const struct positions *positions, int32_t *count, struct fault *why)
{
    rd_kafka_resp_err_t error =
        kafka_partitions(positions->client, positions->topic, ANSWER_MS, count);
    return !error || retry(positions, error, why);
}

/* rd_kafka_query_watermark_offsets waits for a broker that has just gone as long as a request may
 * take, whatever time it is given (librdkafka 2.0.2); this keeps to its time. */
static bool ask_offset(const struct positions *positions, int32_t partition, int64_t which,
                       int64_t *offset, struct fault *why)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, positions->topic, partition)->offset = which;
    rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(positions->client, list, ANSWER_MS);
    if (!error)
        error = list->elems[0].err;
    *offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    if (!error && *offset < 0)
        error = RD_KAFKA_RESP_ERR__TIMED_OUT; /* there was no answer in it */
    return !error || retry(positions, error, why);
}

static bool ask_partition(const struct positions *positions, int32_t partition,
                          struct stretch *stretch, struct fault *why)
{
    if (stop_is_asked(positions->stop))
        return fault_set(why, FAULT_RETRY, "stopped");
    return spool_position(positions->reader, positions->topic, partition, &stretch->stored, why) &&
           ask_offset(positions, partition, RD_KAFKA_OFFSET_BEGINNING, &stretch->low, why) &&
           ask_offset(positions, partition, RD_KAFKA_OFFSET_END, &stretch->end, why);
}

static bool ask(const struct positions *positions, struct survey *survey, struct fault *why)
{
    /* The answer about the topic brings the cluster's id along. */
    if (!count_partitions(positions, &survey->count, why) || !ask_clusters(positions, survey, why))
        return false;
    survey->stretches = calloc((size_t)survey->count + 1, sizeof *survey->stretches);
    if (!survey->stretches)
        return fault_memory(why);
    for (int32_t i = 0; i < survey->count; i++)
        if (!ask_partition(positions, i, &survey->stretches[i], why))
            return false;
    return true;
}

/* ---- judging ---- */

static bool is_foreign(const struct survey *survey)
{
    return survey->stored_cluster && strcmp(survey->stored_cluster, survey->cluster) != 0;
}

static bool is_expired(const struct stretch *stretch)
{
    return stretch->stored >= 0 && stretch->stored < stretch->low;
}

static bool is_beyond(const struct stretch *stretch)
{
    return stretch->stored > stretch->end;
}

/* The first partition of that kind, or -1. */
static int32_t find(const struct survey *survey, bool (*is_kind)(const struct stretch *stretch))
{
    for (int32_t i = 0; i < survey->count; i++)
        if (is_kind(&survey->stretches[i]))
            return i;
    return -1;
}

static bool explain(const struct positions *positions, const struct survey *survey,
                    struct fault *why)
{
    static const char advice[] = "say from where to go on: the topic's start or its end";
    int32_t beyond = find(survey, is_beyond);
    int32_t expired = find(survey, is_expired);
    if (is_foreign(survey))
        return fault_set(why, FAULT_BROKEN, "the positions are of cluster %s, this is %s; %s",
                         survey->stored_cluster, survey->cluster, advice);
    if (beyond >= 0)
        return fault_set(why, FAULT_BROKEN,
                         "%s was made anew or lost records: partition %" PRId32 " ends at %" PRId64
                         ", the position is %" PRId64 "; %s",
                         positions->topic, beyond, survey->stretches[beyond].end,
                         survey->stretches[beyond].stored, advice);
    return fault_set(why, FAULT_BROKEN,
                     "%s lost records before they were read: partition %" PRId32
                     " begins at %" PRId64 ", the position is %" PRId64 "; %s",
                     positions->topic, expired, survey->stretches[expired].low,
                     survey->stretches[expired].stored, advice);
}

/* ---- a person's word ---- */

/* Those of another life of the topic are forgotten in the same transaction: killed in between, the
 * next start would find none, and read from the first record whatever the word was. */
static bool move(const struct positions *positions, const struct survey *survey,
                 enum positions_word word, struct fault *why)
{
    auto_free(free) struct spool_position *moved = calloc((size_t)survey->count + 1, sizeof *moved);
    if (!moved)
        return fault_memory(why);
    bool is_another = is_foreign(survey) || find(survey, is_beyond) >= 0;
    size_t count = 0;
    for (int32_t i = 0; i < survey->count; i++) {
        const struct stretch *stretch = &survey->stretches[i];
        if (word == POSITIONS_FROM_END)
            moved[count++] = (struct spool_position){positions->topic, i, stretch->end};
        else if (!is_another && is_expired(stretch))
            moved[count++] = (struct spool_position){positions->topic, i, stretch->low};
    }
    if (is_another)
        return spool_replace_positions(positions->spool, positions->topic, moved, count, why);
    return count == 0 || spool_arrive(positions->spool, NULL, 0, moved, count, why);
}

/* The cluster's id goes last: until then a crash leaves the question open. */
static bool keep_cluster(const struct positions *positions, const struct survey *survey,
                         struct fault *why)
{
    if (survey->stored_cluster && !is_foreign(survey))
        return true;
    return spool_set_cluster(positions->spool, survey->cluster, why);
}

static enum positions_fit judge(const struct positions *positions, const struct survey *survey,
                                enum positions_word word, struct positions_found *found,
                                struct fault *why)
{
    bool fits = !is_foreign(survey) && find(survey, is_expired) < 0 && find(survey, is_beyond) < 0;
    if (!fits && word == POSITIONS_AS_STORED) {
        (void)explain(positions, survey, why);
        return POSITIONS_MISFIT;
    }
    if ((!fits && !move(positions, survey, word, why)) || !keep_cluster(positions, survey, why))
        return POSITIONS_UNKNOWN;
    *found = (struct positions_found){survey->count, !fits};
    return POSITIONS_FIT;
}

enum positions_fit positions_check(const struct positions *positions, enum positions_word word,
                                   struct positions_found *found, struct fault *why)
{
    struct survey survey = {.count = 0};
    enum positions_fit fit = POSITIONS_UNKNOWN;
    if (ask(positions, &survey, why))
        fit = judge(positions, &survey, word, found, why);
    free_survey(&survey);
    return fit;
}
