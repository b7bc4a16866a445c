/* SPDX-License-Identifier: Apache-2.0 */
/* The two clocks: time of day, and time passed. */
#include "base/clock.h"

#include <time.h>

static int64_t read_ms(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now); /* cannot fail for these two clocks */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

int64_t clock_ticks_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_ticks_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* as above */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
