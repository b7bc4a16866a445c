/* SPDX-License-Identifier: Apache-2.0 */
/* Closed, open, probing: so that a partner that is down gets one request at a time. */
#include "deliver/breaker.h"

bool breaker_allows(const struct breaker *breaker, int64_t now_ms)
{
    return breaker->state == BREAKER_CLOSED ||
           (breaker->state == BREAKER_OPEN && now_ms >= breaker->probe_at_ms);
}

void breaker_started(struct breaker *breaker)
{
    if (breaker->state == BREAKER_OPEN)
        breaker->state = BREAKER_PROBING;
}

bool breaker_answered(struct breaker *breaker, int64_t now_ms)
{
    bool was_open = breaker->state != BREAKER_CLOSED;
    breaker->state = BREAKER_CLOSED;
    breaker->failures = 0;
    if (was_open)
        breaker->up_since_ms = now_ms;
    return was_open;
}

bool breaker_failed(struct breaker *breaker, const struct breaker_settings *settings,
                    int64_t now_ms)
{
    breaker->failures++;
    switch (breaker->state) {
    case BREAKER_CLOSED:
        if (breaker->failures < settings->failures)
            return false;
        break;
    case BREAKER_OPEN: /* one that was under way when it opened: the next probe stays as it is */
        return false;
    case BREAKER_PROBING:
        break;
    }
    bool was_closed = breaker->state == BREAKER_CLOSED;
    breaker->state = BREAKER_OPEN;
    breaker->probe_at_ms = now_ms + settings->probe_ms;
    return was_closed;
}

void breaker_withdrawn(struct breaker *breaker)
{
    if (breaker->state == BREAKER_PROBING)
        breaker->state = BREAKER_OPEN; /* its time has come already */
}
