/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agencies close, and partners leave partners.yaml, while deliveries wait for them: those follow to
 * whoever answers now; where that is nobody a person is told, and they go on by themselves when the
 * partner is there again.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/moment.h"
#include "deliver/loop.h"
#include "deliver/route.h"

#include <inttypes.h>

enum {
    PAGE = 200,
    AGAIN_MS = 5000 /* by then nothing is routed any more by the directory before */
};

#define GONE "partner:gone"

/* What is swept: who stands first in a lane.  Who is behind stands first when that one has gone,
 * and is swept then: all at once, one could come before another that was just let go. */
static const enum delivery_state states[] = {DELIVERY_WAITING, DELIVERY_DEAD};
enum { STATE_COUNT = sizeof states / sizeof states[0] };

struct page {
    struct loop *loop;
    size_t count;
    int64_t last;
};

/* What was found for a delivery; a held one is looked at when it is started. */
static bool settle(struct loop *loop, const struct spool_delivery *delivery,
                   struct spool_settlement *settlement, enum outcome outcome)
{
    struct fault why;
    settlement->delivery = delivery->delivery;
    settlement->at_ms = clock_now_ms();
    if (!numbers_add(&loop->held, delivery->delivery, &why))
        return false; /* without memory: it is found when it is to be sent, or swept again */
    if (settle_delivery(loop, delivery, settlement, &outcome, NULL))
        return true;
    due_forget(loop, NULL, delivery->delivery);
    return false;
}

static void reroute(struct loop *loop, const struct spool_delivery *delivery,
                    const struct partner *partner, const char *reason)
{
    struct spool_settlement settlement = {.kind = SETTLE_REROUTE,
                                          .partner = partner->id,
                                          .agency = delivery->agency,
                                          .detail = reason};
    if (settle(loop, delivery, &settlement, OUTCOME_REROUTED))
        log_info("delivery.rerouted", "delivery=d-%" PRId64 " from=%s to=%s", delivery->delivery,
                 delivery->partner, partner->id);
}

/* Nobody would ever try it: a person is to know. */
static void strand(struct loop *loop, const struct spool_delivery *delivery, const char *reason)
{
    struct spool_settlement settlement = {
        .kind = SETTLE_DEAD, .partner = delivery->partner, .cause = GONE, .detail = reason};
    if (settle(loop, delivery, &settlement, OUTCOME_UNROUTABLE))
        log_warn("delivery.dead", "delivery=d-%" PRId64 " partner=%s dossier=%s cause=%s",
                 delivery->delivery, delivery->partner,
                 delivery->dossier_code ? delivery->dossier_code : "", GONE);
}

static void let_go(struct loop *loop, const struct spool_delivery *delivery)
{
    struct spool_settlement settlement = {.kind = SETTLE_RELEASE,
                                          .partner = delivery->partner,
                                          .detail = "its system is in partners.yaml again"};
    if (settle(loop, delivery, &settlement, OUTCOME_RELEASED))
        log_info("delivery.released", "delivery=d-%" PRId64 " partner=%s", delivery->delivery,
                 delivery->partner);
}

static bool is_stranded(const struct spool_delivery *delivery)
{
    return delivery->state == DELIVERY_DEAD && delivery->cause &&
           strcmp(delivery->cause, GONE) == 0;
}

static bool look(void *own, const struct spool_delivery *delivery)
{
    struct page *page = own;
    struct loop *loop = page->loop;
    const struct partner *partner = NULL;
    char reason[ROUTE_TEXT_SIZE];
    page->count++;
    page->last = delivery->delivery;
    if (!delivery->partner || numbers_has(&loop->held, delivery->delivery))
        return true;
    const struct route_gone gone = {
        .waiting = route_waiting_of(delivery),
        .partner = delivery->partner,
        .source = delivery->source,
    };
    bool is_reached = route_reaches(loop->directory, delivery->partner);
    route_again(loop->directory, &gone.waiting, loop->sweep.day, &partner, reason);
    if (!partner && !is_reached)
        route_instead(loop->directory, &gone, loop->sweep.day, &partner, reason);
    if (partner && strcmp(partner->id, delivery->partner) != 0)
        reroute(loop, delivery, partner, reason);
    else if (!is_reached && delivery->state == DELIVERY_WAITING)
        strand(loop, delivery, reason);
    else if (is_reached && is_stranded(delivery))
        let_go(loop, delivery);
    return true;
}

void sweep_moved(struct loop *loop)
{
    loop->sweep.is_asked = true;
}

void sweep_again(struct loop *loop)
{
    sweep_begin(loop);
    loop->sweep.again_at_ms = clock_ticks_ms() + AGAIN_MS;
}

void sweep_begin(struct loop *loop)
{
    loop->sweep.is_on = true;
    loop->sweep.is_asked = false;
    loop->sweep.state = 0;
    loop->sweep.after = 0;
    loop->sweep.day = moment_day(clock_now_ms());
}

bool sweep_is_due(const struct loop *loop)
{
    return !loop->is_stopping && (loop->sweep.is_on || loop->sweep.is_asked);
}

/* What came back to a partner that had gone meanwhile. */
static void drop_returned(struct loop *loop)
{
    for (size_t i = 0; i < loop->peer_count; i++) {
        struct peer *peer = loop->peers[i];
        if (peer->partner || !peer->ready.first)
            continue;
        due_drop(loop, peer);
        loop->sweep.is_asked = true;
    }
}

static void ask_again(struct loop *loop)
{
    if (!loop->sweep.again_at_ms || clock_ticks_ms() < loop->sweep.again_at_ms)
        return;
    loop->sweep.again_at_ms = 0;
    loop->sweep.is_asked = true;
}

void sweep_some(struct loop *loop)
{
    struct fault why;
    drop_returned(loop);
    ask_again(loop);
    bool is_due = loop->sweep.is_asked && !loop->sweep.is_on;
    if (is_due || loop->sweep.day != moment_day(clock_now_ms()))
        sweep_begin(loop);
    if (!loop->sweep.is_on || loop->is_stopping)
        return;
    struct page page = {.loop = loop, .last = loop->sweep.after};
    const struct delivery_filter filter = {
        .state = (int)states[loop->sweep.state], .after = loop->sweep.after, .limit = PAGE};
    if (!spool_deliveries(loop->reader, &filter, look, &page, &why)) {
        log_error("courier.unread", "why=\"%s\"", why.text);
        loop->sweep.is_on = false; /* what it would find is found when it is to be sent */
        return;
    }
    loop->sweep.after = page.last;
    if (page.count < PAGE) {
        loop->sweep.after = 0;
        loop->sweep.is_on = ++loop->sweep.state < STATE_COUNT;
    }
}
