/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_PACE_H
#define DELIVER_PACE_H

#include <stdbool.h>
#include <stdint.h>

/** How many requests a second a partner gets: a bucket that holds one second's worth. */
struct pace {
    int64_t rate_per_s; /**< 0: no limit */
    int64_t level;      /**< in thousandths of a request */
    int64_t at_ms;      /**< clock_ticks_ms of that level */
};

/** A full bucket; the same rate again leaves it as it is. */
void pace_set(struct pace *pace, int64_t rate_per_s, int64_t now_ms);
/** How long until one may go; 0: now. */
int64_t pace_wait_ms(struct pace *pace, int64_t now_ms);
/** One goes. */
void pace_take(struct pace *pace, int64_t now_ms);

#endif
