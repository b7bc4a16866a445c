/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_SUBSCRIBER_H
#define KAFKA_SUBSCRIBER_H

#include "base/fault.h"
#include "event/registry.h"
#include "event/schema.h"
#include "kafka/client.h"
#include "spool/delivery.h"

/** One event as it was read, in our own schema; borrowed during the call. */
struct subscribed {
    const avro_value_t *event;
    int32_t partition;
    int64_t offset;
    const char *traceparent; /**< header of the record, or NULL */
    const char *replay_id;   /**< header lt_replay_id, or NULL */
};

/** Where an event goes, decided by a stage that this one does not know; main() joins them. */
struct subscriber_hooks {
    void *own;
    /**
     * Fills the targets of one arrival (`targets`, `target_count`, `directory`; the rest is filled
     * already).  What it points to must live until the next call of `end`.  Notices that go with it
     * are appended by `notice`.  False with FAULT_BROKEN alone: the record is tried again later.
     */
    bool (*route)(void *own, const struct subscribed *record, struct spool_arrival *arrival,
                  struct fault *why);
    /** The notices of the arrivals routed since the last `end`, borrowed until `end`. */
    const struct spool_notice *(*notices)(void *own, size_t *count);
    /** The batch is stored, or given up: what route made may go. */
    void (*end)(void *own);
};

struct subscriber_options {
    struct kafka_options kafka;
    const char *spool_file;
    const struct schema *schema; /**< our own; records of other versions are carried over to it */
    int32_t schema_no;           /**< of it, in the spool */
    struct registry *registry; /**< for schemas of others; NULL without one.  Its own: one thread */
    int64_t batch_entries;     /**< most in one transaction of the spool */
    int64_t batch_bytes;
    bool starts_anew; /**< the embedded broker: positions of before mean nothing */
    struct subscriber_hooks hooks;
};

enum subscriber_state {
    SUBSCRIBER_STARTING,
    SUBSCRIBER_RUNNING,
    SUBSCRIBER_WAITING, /**< broker, registry or spool out of reach; goes on by itself */
    SUBSCRIBER_HELD, /**< the positions are of another cluster, or of records that are gone: waits
                          for a person's word */
};

struct subscriber;

/**
 * One thread that copies the events' topic into deliveries: consumer group GATEWAY_ID-deliver,
 * read_committed, positions from the spool and not from the group; the group's offsets are
 * committed after the spool's commit, for monitoring alone.  What cannot be decoded is stored as an
 * unroutable delivery (cause "event:...") and passed over, never dropped.
 */
struct subscriber *subscriber_start(const struct subscriber_options *options, struct spool *spool,
                                    struct fault *why) __attribute__((warn_unused_result));
void subscriber_stop(struct subscriber *subscriber);
enum subscriber_state subscriber_state(struct subscriber *subscriber, struct fault *why);
/** A person's word for a HELD one: go on at what the topic still has, or at its end. */
void subscriber_resume(struct subscriber *subscriber, bool from_end);
/** Records between the positions and the topic's end, as last seen; -1 when not known. */
int64_t subscriber_lag(struct subscriber *subscriber);

#endif
