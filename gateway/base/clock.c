/* SPDX-License-Identifier: Apache-2.0 */
/* The two clocks: time of day, and time passed. */
#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

/* The most that the time of day was ahead of the ticks, of all that was told since it was asked. */
static _Atomic int64_t most_ahead_ms = INT64_MIN;

static int64_t read_ms(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now); /* cannot fail for these two clocks */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
    int64_t now_ms = read_ms(CLOCK_REALTIME);
    int64_t ahead_ms = now_ms - clock_ticks_ms();
    int64_t most_ms = atomic_load(&most_ahead_ms);
    while (ahead_ms > most_ms && !atomic_compare_exchange_weak(&most_ahead_ms, &most_ms, ahead_ms))
        ;
    return now_ms;
}

int64_t clock_put_back_ms(void)
{
    int64_t ahead_ms = read_ms(CLOCK_REALTIME) - clock_ticks_ms();
    int64_t most_ms = atomic_exchange(&most_ahead_ms, ahead_ms);
    return most_ms > ahead_ms ? most_ms - ahead_ms : 0;
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
