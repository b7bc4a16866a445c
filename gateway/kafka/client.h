/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_CLIENT_H
#define KAFKA_CLIENT_H

#include "base/fault.h"

#include <librdkafka/rdkafka.h>
#include <stddef.h>

/** What every client of ours starts from. */
struct kafka_options {
    const char *brokers;           /**< bootstrap.servers */
    const char *gateway_id;        /**< transactional.id and the key in the progress topic */
    const char *topic_prefix;      /**< "lienthong." */
    const char *const *properties; /**< librdkafka's own, as "name=value" */
    size_t property_count;
};

/**
 * librdkafka's configuration with our settings and then the properties, which may not touch what
 * the promises rest on (acks, enable.idempotence, transactional.id, isolation.level,
 * enable.auto.commit).  FAULT_REFUSE names the property.  Refuses SASL SCRAM on librdkafka before
 * 2.6.1, which cannot log in to Kafka 4 with it.  Errors of the client go to the log without
 * secrets.  The caller owns the result until rd_kafka_new takes it.
 */
rd_kafka_conf_t *kafka_configure(const struct kafka_options *options, struct fault *why)
    __attribute__((warn_unused_result));

#endif
