/* SPDX-License-Identifier: Apache-2.0 */
/* The partitions that are ours for now, and how far each is. */
#include "kafka/shares.h"

#include "base/cleanup.h"

typedef rd_kafka_topic_partition_list_t partitions;

void shares_free(struct shares *shares)
{
    free(shares->all);
    free(shares->positions);
}

struct share *shares_find(const struct shares *shares, int32_t partition)
{
    for (size_t i = 0; i < shares->count; i++)
        if (shares->all[i].partition == partition)
            return &shares->all[i];
    return NULL;
}

static bool grow(struct shares *shares, size_t by, struct fault *why)
{
    size_t count = shares->count + by;
    struct share *all = realloc(shares->all, count * sizeof *all);
    if (!all)
        return fault_memory(why);
    shares->all = all;
    struct spool_position *positions = realloc(shares->positions, count * sizeof *positions);
    if (!positions)
        return fault_memory(why);
    shares->positions = positions;
    return true;
}

bool shares_add(struct shares *shares, partitions *given, struct fault *why)
{
    if (given->cnt > 0 && !grow(shares, (size_t)given->cnt, why))
        return false;
    for (int i = 0; i < given->cnt; i++) {
        rd_kafka_topic_partition_t *at = &given->elems[i];
        struct share share = {.partition = at->partition, .stored = -1, .end = -1, .told = -1};
        if (!spool_position(shares->reader, shares->topic, at->partition, &share.stored, why))
            return false;
        at->offset = share.stored >= 0 ? share.stored : RD_KAFKA_OFFSET_BEGINNING;
        shares->all[shares->count++] = share;
    }
    return true;
}

bool shares_is_among(const partitions *list, int32_t partition)
{
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].partition == partition)
            return true;
    return false;
}

void shares_drop(struct shares *shares, const partitions *taken)
{
    size_t kept = 0;
    for (size_t i = 0; i < shares->count; i++)
        if (!shares_is_among(taken, shares->all[i].partition))
            shares->all[kept++] = shares->all[i];
    shares->count = kept;
}

const struct spool_position *shares_advance(struct shares *shares,
                                            rd_kafka_message_t *const *records, size_t count,
                                            bool with_ends, size_t *position_count)
{
    for (size_t i = 0; i < shares->count; i++) {
        struct share *share = &shares->all[i];
        share->next = share->stored;
        if (with_ends && share->end > share->next)
            share->next = share->end;
    }
    for (size_t i = 0; i < count; i++) {
        struct share *share = shares_find(shares, records[i]->partition);
        if (share && records[i]->offset + 1 > share->next)
            share->next = records[i]->offset + 1;
    }
    *position_count = 0;
    for (size_t i = 0; i < shares->count; i++) {
        const struct share *share = &shares->all[i];
        if (share->next > share->stored)
            shares->positions[(*position_count)++] =
                (struct spool_position){shares->topic, share->partition, share->next};
    }
    return shares->positions;
}

void shares_settle(struct shares *shares)
{
    for (size_t i = 0; i < shares->count; i++)
        shares->all[i].stored = shares->all[i].next;
}

int64_t shares_lag(const struct shares *shares, rd_kafka_t *client)
{
    int64_t lag = 0;
    for (size_t i = 0; i < shares->count && lag >= 0; i++) {
        const struct share *share = &shares->all[i];
        int64_t low = -1;
        int64_t high = -1;
        rd_kafka_resp_err_t error =
            rd_kafka_get_watermark_offsets(client, shares->topic, share->partition, &low, &high);
        int64_t at = share->stored > share->end ? share->stored : share->end;
        at = at > low ? at : low;
        if (error || high < 0 || at < 0)
            lag = -1;
        else if (high > at)
            lag += high - at;
    }
    return lag;
}
