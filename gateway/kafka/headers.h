/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_HEADERS_H
#define KAFKA_HEADERS_H

#include "spool/reader.h"

#include <librdkafka/rdkafka.h>

/** The headers of an entry's event; the caller owns them. */
rd_kafka_headers_t *headers_of_event(const struct spool_entry *entry, const char *gateway_id,
                                     struct fault *why) __attribute__((warn_unused_result));

/** The headers of the dead letter about an entry; the caller owns them. */
rd_kafka_headers_t *headers_of_dead_letter(const struct spool_entry *entry, const char *gateway_id,
                                           struct fault *why) __attribute__((warn_unused_result));

/** The headers of what spool_next gave as a notice; the caller owns them. */
rd_kafka_headers_t *headers_of_notice(const struct spool_entry *entry, const char *gateway_id,
                                      struct fault *why) __attribute__((warn_unused_result));

#endif
