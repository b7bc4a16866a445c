/* SPDX-License-Identifier: Apache-2.0 */
/* A flag for the loops, and a descriptor for those that wait.  stop_ask is safe in a signal. */
#include "base/stop.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool stop_open(struct stop *stop, struct fault *why)
{
    int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake < 0)
        return fault_set(why, FAULT_BROKEN, "eventfd: %s", strerrordesc_np(errno));
    atomic_init(&stop->asked, false);
    stop->wake = wake;
    return true;
}

void stop_close(struct stop *stop)
{
    if (!stop || stop->wake < 0)
        return;
    (void)close(stop->wake); /* nothing is written there that could be lost */
    stop->wake = -1;
}

void stop_ask(struct stop *stop)
{
    int before = errno; /* a signal handler must leave it as it was */
    atomic_store(&stop->asked, true);
    (void)eventfd_write(stop->wake, 1); /* fails only when it is readable already */
    errno = before;
}

bool stop_is_asked(const struct stop *stop)
{
    return atomic_load(&stop->asked);
}

bool stop_wait(struct stop *stop, int64_t ms)
{
    int64_t until = clock_ticks_ms() + ms;
    while (!stop_is_asked(stop)) {
        int64_t left = until - clock_ticks_ms();
        if (left <= 0)
            break;
        struct pollfd wake = {.fd = stop->wake, .events = POLLIN};
        (void)poll(&wake, 1, left > INT_MAX ? INT_MAX : (int)left); /* the flag decides */
    }
    return stop_is_asked(stop);
}
