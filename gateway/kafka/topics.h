/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_TOPICS_H
#define KAFKA_TOPICS_H

#include "kafka/client.h"

/** A topic as `lienthong topics create` makes it. */
struct topic_plan {
    const char *name; /**< without the prefix: "dossier-events" */
    int partitions;
    const char *const *settings; /**< "name=value", ends with NULL */
};
extern const struct topic_plan topic_plans[]; /**< ends with a NULL name */

enum topic_result { TOPIC_CREATED, TOPIC_EXISTS };

/** Creates what is missing; `each` hears of every topic.  `replication` -1 is the broker's own
 * default; `partitions` 0 is the plan's. */
bool topics_create(const struct kafka_options *options, int replication, int partitions,
                   void (*each)(void *own, const char *topic, enum topic_result result), void *own,
                   struct fault *why) __attribute__((warn_unused_result));

#endif
