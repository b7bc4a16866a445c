/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_SUBSCRIBER_H
#define KAFKA_SUBSCRIBER_H

#include "base/fault.h"
#include "event/registry.h"
#include "event/schema.h"
#include "kafka/client.h"
#include "spool/delivery.h"

/** One record as it was read; borrowed during the call. */
struct subscribed {
    const avro_value_t *event; /**< under our own schema; NULL when it could not be read */
    int32_t partition;
    int64_t offset;
    int64_t arrival;         /**< the number that it gets in the spool, when it has targets */
    const char *traceparent; /**< header of the record, or NULL */
};

/** Where an event goes, decided by a stage that this one does not know; main() joins them. */
struct subscriber_hooks {
    void *own;
    /**
     * Fills the targets, the directory's version and the notices of one arrival; the rest is filled
     * already.  What it points to must live until the next call of `end`.  False with FAULT_BROKEN
     * alone: the record is tried again later.
     */
    bool (*route)(void *own, const struct subscribed *record, struct spool_arrival *arrival,
                  struct fault *why);
    /** The same for a record that could not be read: its one target, with the cause, is filled too,
     * and only notices may be added.  NULL: there are none. */
    bool (*unread)(void *own, const struct subscribed *record, struct spool_arrival *arrival,
                   struct fault *why);
    /** The arrivals are stored, or given up: what was made for them may go. */
    void (*end)(void *own);
};

struct subscriber_options {
    struct kafka_options kafka;
    const char *spool_file;      /**< for a reader of its own */
    const struct schema *schema; /**< our own; records of other versions are carried over to it */
    int32_t schema_no;           /**< of it, in the spool */
    struct registry *registry;   /**< for schemas of others, or NULL; one that nobody else uses: a
                                      stop interrupts it */
    int64_t batch_entries;       /**< most in one transaction of the spool */
    int64_t batch_bytes;
    bool starts_anew;  /**< the embedded broker: positions of before mean nothing */
    bool leaves_group; /**< the same, which knows no static members: no member must stay behind */
    struct subscriber_hooks hooks;
};

enum subscriber_state {
    SUBSCRIBER_STARTING, /**< asking Kafka for its partitions */
    SUBSCRIBER_RUNNING,
    SUBSCRIBER_WAITING, /**< broker, registry or spool out of reach; goes on by itself */
    SUBSCRIBER_HELD,    /**< the positions are of another cluster, or of records that are gone:
                             waits for a person's word */
};

struct subscriber;

/**
 * One thread that copies the events' topic into deliveries: consumer group GATEWAY_ID-deliver,
 * read_committed, a static member, positions from the spool and not from the group; the group's
 * offsets are committed after the spool's commit, for monitoring alone.  A partition without a
 * position is read from its beginning.  Whatever fails is tried again from the spool's positions,
 * for ever, with backoff; but what cannot be read (no schema, no event under it) is stored as an
 * unroutable delivery, with a cause "event:..." and the record's bytes under schema number 0, and
 * passed over.  So is, without a trace, what was sent again for a consumer that lost it (header
 * lt_replay_id): it was delivered when it came first.
 *
 * It is HELD where the positions are of another cluster, or outside what the topic holds (records
 * expired before they were read, a topic was made anew); then it looks again every ten seconds and
 * goes on by itself only when they fit.
 */
struct subscriber *subscriber_start(const struct subscriber_options *options, struct spool *spool,
                                    struct fault *why) __attribute__((warn_unused_result));
/** Gives up what is not stored, at once, and ends the thread; accepts NULL. */
void subscriber_stop(struct subscriber *subscriber);

/** For health and operators.  Fills `why` with FAULT_NONE when it is running. */
enum subscriber_state subscriber_state(struct subscriber *subscriber, struct fault *why);
/** A person's word for a HELD one: go on with the first record that the topic still has, or after
 * its last.  False: it is in another state, and nothing was done. */
bool subscriber_resume(struct subscriber *subscriber, bool from_end)
    __attribute__((warn_unused_result));
/** Records between the positions and the topic's end, as last seen; -1 when not known. */
int64_t subscriber_lag(struct subscriber *subscriber);

#endif
