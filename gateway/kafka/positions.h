/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_POSITIONS_H
#define KAFKA_POSITIONS_H

#include "base/stop.h"
#include "spool/delivery.h"

#include <librdkafka/rdkafka.h>

/** Whether the spool's positions mean records that this cluster has. */
enum positions_fit {
    POSITIONS_FIT,
    POSITIONS_UNKNOWN, /**< Kafka does not answer, or has no such topic */
    POSITIONS_MISFIT,  /**< of another cluster, or outside what the topic holds */
};

/** What a person said about positions that do not fit. */
enum positions_word { POSITIONS_AS_STORED, POSITIONS_FROM_START, POSITIONS_FROM_END };

struct positions {
    rd_kafka_t *client;
    const char *topic;
    struct spool *spool;
    struct spool_reader *reader;
    const struct stop *stop;
};

/** What was found beside the answer; set where that is POSITIONS_FIT. */
struct positions_found {
    int32_t partition_count; /**< of the topic */
    bool is_moved;           /**< the word changed something */
};

/**
 * Compares the spool's positions of the topic and the id of their cluster with what Kafka has, and
 * where they do not fit, makes them what the word says: from the first records that the topic still
 * has, or after its last.  Positions of another cluster, and those behind a topic's end, are all
 * given up; positions before its first record alone move to that.  They do not go back elsewhere.
 * Every answer but POSITIONS_FIT fills `why`.
 */
enum positions_fit positions_check(const struct positions *positions, enum positions_word word,
                                   struct positions_found *found, struct fault *why)
    __attribute__((warn_unused_result));

#endif
