/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_BREAKER_H
#define DELIVER_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Whether a partner's system can be reached.  CLOSED: requests go.  After some failures of the
 * connection's kind in a row it is OPEN: none goes until `probe_at_ms`, then a single one, PROBING.
 * Any answer closes it.  A request that began before it opened, and ends while the probe is under
 * way, says no more of the partner than was known.  Times are clock_ticks_ms.
 */
enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_PROBING };

struct breaker {
    enum breaker_state state;
    int64_t failures; /**< in a row */
    int64_t probe_at_ms;
    int64_t probe;       /**< number of the last one, from 1 */
    int64_t up_since_ms; /**< when it last closed; 0: it never was open */
};

struct breaker_settings {
    int64_t failures; /**< in a row that open it */
    int64_t probe_ms; /**< from the end of one probe to the next */
};

/** Whether a request may start now. */
bool breaker_allows(const struct breaker *breaker, int64_t now_ms);
/** A request starts, which breaker_allows had allowed: the probe's number, or 0 when it is none. */
int64_t breaker_started(struct breaker *breaker);
/** An answer came, whatever it says.  True when that closed it. */
bool breaker_answered(struct breaker *breaker, int64_t now_ms);
/** A request failed in the connection's kind; `probe` is what breaker_started gave it.  True when
 * that opened it; a probe that fails only keeps it open. */
bool breaker_failed(struct breaker *breaker, int64_t probe, const struct breaker_settings *settings,
                    int64_t now_ms);
/** The same of one that ended without a word about the partner: a probe may be made anew. */
void breaker_withdrawn(struct breaker *breaker, int64_t probe);

#endif
