/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_PUBLISHER_H
#define KAFKA_PUBLISHER_H

#include "base/fault.h"
#include "event/registry.h"
#include "event/schema.h"
#include "kafka/client.h"
#include "spool/spool.h"

struct publisher_options {
    struct kafka_options kafka;
    const char *spool_file;           /**< for a reader of its own */
    struct registry *registry;        /**< NULL: single-object encoding */
    const struct schema *dead_letter; /**< schema of lienthong.dead-letters */
    int64_t pace_ms;       /**< from one transaction's start to the next one's under load,
                                unless a full batch waits; less when little comes
                                (tempo.h) */
    int64_t batch_entries; /**< most in one transaction */
    int64_t batch_bytes;
    int64_t deadline_ms; /**< of our own for a transaction, beside librdkafka's */
    bool from_spool; /**< an operator's word: trust the spool's copy where Kafka's is behind it */
};

enum publisher_state {
    PUBLISHER_STARTING, /**< reading how far Kafka's progress is */
    PUBLISHER_RUNNING,
    PUBLISHER_WAITING, /**< broker or registry out of reach; goes on by itself */
    PUBLISHER_HELD,    /**< Kafka's progress does not fit the spool: waits for a person */
};

struct publisher;

/**
 * One thread that carries the spool's READY entries to Kafka by number, in transactions; each
 * transaction also writes the last number to the progress topic.  On start, and whenever the
 * outcome of a transaction is in doubt, it goes on after the number that Kafka has.  What Kafka
 * will never take (too large, invalid, refused by policy) is tried alone, then buried in the spool
 * and published as a dead letter; every other failure is tried again for ever, with backoff.
 *
 * It is HELD where Kafka's number is missing or behind the spool's copy (another cluster, a deleted
 * topic), or is of another spool (a new disk, a restored backup); then it looks again every ten
 * seconds and goes on by itself only when the numbers fit.
 *
 * Keeps the options and all that they point to, and the spool.  FAULT_REFUSE for a Kafka property
 * that may not be set; a broker out of reach is no fault.
 */
struct publisher *publisher_start(const struct publisher_options *options, struct spool *spool,
                                  struct fault *why) __attribute__((warn_unused_result));
/** Ends after the transaction under way, at most `timeout_ms`; then aborts it. */
void publisher_stop(struct publisher *publisher, int64_t timeout_ms);
/** `why` says why it is WAITING or HELD; its kind is FAULT_NONE otherwise. */
enum publisher_state publisher_state(struct publisher *publisher, struct fault *why);
/** An operator's word for a HELD publisher: go on after Kafka's number, or after the spool's.  It
 * holds until that has led to somewhere, also when the broker is away at that moment.  False: it is
 * in another state, and nothing was done. */
bool publisher_resume(struct publisher *publisher, bool from_spool)
    __attribute__((warn_unused_result));

#endif
