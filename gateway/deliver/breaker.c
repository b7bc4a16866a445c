/* SPDX-License-Identifier: Apache-2.0 */
/* Closed, open, probing: so that a partner that is down gets one request at a time. */
#include "deliver/breaker.h"

bool breaker_allows(const struct breaker *breaker, int64_t now_ms)
{
    return breaker->state == BREAKER_CLOSED ||
           (breaker->state == BREAKER_OPEN && now_ms >= breaker->probe_at_ms);
}

int64_t breaker_started(struct breaker *breaker)
{
    if (breaker->state == BREAKER_CLOSED)
        return 0;
    breaker->state = BREAKER_PROBING;
    return ++breaker->probe;
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

static bool is_its_probe(const struct breaker *breaker, int64_t probe)
{
    return breaker->state == BREAKER_PROBING && breaker->probe == probe;
}

bool breaker_failed(struct breaker *breaker, int64_t probe, const struct breaker_settings *settings,
                    int64_t now_ms)
{
    bool was_closed = breaker->state == BREAKER_CLOSED;
    breaker->failures++;
    if (was_closed ? breaker->failures < settings->failures : !is_its_probe(breaker, probe))
        return false;
    breaker->state = BREAKER_OPEN;
    breaker->probe_at_ms = now_ms + settings->probe_ms;
    return was_closed;
}

void breaker_withdrawn(struct breaker *breaker, int64_t probe)
{
    if (is_its_probe(breaker, probe))
        breaker->state = BREAKER_OPEN; /* its time has come already */
}
