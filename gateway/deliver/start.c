/* SPDX-License-Identifier: Apache-2.0 */
/* What may start now: each partner within its limits, and none at the cost of the others. */
#include "base/clock.h"
#include "base/log.h"
#include "base/moment.h"
#include "deliver/call.h"
#include "deliver/loop.h"
#include "deliver/route.h"

#include <inttypes.h>

/* ---- limits ---- */

static size_t least(size_t one, size_t other)
{
    return one < other ? one : other;
}

static size_t concurrency(const struct peer *peer)
{
    return peer->partner ? (size_t)peer->partner->deliver.concurrency : 0;
}

/* What a partner can count on whatever the others do: an equal part while it has something to send,
 * one request otherwise. */
static size_t share_of(const struct loop *loop, const struct peer *peer)
{
    size_t part = (size_t)loop->options->connections / loop->peer_count;
    size_t share = peer->ready.count > 0 && part > 1 ? part : 1;
    return least(share, concurrency(peer));
}

/* How many of the others' shares are not in use. */
static size_t reserved_for_others(const struct loop *loop, const struct peer *peer)
{
    size_t reserved = 0;
    for (size_t i = 0; i < loop->peer_count; i++) {
        const struct peer *other = loop->peers[i];
        size_t share = share_of(loop, other);
        if (other != peer && other->flying.count < share)
            reserved += share - other->flying.count;
    }
    return reserved;
}

static bool has_room(const struct loop *loop, const struct peer *peer)
{
    size_t all = (size_t)loop->options->connections;
    if (peer->flying.count + peer->fetching.count >= concurrency(peer) || loop->in_flight >= all)
        return false;
    return peer->flying.count < share_of(loop, peer) ||
           loop->in_flight + reserved_for_others(loop, peer) < all;
}

static bool may_start(const struct peer *peer, int64_t now_ms)
{
    return peer->partner && !peer->is_paused && !peer->login_request &&
           now_ms >= peer->not_before_ms && breaker_allows(&peer->breaker, now_ms);
}

/* ---- a login ---- */

static void start_login(struct loop *loop, struct peer *peer, int64_t now_ms)
{
    struct fault why;
    peer->login_request = call_login(peer, loop->options->answer_limit_bytes, &why);
    if (peer->login_request && request_start(peer->login_request, loop->multi, NULL, &why)) {
        peer->login_probe = breaker_started(&peer->breaker);
        return;
    }
    log_error("partner.login_failed", "partner=%s why=\"%s\"", peer->id, why.text);
    request_free(peer->login_request);
    peer->login_request = NULL;
    peer->not_before_ms = now_ms + loop->options->probe_ms;
}

/* ---- a delivery ---- */

/* Its agency may have closed while it waited. */
static bool is_for_another(struct loop *loop, struct errand *errand)
{
    const struct partner *partner = NULL;
    static const enum outcome outcome = OUTCOME_REROUTED;
    char reason[ROUTE_TEXT_SIZE];
    if (!errand->row.agency)
        return false;
    const struct route_waiting waiting = route_waiting_of(&errand->row);
    route_again(loop->directory, &waiting, moment_day(clock_now_ms()), &partner, reason);
    if (!partner || strcmp(partner->id, errand->peer->id) == 0)
        return false;
    struct spool_settlement settlement = {.kind = SETTLE_REROUTE,
                                          .partner = partner->id,
                                          .agency = errand->row.agency,
                                          .detail = reason};
    log_info("delivery.rerouted", "delivery=d-%" PRId64 " from=%s to=%s", errand->row.delivery,
             errand->peer->id, partner->id);
    settle_errand(loop, errand, &settlement, &outcome);
    return true;
}

static bool say_found(void *own, const struct spool_delivery *delivery)
{
    (void)delivery;
    bool *is_found = own;
    *is_found = true;
    return false;
}

/* Whether the partner has had something of this dossier: then it is updated, not created. */
static void ask_what_is_there(struct loop *loop, struct errand *errand)
{
    const struct delivery_filter filter = {.partner = errand->peer->id,
                                           .dossier_code = errand->row.dossier_code,
                                           .state = DELIVERY_DELIVERED,
                                           .limit = 1};
    struct fault why;
    bool is_found = false;
    if (errand->resends > 0 || !errand->row.dossier_code ||
        !service_when_exists(errand->peer->adapter))
        return;
    if (spool_deliveries(loop->reader, &filter, say_found, &is_found, &why))
        errand->is_known_there = is_found;
    else /* the partner says so itself, then */
        log_warn("courier.unread", "partner=%s why=\"%s\"", errand->peer->id, why.text);
}

/* The delivery goes on when the file is there; its partner has had nothing of it yet. */
static void start_fetch(struct loop *loop, struct errand *errand, const struct preparing *preparing)
{
    struct fault why;
    breaker_withdrawn(&errand->peer->breaker, errand->probe);
    errand->fetch = fetch_new(loop->options->files, preparing->uri, &preparing->rule, &why);
    if (errand->fetch && fetch_start(errand->fetch, loop->multi, errand, &why)) {
        errands_add(&errand->peer->fetching, errand);
        loop->in_flight++;
        return;
    }
    const struct preparing failed = {
        .failure = UNPREPARED_LATER, .cause = "file:not-fetched", .why = why};
    ended_unprepared(loop, errand, &failed);
}

