/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_REPUBLISH_H
#define KAFKA_REPUBLISH_H

#include "base/fault.h"
#include "kafka/client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Sends a stretch of the events' topic once more into that topic, from Kafka's own retention, for a
 * consumer that lost what it had.  A record goes to the partition in which it was, with its key,
 * its value, its time and its headers, and one more: `lt_replay_id`, as "7.1747036800123.GATEWAY"
 * of job 7, made at that time.  What carries that header already is a repeat itself and is passed
 * over, and so the stretch, which is fixed beforehand, can be sent again and again.
 *
 * Once each, also over a kill -9.  Each transaction carries beside its records the offsets up to
 * which the stretch has been read, as those of the consumer group GATEWAY_ID-replay, with the job's
 * number and time as their metadata: a spool that was restored, or begun anew under the same id,
 * gives numbers that the group knows of another job.  Whoever begins first registers the
 * transactional id GATEWAY_ID-replay, which ends what was left open and keeps an earlier process
 * from writing ever again; then the group's offsets say exactly what is out.  (The progress topic
 * holds one number for each gateway and is the publisher's; reading the topic back to find the last
 * repeat would take a walk over all that came since.)  A broker forgets offsets that nobody touched
 * for offsets.retention.minutes, a week: a job that was paused for longer goes on from the caller's
 * copy, which is as exact unless the process was killed in the midst of its last transaction.
 */

/** One partition's stretch, and how far it is. */
struct republish_part {
    int32_t partition;
    int64_t from, to; /**< offsets; `to` is not in it */
    int64_t next;     /**< the first that was not looked at */
    int64_t sent;     /**< so many went out, or would have */
    int64_t first_ms; /**< time of the first of these; 0: there was none yet */
};

/** What a person asks for. */
struct republish_wish {
    int64_t from_ms, to_ms;               /**< by time, `to_ms` not included; 0: open */
    const struct republish_part *offsets; /**< by offsets, of these partitions alone; or NULL */
    size_t count;
};

/** One part for each partition that has something of what is wished; the caller frees them.
 * FAULT_REFUSE when the topic or a partition is not there, or what is asked for by offset is gone;
 * FAULT_RETRY when no broker answers. */
bool republish_plan(const struct kafka_options *options, const struct republish_wish *wish,
                    struct republish_part **parts, size_t *count, struct fault *why)
    __attribute__((warn_unused_result));

struct republish_options {
    struct kafka_options kafka;
    int64_t job;
    int64_t made_ms;  /**< when the job was made: its number alone may have been another's */
    bool only_counts; /**< nothing is sent: a preview */
    /** Whether a record is wanted, by its value, prefix and all; NULL: all are. */
    bool (*wanted)(void *own, const void *value, size_t size, bool *is_wanted, struct fault *why);
    void *own;
};

struct republish;

/** Keeps what the options point to; copies the parts, which are where an earlier process was, as
 * far as the caller knows.  Talks to nobody yet. */
struct republish *republish_open(const struct republish_options *options,
                                 const struct republish_part *parts, size_t count,
                                 struct fault *why) __attribute__((warn_unused_result));
/** Also with a transaction under way: the broker, or who comes next, ends it. */
void republish_close(struct republish *republish);

/**
 * Takes one step: reads up to `limit` records, at most about a second long, and sends them in one
 * transaction.  FAULT_RETRY: the same again later, with whatever became of it sorted out then.
 * FAULT_REFUSE when records of the stretch are gone meanwhile, or Kafka will not take one.
 */
bool republish_step(struct republish *republish, size_t limit, struct fault *why)
    __attribute__((warn_unused_result));

/** How far it is; borrowed until the next step. */
const struct republish_part *republish_parts(const struct republish *republish, size_t *count);
bool republish_is_over(const struct republish *republish);

#endif
