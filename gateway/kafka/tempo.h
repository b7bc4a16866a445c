/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_TEMPO_H
#define KAFKA_TEMPO_H

#include <stdint.h>

/** How often transactions begin. */
struct tempo {
    int64_t pace_ms; /**< under load, from one begin to the next */
    int64_t most;    /**< records in one transaction */
};

/** Milliseconds from the begin of a transaction of `count` records to that of the next.  A
 * transaction costs brokers much the same however little is in it; so when many records come they
 * wait for company, up to the pace, and when few come, for a quarter of it at least. */
int64_t tempo_gap_ms(const struct tempo *tempo, int64_t count);

#endif
