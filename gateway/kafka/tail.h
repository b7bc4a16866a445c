/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_TAIL_H
#define KAFKA_TAIL_H

#include "kafka/client.h"

#include <stdbool.h>
#include <stdint.h>

enum { TAIL_FROM_START = -2, TAIL_FROM_END = -1 };

/** One record of a topic, borrowed while `each` runs. */
struct tail_record {
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    const char *key;
    size_t key_size;
    const char *value;
    size_t value_size;
    const rd_kafka_headers_t *headers; /**< NULL when there are none */
};

/** What to read, and who hears of it. */
struct tail_request {
    const char *topic;
    int64_t from; /**< TAIL_FROM_START, TAIL_FROM_END or a time (UTC milliseconds) */
    bool follow;  /**< go on at the end of the topic */
    bool (*each)(void *own, const struct tail_record *record); /**< false ends the reading */
    void *own;
    const volatile int *ended; /**< set by a signal to end the reading; may be NULL */
};

/**
 * Reads a topic with read_committed, all partitions, without a group and without committing.  Ends
 * when `each` returns false, when `follow` is false and the end of every partition is reached, or
 * when `*ended` is set.  FAULT_REFUSE when the topic does not exist or may not be read; FAULT_RETRY
 * when no broker answers.  With `follow` it waits for a broker that went away, for ever.
 */
bool tail_topic(const struct kafka_options *options, const struct tail_request *request,
                struct fault *why) __attribute__((warn_unused_result));

#endif
