/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_ARRIVALS_H
#define KAFKA_ARRIVALS_H

#include "kafka/subscriber.h"

/**
 * Records on their way to be arrivals of the spool: read by the schema that wrote them, carried
 * over to ours, given their targets.  For one thread.
 */
struct arrivals;

/** Keeps what the options point to, the spool and the reader. */
struct arrivals *arrivals_new(const struct subscriber_options *options, struct spool *spool,
                              struct spool_reader *reader, struct fault *why)
    __attribute__((warn_unused_result));
void arrivals_free(struct arrivals *arrivals);

/**
 * Adds one record; it must stay as it is until arrivals_clear.  One that cannot be read becomes an
 * unroutable arrival; one with a header lt_replay_id was here before and is passed over.  False
 * when it is to be tried again: the registry is out of reach, or it is ours to mend.  Nothing is
 * added then.
 */
bool arrivals_add(struct arrivals *arrivals, const rd_kafka_message_t *record, struct fault *why)
    __attribute__((warn_unused_result));

/** Those that have targets, in the order of adding. */
const struct spool_arrival *arrivals_list(const struct arrivals *arrivals, size_t *count);

/** How many of them could not be read; the first one, when there is any. */
size_t arrivals_unread(const struct arrivals *arrivals, const struct spool_arrival **first);

/** They are stored or given up. */
void arrivals_clear(struct arrivals *arrivals);

#endif
