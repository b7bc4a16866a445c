/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_EMBEDDED_H
#define KAFKA_EMBEDDED_H

#include "base/fault.h"

/**
 * librdkafka's mock cluster, with our topics: for a first look without Kafka.  It listens on
 * 127.0.0.1 at a free port, so kcat and other clients can read it while the process lives.  Nothing
 * in it lasts, it keeps 5 MiB a partition, and shows aborted records to read_committed.  A daemon
 * that restarts finds it empty: its publisher is to be started with `from_spool`.
 */
struct embedded_broker;

struct embedded_broker *embedded_open(const char *topic_prefix, struct fault *why)
    __attribute__((warn_unused_result));
void embedded_close(struct embedded_broker *broker);
/** bootstrap.servers of it; borrowed until it is closed. */
const char *embedded_brokers(const struct embedded_broker *broker);

#endif
