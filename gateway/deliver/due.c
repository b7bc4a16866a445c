/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading ahead.  What was read may be behind another by the time it is tried: one that a person or
 * the sweep re-routes comes into its lane by its number.  So it is looked at once more before it is
 * started, and one of whose dossier another is under way is passed over until that has ended.
 */
#include "base/clock.h"
#include "base/log.h"
#include "deliver/loop.h"
#include "deliver/retry_after.h"

#include <inttypes.h>
#include <string.h>

enum {
    AHEAD = 2, /* times what a partner takes at once */
    LEAST_AHEAD = 8,
    BYTES_AHEAD = 8 * 1024 * 1024, /* of events, of one partner */
    PAUSE_MS = 1000,               /* after the spool could not be read */
    STEP_MS = 1000,                /* less is a clock that is only trimmed */
    AGAIN_MS = 1000,               /* between looks for what a wrong clock had put off */
    FOLLOWS_MS = 60000,            /* how long what it had put off may still come into the spool */
    PEERS_PER_MS = 4               /* how many idle partners are looked at in a millisecond */
};

struct look_ahead {
    struct loop *loop;
    struct peer *peer;
    size_t seen, kept, wanted, bytes;
    bool is_short_of_memory;
};

static bool keep(void *own, const struct spool_delivery *delivery)
{
    struct look_ahead *reading = own;
    struct loop *loop = reading->loop;
    struct peer *peer = reading->peer;
    struct fault why;
    struct errand *errand = errand_new(delivery);
    if (!errand || !numbers_add(&loop->held, delivery->delivery, &why)) {
        errand_free(errand);
        reading->is_short_of_memory = true;
        return false;
    }
    errand->peer = peer;
    errands_add(&peer->ready, errand);
    peer->held++;
    reading->kept++;
    reading->bytes += delivery->event_size;
    return peer->ready.count < reading->wanted && reading->bytes < BYTES_AHEAD;
}

static bool is_new(void *own, int64_t delivery)
{
    struct look_ahead *reading = own;
    reading->seen++;
    return !numbers_has(&reading->loop->held, delivery);
}

/* One that is behind those that are held would not be seen; their end is a change. */
static void note_next(struct loop *loop, struct peer *peer, int64_t now_ms)
{
    struct fault why;
    int64_t next = INT64_MAX;
    if (!spool_next_due(loop->reader, peer->id, &next, &why))
        next = now_ms + PAUSE_MS;
    peer->look_at_ms = next > now_ms ? next : INT64_MAX;
}

static bool is_worth_it(const struct loop *loop, const struct peer *peer, int64_t now_ms)
{
    if (peer->seen_changes == atomic_load(&loop->changes) && now_ms < peer->look_at_ms)
        return false;
    int64_t spacing = (int64_t)loop->peer_count / PEERS_PER_MS;
    return clock_ticks_ms() - peer->looked_at_ms >= spacing;
}

void due_read(struct loop *loop, struct peer *peer)
{
    int64_t now_ms = clock_now_ms();
    struct fault why;
    if (!is_worth_it(loop, peer, now_ms))
        return;
    size_t wanted = (size_t)peer->partner->deliver.concurrency * AHEAD;
    struct look_ahead reading = {
        .loop = loop, .peer = peer, .wanted = wanted < LEAST_AHEAD ? LEAST_AHEAD : wanted};
    const struct delivery_call call = {.partner = peer->id,
                                       .now_ms = now_ms,
                                       .limit = peer->held + reading.wanted,
                                       .is_wanted = is_new};
    peer->looked_at_ms = clock_ticks_ms();
    uint64_t changes = atomic_load(&loop->changes);
    if (!spool_due(loop->reader, &call, keep, &reading, &why)) {
        log_error("courier.unread", "partner=%s why=\"%s\"", peer->id, why.text);
        peer->seen_changes = changes;
        peer->look_at_ms = now_ms + PAUSE_MS;
        return;
    }
    if (reading.seen == call.limit || reading.kept > 0) {
        peer->look_at_ms = 0; /* there may be more */
        return;
    }
    peer->seen_changes = changes;
    note_next(loop, peer, now_ms);
    if (reading.is_short_of_memory)
        peer->look_at_ms = now_ms + PAUSE_MS;
}

