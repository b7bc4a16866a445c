/* SPDX-License-Identifier: Apache-2.0 */
/* Waits of librdkafka that end too soon, as on a machine that has no time for its threads. */
#ifndef UNIT_HASTY_H
#define UNIT_HASTY_H

#include "unit.h"

#include "base/clock.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <threads.h>

enum { LONG_MS = 500 }; /* more than a wait for reports, less than one for an answer to a commit */

static thread_local int patient; /* so many long waits of this thread are as they are */
static thread_local int hasty;   /* so many after these end at once */

static bool is_long(const struct timespec *until)
{
    return until->tv_sec * 1000 + until->tv_nsec / 1000000 - clock_ticks_ms() > LONG_MS;
}

/* Stands before the C library's; gateway/kafka/waits.c has librdkafka come here. */
int pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock,
                           const struct timespec *until)
{
    static thread_local int (*real)(pthread_cond_t *, pthread_mutex_t *, clockid_t,
                                    const struct timespec *);
    if (hasty > 0 && is_long(until) && patient-- <= 0) {
        hasty--;
        return ETIMEDOUT;
    }
    if (!real) {
        void *found = dlsym(RTLD_NEXT, "pthread_cond_clockwait");
        memcpy(&real, &found, sizeof real);
    }
    return real(condition, mutex, clock, until);
}

#endif
