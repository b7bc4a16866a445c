/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_INTAKE_H
#define KAFKA_INTAKE_H

#include "base/stop.h"
#include "kafka/positions.h"
#include "kafka/subscriber.h"

/**
 * What the subscriber's thread does, one step at a time: a place in the group, then one batch after
 * the other.  How far it is, the spool alone knows: whatever goes wrong, the next step begins
 * there.
 */
struct intake;

/** A bad one of `options->kafka.properties` is FAULT_REFUSE here already. */
struct intake *intake_open(const struct subscriber_options *options, struct spool *spool,
                           struct stop *stop, struct fault *why)
    __attribute__((warn_unused_result));
void intake_close(struct intake *intake);

enum intake_step {
    INTAKE_STARTS, /**< Kafka has not given it its partitions yet; `why` may say more */
    INTAKE_GOES,   /**< something was done, or there was nothing to do for a moment */
    INTAKE_WAITS,  /**< `why`; try again after a pause */
    INTAKE_HELD,   /**< `why`; needs a person's word */
};

/** Takes one step: at most one batch, or a wait of a fraction of a second. */
enum intake_step intake_step(struct intake *intake, enum positions_word word, struct fault *why);

/** As subscriber_lag. */
int64_t intake_lag(const struct intake *intake);

#endif
