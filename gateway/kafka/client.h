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
 * librdkafka's configuration for a reader or an administrator: our settings and then the
 * properties, which may not touch what the promises rest on (acks, enable.idempotence,
 * transactional.id, isolation.level, enable.auto.commit, ...).  FAULT_REFUSE names the property,
 * never its value.  "NAME.file=PATH" takes the value of a secret property from a file.  Refuses
 * SASL SCRAM on librdkafka before 2.6.1, which cannot log in to Kafka 4 with it.  What the client
 * has to say goes to the log without secrets.  The caller owns the result until rd_kafka_new takes
 * it.
 */
rd_kafka_conf_t *kafka_configure(const struct kafka_options *options, struct fault *why)
    __attribute__((warn_unused_result));

/** The same for the publisher: idempotent and transactional under the gateway's id. */
rd_kafka_conf_t *kafka_configure_producer(const struct kafka_options *options, struct fault *why)
    __attribute__((warn_unused_result));

/** Whether kafka_configure takes this one of the properties; FAULT_REFUSE says why not. */
bool kafka_takes(const char *property, struct fault *why) __attribute__((warn_unused_result));

/** Sets a property of our own; what librdkafka refuses here is FAULT_BROKEN. */
bool kafka_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct fault *why)
    __attribute__((warn_unused_result));

/** A client of `type`; takes `conf` also when it fails.  The caller owns the result. */
rd_kafka_t *kafka_open(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct fault *why)
    __attribute__((warn_unused_result));

/**
 * Commits the open transaction of a producer; the caller owns the error, NULL when it is committed.
 * Called when every report has come, and once: of a call to the coordinator that is in doubt
 * librdkafka 2.0.2 may take the late answer for that of the next one, and then says of a
 * transaction that it is committed which is not, or ends the process.  A wait of its own that ends
 * too soon is enough for that.  So after an error the producer is to be closed, and Kafka asked
 * what became of it.
 */
rd_kafka_error_t *kafka_commit(rd_kafka_t *producer) __attribute__((warn_unused_result));

/** Whether librdkafka of this version (rd_kafka_version()) can log in to Kafka 4 by SCRAM. */
bool kafka_can_scram(int version);

/** How many partitions a topic (its full name) has; asks a broker, and waits at most `wait_ms`.
 * RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART when that says that there is no such topic. */
rd_kafka_resp_err_t kafka_partitions(rd_kafka_t *client, const char *topic, int wait_ms,
                                     int32_t *count) __attribute__((warn_unused_result));

/** "PREFIXname"; the caller owns it. */
char *kafka_topic(const struct kafka_options *options, const char *name, struct fault *why)
    __attribute__((warn_unused_result));

#endif
