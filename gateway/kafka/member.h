/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_MEMBER_H
#define KAFKA_MEMBER_H

#include "kafka/client.h"
#include "spool/delivery.h"

#include <librdkafka/rdkafka.h>

/**
 * The gateway as the member of its consumer group: the partitions that it holds, how far each is,
 * and the records that it has read and not yet settled.  It is a static member
 * (group.instance.id), so that a process that was killed is back in its place at once, and it never
 * leaves the group; unless it is to.  For one thread.
 */
struct member;

struct member_options {
    const struct kafka_options *kafka;
    const char *topic; /**< with prefix */
    struct spool_reader *reader;
    int64_t batch_entries;
    int64_t batch_bytes;
    bool leaves_group; /**< when it closes; it is no static member then */
    bool is_another;   /**< under a second id, so that the group gives out its partitions anew */
};

/** Keeps what the options point to.  Talks to nobody yet. */
struct member *member_open(const struct member_options *options, struct fault *why)
    __attribute__((warn_unused_result));
void member_close(struct member *member);

/** For questions to the broker. */
rd_kafka_t *member_client(struct member *member);

/** Joins the group: from now on member_gather gets records. */
bool member_join(struct member *member, struct fault *why) __attribute__((warn_unused_result));
/** Whether the group has given it its partitions, be it none. */
bool member_has_joined(const struct member *member);
/** How many partitions it holds. */
size_t member_share(const struct member *member);

/**
 * Waits a fraction of a second for a record, and takes what has come behind it, up to a batch.
 * Partitions that are taken away while it does so take their records along.  False: the member is
 * to be closed.
 */
bool member_gather(struct member *member, struct fault *why) __attribute__((warn_unused_result));

/** Asks the broker, where the client has said that none answers; false while that is so. */
bool member_is_reached(struct member *member, struct fault *why)
    __attribute__((warn_unused_result));

/** The records in hand, oldest first by partition. */
const rd_kafka_message_t *const *member_records(const struct member *member, size_t *count);

/** The positions after the first `count` records in hand, of the partitions that they move; with
 * all of them also of those whose end was seen, since what ends a transaction counts too.  Borrowed
 * until the next call. */
const struct spool_position *member_positions(struct member *member, size_t count,
                                              size_t *position_count);

/** The spool has the first `count` records and their positions: drops them, and tells the group. */
void member_settle(struct member *member, size_t count);
/** Tells the group the positions that it has not said to have taken: the answer comes in time or
 * never, so this is for now and then, too. */
void member_tell(struct member *member);

/** Records between the positions and the end; -1 when it is not known. */
int64_t member_lag(struct member *member);

#endif
