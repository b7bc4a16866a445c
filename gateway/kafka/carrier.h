/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_CARRIER_H
#define KAFKA_CARRIER_H

#include "base/stop.h"
#include "kafka/place.h"
#include "kafka/publisher.h"

#include <stdatomic.h>

/**
 * What the publisher's thread does, one step at a time: a producer, then the place to go on from,
 * then one transaction after the other.  It keeps no state that Kafka or the spool does not have:
 * whatever goes wrong, the next step begins where those two say.
 */
struct carrier;

/** Keeps all but `options->kafka.properties`' checks: a bad one is FAULT_REFUSE here already. */
struct carrier *carrier_open(const struct publisher_options *options, struct spool *spool,
                             struct stop *stop, const _Atomic int64_t *stop_at, struct fault *why)
    __attribute__((warn_unused_result));
void carrier_close(struct carrier *carrier);

enum carrier_step {
    CARRIER_GOES,  /**< something was done, or there was nothing to do for a moment */
    CARRIER_WAITS, /**< `why`; try again after a pause */
    CARRIER_HELD,  /**< `why`; needs an operator's word */
};

/** Takes one step: at most one transaction, or a wait of a fraction of a second.  A word is kept
 * over steps that fail, until it has led to a transaction or none is needed any more. */
enum carrier_step carrier_step(struct carrier *carrier, enum place_word word, struct fault *why);

/** The number after which it goes on. */
int64_t carrier_after(const struct carrier *carrier);

#endif
