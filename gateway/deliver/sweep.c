/* SPDX-License-Identifier: Apache-2.0 */
/* Agencies close while deliveries wait for them: those follow to the successor's system. */
#include "base/clock.h"
#include "base/log.h"
#include "base/moment.h"
#include "deliver/loop.h"
#include "deliver/route.h"

#include <inttypes.h>

enum { PAGE = 200 };

/* What is swept: who stands first in a lane.  Who is behind stands first when that one has gone,
 * and is swept then: all at once, one could come before another that was just let go. */
static const enum delivery_state states[] = {DELIVERY_WAITING, DELIVERY_DEAD};
enum { STATE_COUNT = sizeof states / sizeof states[0] };

struct page {
    struct loop *loop;
    size_t count;
    int64_t last;
};

static void reroute(struct loop *loop, const struct spool_delivery *delivery,
                    const struct partner *partner, const char *reason)
{
    static const enum outcome outcome = OUTCOME_REROUTED;
    struct fault why;
    const struct spool_settlement settlement = {
        .delivery = delivery->delivery,
        .kind = SETTLE_REROUTE,
        .at_ms = clock_now_ms(),
        .partner = partner->id,
        .agency = delivery->agency,
        .detail = reason,
    };
    if (!numbers_add(&loop->held, delivery->delivery, &why))
        return; /* without memory: it is found when it is to be sent */
    if (!settle_delivery(loop, delivery, &settlement, &outcome, NULL)) {
        due_forget(loop, NULL, delivery->delivery);
        return;
    }
    log_info("delivery.rerouted", "delivery=d-%" PRId64 " from=%s to=%s", delivery->delivery,
             delivery->partner, partner->id);
}

/* One that is held is looked at when it is started. */
static bool look(void *own, const struct spool_delivery *delivery)
{
    struct page *page = own;
    struct loop *loop = page->loop;
    const struct partner *partner = NULL;
    char reason[ROUTE_TEXT_SIZE];
    page->count++;
    page->last = delivery->delivery;
    if (!delivery->agency || !delivery->partner || numbers_has(&loop->held, delivery->delivery))
        return true;
    const struct route_waiting waiting = {.agency = delivery->agency,
                                          .event_day = moment_day(delivery->occurred_at_ms),
                                          .arrived_day = moment_day(delivery->arrived_at_ms)};
    route_again(loop->directory, &waiting, loop->sweep.day, &partner, reason);
    if (partner && strcmp(partner->id, delivery->partner) != 0)
        reroute(loop, delivery, partner, reason);
    return true;
}

void sweep_moved(struct loop *loop)
{
    loop->sweep.is_asked = true;
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

void sweep_some(struct loop *loop)
{
    struct fault why;
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
