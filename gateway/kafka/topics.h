/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_TOPICS_H
#define KAFKA_TOPICS_H

#include "kafka/client.h"

/** The topics by their names behind the prefix. */
#define TOPIC_EVENTS       "dossier-events"
#define TOPIC_DELIVERIES   "deliveries"
#define TOPIC_DEAD_LETTERS "dead-letters"
#define TOPIC_AUDIT        "audit"
#define TOPIC_PROGRESS     "progress"

/** A topic as `lienthong topics create` makes it. */
struct topic_plan {
    const char *name; /**< without the prefix: "dossier-events" */
    int partitions;
    const char *const *settings; /**< "name=value", ends with NULL */
};
extern const struct topic_plan topic_plans[]; /**< ends with a NULL name */

enum topic_result { TOPIC_CREATED, TOPIC_EXISTS };

/**
 * Creates what is missing; `each` hears of every topic.  `replication` -1 is the broker's own
 * default; from 3 on a topic also gets min.insync.replicas=2.  `partitions` 0 is the plan's, any
 * other number holds for all but the progress topic, which has one.  An existing topic is left as
 * it is.  FAULT_RETRY when no broker answers, FAULT_REFUSE when it will not create a topic: the
 * first such refusal is told after the other topics were tried.
 */
bool topics_create(const struct kafka_options *options, int replication, int partitions,
                   void (*each)(void *own, const char *topic, enum topic_result result), void *own,
                   struct fault *why) __attribute__((warn_unused_result));

#endif
