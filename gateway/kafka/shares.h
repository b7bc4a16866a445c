/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_SHARES_H
#define KAFKA_SHARES_H

#include "spool/delivery.h"

#include <librdkafka/rdkafka.h>

/** One partition that the group has given to us. */
struct share {
    int32_t partition;
    int64_t stored; /**< the spool's position; -1: none */
    int64_t end;    /**< where its end was last seen; -1: not yet */
    int64_t next;   /**< what shares_advance gave last */
    int64_t told;   /**< what the group's coordinator took last; -1: not known */
};

/** All of them, of one topic.  For one thread. */
struct shares {
    const char *topic; /**< with prefix */
    struct spool_reader *reader;
    struct share *all;
    size_t count;
    struct spool_position *positions; /**< room for every share */
};

void shares_free(struct shares *shares);

/** Adds `given` at the spool's positions, and sets the offsets in it to where to read on. */
bool shares_add(struct shares *shares, rd_kafka_topic_partition_list_t *given, struct fault *why)
    __attribute__((warn_unused_result));
void shares_drop(struct shares *shares, const rd_kafka_topic_partition_list_t *taken);
bool shares_is_among(const rd_kafka_topic_partition_list_t *list, int32_t partition);

/** The share of a partition, or NULL. */
struct share *shares_find(const struct shares *shares, int32_t partition);

/** The positions after these records, or where the ends were seen when they are all that is in
 * hand; of the partitions that move.  Borrowed until the next call. */
const struct spool_position *shares_advance(struct shares *shares,
                                            rd_kafka_message_t *const *records, size_t count,
                                            bool with_ends, size_t *position_count);

/** The spool has what shares_advance gave. */
void shares_settle(struct shares *shares);

/** Records between the positions and the ends that the client knows of; -1 when it does not. */
int64_t shares_lag(const struct shares *shares, rd_kafka_t *client);

#endif
