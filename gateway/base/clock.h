/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/** Time of day, UTC milliseconds since 1970.  Can jump; for what people and records see. */
int64_t clock_now_ms(void);

/**
 * By how much the time of day was put back since the last call: before what any thread was told by
 * clock_now_ms, be it for a moment, so that whoever wrote such a time down can be told of it.  For
 * one caller in the process.
 */
int64_t clock_put_back_ms(void);

/** Milliseconds since some fixed moment; never jumps.  For waits, deadlines and rates. */
int64_t clock_ticks_ms(void);

/** The same in microseconds; for measuring how long something took. */
int64_t clock_ticks_us(void);

#endif
