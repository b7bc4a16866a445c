/* SPDX-License-Identifier: Apache-2.0 */
/* From a ruling to the spool: the settlement, with what Kafka is told of it. */
#include "base/clock.h"
#include "base/log.h"
#include "deliver/loop.h"

#include <inttypes.h>

static bool tell(struct loop *loop, const struct spool_delivery *delivery,
                 const struct spool_settlement *settlement, enum outcome outcome,
                 struct tellings *tellings, struct fault *why)
{
    const struct told told = {
        .outcome = outcome,
        .at_ms = settlement->at_ms,
        .attempts = delivery->attempts + settlement->is_attempt,
        .status = settlement->status,
        .cause = settlement->cause,
        .detail = settlement->detail,
        .document_sha256 = settlement->document_sha256,
        .partner = outcome == OUTCOME_REROUTED ? settlement->partner : NULL,
    };
    return tell_outcome(loop->options->tells, delivery, &told, tellings, why);
}

bool settle_delivery(struct loop *loop, const struct spool_delivery *delivery,
                     const struct spool_settlement *settlement, const enum outcome *outcome,
                     struct peer *peer)
{
    struct fault why;
    struct tellings tellings = {.count = 0};
    struct spool_settlement told = *settlement;
    bool is_good = !outcome || tell(loop, delivery, settlement, *outcome, &tellings, &why);
    if (is_good) {
        told.notices = tellings.notices;
        told.notice_count = tellings.count;
        is_good = settler_add(loop->settler, &told, peer, &why);
        tell_free(&tellings);
    }
    if (!is_good)
        log_error("courier.unsettled", "delivery=d-%" PRId64 " why=\"%s\"", delivery->delivery,
                  why.text);
    return is_good;
}

static void forget(void *own, void *tag, int64_t delivery)
{
    struct peer *peer = tag;
    due_forget(own, peer, delivery);
    if (!peer || !peer->partner) /* which nobody tries any more */
        sweep_moved(own);
}

void settle_all(struct loop *loop)
{
    int64_t now_ms = clock_ticks_ms();
    enum fault_kind before = settler_fault(loop->settler)->kind;
    settler_take(loop->settler, now_ms, forget, loop);
    settler_send(loop->settler, now_ms);
    const struct fault *why = settler_fault(loop->settler);
    if (why->kind != before && why->kind != FAULT_NONE)
        log_error("courier.unsettled", "open=%zu why=\"%s\"", settler_open(loop->settler),
                  why->text);
}
