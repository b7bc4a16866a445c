/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_EMBEDDED_H
#define KAFKA_EMBEDDED_H

#include "base/fault.h"

/** librdkafka's mock cluster, with our topics: for a first look without Kafka.  Nothing in it
 * lasts, and it keeps 5 MiB a partition. */
struct embedded_broker;

struct embedded_broker *embedded_open(const char *topic_prefix, struct fault *why)
    __attribute__((warn_unused_result));
void embedded_close(struct embedded_broker *broker);
const char *embedded_brokers(const struct embedded_broker *broker);

#endif