static bool has_dossier(const struct errands *errands, const char *dossier_code)
{
    for (const struct errand *at = errands->first; at; at = at->next)
        if (at->row.dossier_code && strcmp(at->row.dossier_code, dossier_code) == 0)
            return true;
    return false;
}

struct errand *due_next(const struct peer *peer)
{
    for (struct errand *errand = peer->ready.first; errand; errand = errand->next) {
        const char *dossier_code = errand->row.dossier_code;
        if (!dossier_code || (!has_dossier(&peer->flying, dossier_code) &&
                              !has_dossier(&peer->fetching, dossier_code)))
            return errand;
    }
    return NULL;
}

bool due_confirm(struct loop *loop, struct errand *errand)
{
    struct peer *peer = errand->peer;
    struct fault why;
    bool is_waiting;
    if (!spool_is_waiting(loop->reader, errand->row.delivery, peer->id, &is_waiting, &why)) {
        log_error("courier.unread", "partner=%s why=\"%s\"", peer->id, why.text);
        peer->not_before_ms = clock_ticks_ms() + PAUSE_MS;
        return false;
    }
    if (is_waiting)
        return true;
    errands_remove(&peer->ready, errand);
    due_forget(loop, peer, errand->row.delivery);
    errand_free(errand);
    peer->look_at_ms = 0;
    return false;
}

/* Whatever becomes of it, what waits is only looked at later or sooner. */
static void hasten(struct loop *loop, const struct spool_hastening *hastening)
{
    struct fault why;
    if (!spool_hasten(loop->options->spool, hastening, &why))
        log_error("courier.not_hastened", "why=\"%s\"", why.text);
    for (size_t i = 0; i < loop->peer_count; i++)
        loop->peers[i]->look_at_ms = 0;
}

/* What was put off by the wrong clock and was not in the spool yet when that was put right: it is
 * known by its own time, which lies ahead. */
static void hasten_followers(struct loop *loop, int64_t now_ms)
{
    int64_t ticks_ms = clock_ticks_ms();
    if (ticks_ms >= loop->put_back.over_ms || ticks_ms < loop->put_back.next_ms)
        return;
    loop->put_back.next_ms = ticks_ms + AGAIN_MS;
    hasten(loop, &(struct spool_hastening){.now_ms = now_ms,
                                           .beyond_ms = now_ms,
                                           .after_ms = now_ms,
                                           .by_ms = loop->put_back.by_ms});
}

void due_follow_clock(struct loop *loop)
{
    int64_t back_ms = clock_put_back_ms();
    int64_t now_ms = clock_now_ms();
    int64_t ticks_ms = clock_ticks_ms();
    hasten_followers(loop, now_ms);
    if (back_ms < STEP_MS)
        return;
    log_warn("clock.put_back", "by_ms=%" PRId64, back_ms);
    hasten(loop,
           &(struct spool_hastening){
               .now_ms = now_ms, .beyond_ms = now_ms, .after_ms = INT64_MIN, .by_ms = back_ms});
    loop->put_back.by_ms = back_ms;
    loop->put_back.next_ms = ticks_ms + AGAIN_MS;
    loop->put_back.over_ms = ticks_ms + FOLLOWS_MS;
}

void due_trust_clock(struct loop *loop)
{
    int64_t now_ms = clock_now_ms();
    int64_t longest_ms = loop->options->longest_delay_ms > RETRY_AFTER_LONGEST_MS
                             ? loop->options->longest_delay_ms
                             : RETRY_AFTER_LONGEST_MS;
    hasten(loop, &(struct spool_hastening){.now_ms = now_ms,
                                           .beyond_ms = now_ms + 2 * longest_ms,
                                           .after_ms = INT64_MIN,
                                           .by_ms = now_ms});
}

void due_forget(struct loop *loop, struct peer *peer, int64_t delivery)
{
    if (!numbers_has(&loop->held, delivery))
        return;
    numbers_remove(&loop->held, delivery);
    if (peer)
        peer->held--;
}

void due_drop(struct loop *loop, struct peer *peer)
{
    for (struct errand *errand; (errand = errands_take(&peer->ready));) {
        due_forget(loop, peer, errand->row.delivery);
        errand_free(errand);
    }
    peer->look_at_ms = 0;
}
