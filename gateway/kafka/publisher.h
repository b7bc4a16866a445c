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
    int64_t batch_entries;            /**< most in one transaction */
    int64_t batch_bytes;
    int64_t deadline_ms; /**< of our own for a transaction, beside librdkafka's */
    bool from_spool; /**< an operator's word: trust the spool's copy where Kafka's is behind it */
};

enum publisher_state {
    PUBLISHER_STARTING, /**< reading how far Kafka's progress is */
    PUBLISHER_RUNNING,
    PUBLISHER_WAITING, /**< broker or registry out of reach; goes on by itself */
    PUBLISHER_HELD,    /**< Kafka's progress is behind the spool's copy: waits for a person */
};

struct publisher;

/**
 * One thread that carries the spool's READY entries to Kafka by number, in transactions; each
 * transaction also writes the last number to the progress topic.  What Kafka will never take (too
 * large, invalid, refused by policy) is buried in the spool and published as a dead letter; every
 * other failure is tried again for ever, with backoff.
 */
struct publisher *publisher_start(const struct publisher_options *options, struct spool *spool,
                                  struct fault *why) __attribute__((warn_unused_result));
/** Ends after the transaction under way, at most `timeout_ms`; then aborts it. */
void publisher_stop(struct publisher *publisher, int64_t timeout_ms);
enum publisher_state publisher_state(const struct publisher *publisher, struct fault *why);
/** An operator's word for a HELD publisher: go on after Kafka's number, or after the spool's. */
void publisher_resume(struct publisher *publisher, bool from_spool);

#endif
