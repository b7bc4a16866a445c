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

/**
 * Reads a topic with read_committed, all partitions, from TAIL_FROM_START, TAIL_FROM_END or a time
 * (UTC milliseconds), without a group and without committing.  Ends when `each` returns false, when
 * `follow` is false and the end of every partition is reached, or when `*ended` is set by a signal.
 */
bool tail_topic(const struct kafka_options *options, const char *topic, int64_t from, bool follow,
                bool (*each)(void *own, const struct tail_record *record), void *own,
                const volatile int *ended, struct fault *why) __attribute__((warn_unused_result));

#endif