/* The same, of files that a service has. */
static void start_bring(struct loop *loop, struct errand *errand, struct preparing *preparing)
{
    struct fault why;
    breaker_withdrawn(&errand->peer->breaker, errand->probe);
    errand->bring = bring_new(loop->options->files, preparing->files, preparing->file_count,
                              loop->wake, loop->wake_own, &why);
    if (errand->bring && bring_start(errand->bring, loop->filer, &why)) {
        errands_add(&errand->peer->fetching, errand);
        return;
    }
    const struct preparing failed = {
        .failure = UNPREPARED_LATER, .cause = "file:not-fetched", .why = why};
    ended_unprepared(loop, errand, &failed);
}

/* Who sent it, if files that it names by address may be fetched. */
static const struct partner *sender_of(const struct loop *loop, const struct errand *errand)
{
    const struct partner *sender =
        errand->row.source ? directory_partner(loop->directory, errand->row.source) : NULL;
    return sender && sender->fetch_files_from_count > 0 ? sender : NULL;
}

static void start_errand(struct loop *loop, struct errand *errand)
{
    struct peer *peer = errand->peer;
    struct preparing preparing = {.failure = UNPREPARED_LATER};
    if (is_for_another(loop, errand))
        return;
    errand->probe = breaker_started(&peer->breaker);
    ask_what_is_there(loop, errand);
    errand->started_at_ms = clock_now_ms();
    errand->sender = sender_of(loop, errand);
    errand->request = prepare_delivery(loop->preparer, peer, errand, loop->reader, &preparing);
    if (errand->request && !request_start(errand->request, loop->multi, errand, &preparing.why)) {
        preparing.cause = "gateway:libcurl";
        request_free(errand->request);
        errand->request = NULL;
    }
    if (preparing.uri) {
        start_fetch(loop, errand, &preparing);
        free(preparing.uri);
        return;
    }
    if (preparing.failure == UNPREPARED_FAR) {
        start_bring(loop, errand, &preparing);
        return;
    }
    if (!errand->request) {
        ended_unprepared(loop, errand, &preparing);
        return;
    }
    errands_add(&peer->flying, errand);
    loop->in_flight++;
}

static bool is_login_due(const struct peer *peer, int64_t now_ms)
{
    return login_is_needed(service_auth(peer->adapter)) && !login_is_good(&peer->login, now_ms);
}

/* Starts one request to the peer, if one may start. */
static bool start_one(struct loop *loop, struct peer *peer, int64_t now_ms)
{
    struct fault why;
    if (!may_start(peer, now_ms))
        return false;
    struct errand *errand = due_next(peer);
    if (!errand) {
        due_read(loop, peer);
        errand = due_next(peer);
    }
    if (!errand || !has_room(loop, peer) || pace_wait_ms(&peer->pace, now_ms) > 0)
        return false;
    if (!peer_read_secrets(peer, now_ms, &why)) {
        log_error("partner.settings", "partner=%s why=\"%s\"", peer->id, why.text);
        peer->not_before_ms = now_ms + loop->options->probe_ms;
        return false;
    }
    if (is_login_due(peer, now_ms)) {
        start_login(loop, peer, now_ms);
        return false; /* it goes on when that has ended */
    }
    if (!due_confirm(loop, errand))
        return true; /* another may go instead */
    pace_take(&peer->pace, now_ms);
    errands_remove(&peer->ready, errand);
    start_errand(loop, errand);
    return true;
}

void start_all(struct loop *loop)
{
    bool is_going = loop->peer_count > 0 && !loop->is_stopping;
    while (is_going) {
        is_going = false;
        int64_t now_ms = clock_ticks_ms();
        for (size_t i = 0; i < loop->peer_count; i++)
            if (start_one(loop, loop->peers[(loop->turn + i) % loop->peer_count], now_ms))
                is_going = true;
        loop->turn = (loop->turn + 1) % loop->peer_count;
    }
}

/* ---- the wait ---- */

static int64_t wait_of(const struct loop *loop, struct peer *peer, int64_t now_ms, int64_t most)
{
    if (!peer->partner || peer->is_paused || peer->login_request || !has_room(loop, peer))
        return most; /* something has to end, or to be said, first */
    int64_t wait = 0;
    if (peer->not_before_ms > now_ms)
        wait = peer->not_before_ms - now_ms;
    if (peer->breaker.state == BREAKER_PROBING)
        return most;
    if (peer->breaker.state == BREAKER_OPEN && peer->breaker.probe_at_ms - now_ms > wait)
        wait = peer->breaker.probe_at_ms - now_ms;
    int64_t pace = pace_wait_ms(&peer->pace, now_ms);
    if (pace > wait)
        wait = pace;
    if (!due_next(peer) && peer->seen_changes == atomic_load(&loop->changes)) {
        int64_t look = peer->look_at_ms == INT64_MAX ? most : peer->look_at_ms - clock_now_ms();
        if (look > wait)
            wait = look;
    }
    return wait < 1 ? 1 : wait;
}

int64_t start_wait_ms(struct loop *loop, int64_t most)
{
    int64_t now_ms = clock_ticks_ms();
    int64_t wait = most;
    for (size_t i = 0; i < loop->peer_count && !loop->is_stopping; i++) {
        int64_t one = wait_of(loop, loop->peers[i], now_ms, most);
        if (one < wait)
            wait = one;
    }
    return wait;
}
