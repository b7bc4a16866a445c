/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from the end of a request: for its delivery, for its partner, for the record. */
#include "base/clock.h"
#include "base/log.h"
#include "deliver/loop.h"
#include "deliver/retry_after.h"

#include <inttypes.h>

static uint32_t chance(void)
{
    uint32_t number;
    random_fill(&number, sizeof number);
    return number;
}

/* ---- the partner ---- */

static void note_answer(struct peer *peer, int64_t now_ms)
{
    peer->last_answer_ms = clock_now_ms();
    if (breaker_answered(&peer->breaker, now_ms))
        log_info("partner.up", "partner=%s", peer->id);
}

/* `probe` is the number that the request had; so below. */
static void note_failure(struct loop *loop, struct peer *peer, int64_t probe, const char *cause)
{
    const struct breaker_settings settings = {loop->options->breaker_failures,
                                              loop->options->probe_ms};
    (void)snprintf(peer->cause, sizeof peer->cause, "%s", cause);
    if (breaker_failed(&peer->breaker, probe, &settings, clock_ticks_ms()))
        log_warn("partner.down", "partner=%s cause=%s", peer->id, cause);
}

static void note_pause(struct peer *peer, int64_t pause_ms, int64_t now_ms)
{
    if (pause_ms <= 0 || now_ms + pause_ms <= peer->not_before_ms)
        return;
    peer->not_before_ms = now_ms + pause_ms;
    log_info("partner.waits", "partner=%s ms=%" PRId64, peer->id, pause_ms);
}

static void note_ruling(struct loop *loop, const struct errand *errand, const struct ruling *ruling)
{
    struct peer *peer = errand->peer;
    int64_t now_ms = clock_ticks_ms();
    if (ruling->is_answer)
        note_answer(peer, now_ms);
    else if (ruling->is_failure)
        note_failure(loop, peer, errand->probe, ruling->cause);
    else
        breaker_withdrawn(&peer->breaker, errand->probe);
    note_pause(peer, ruling->pause_ms, now_ms);
}

/* ---- the delivery ---- */

void settle_errand(struct loop *loop, struct errand *errand, struct spool_settlement *settlement,
                   const enum outcome *outcome)
{
    settlement->delivery = errand->row.delivery;
    settlement->at_ms = clock_now_ms();
    if (!settlement->partner)
        settlement->partner = errand->peer->id;
    if (!settle_delivery(loop, &errand->row, settlement, outcome, errand->peer))
        due_forget(loop, errand->peer, errand->row.delivery); /* it is sent once more */
    errand_free(errand);
}

static void count(struct peer *peer, const struct ruling *ruling)
{
    static const enum tally tallies[] = {
        [VERDICT_DONE] = TALLY_DELIVERED,  [VERDICT_AGAIN] = TALLY_AGAIN,
        [VERDICT_RESEND] = TALLY_AGAIN,    [VERDICT_LOGIN] = TALLY_AGAIN,
        [VERDICT_REFUSED] = TALLY_REFUSED, [VERDICT_EXPIRED] = TALLY_EXPIRED,
    };
    bool is_unreached = ruling->is_failure && ruling->verdict == VERDICT_AGAIN;
    metrics_add(peer->tallies[is_unreached ? TALLY_UNREACHED : tallies[ruling->verdict]], 1);
}

static void deliver(struct loop *loop, struct errand *errand, struct spool_settlement *settlement)
{
    uint8_t sha256[SHA256_SIZE];
    static const enum outcome outcome = OUTCOME_DELIVERED;
    settlement->kind = SETTLE_DELIVERED;
    if (request_sha256(errand->request, sha256))
        settlement->document_sha256 = sha256;
    settle_errand(loop, errand, settlement, &outcome);
}

static void bury(struct loop *loop, struct errand *errand, struct spool_settlement *settlement,
                 enum outcome outcome)
{
    settlement->kind = SETTLE_DEAD;
    log_warn("delivery.dead", "delivery=d-%" PRId64 " partner=%s dossier=%s cause=%s status=%d",
             errand->row.delivery, errand->peer->id,
             errand->row.dossier_code ? errand->row.dossier_code : "", settlement->cause,
             (int)settlement->status);
    settle_errand(loop, errand, settlement, &outcome);
}

static void postpone(struct loop *loop, struct errand *errand, struct spool_settlement *settlement,
                     int64_t delay_ms)
{
    settlement->kind = SETTLE_AGAIN;
    settlement->next_at_ms = clock_now_ms() + delay_ms;
    log_debug("delivery.again", "delivery=d-%" PRId64 " partner=%s cause=%s in_ms=%" PRId64,
              errand->row.delivery, errand->peer->id, settlement->cause, delay_ms);
    settle_errand(loop, errand, settlement, NULL);
}

/* Back to the front of the queue, with no word to the spool: it goes on as it was. */
static void send_anew(struct errand *errand)
{
    request_free(errand->request);
    errand->request = NULL;
    errands_add_first(&errand->peer->ready, errand);
}

static void follow(struct loop *loop, struct errand *errand, const struct attempt *attempt,
                   const struct ruling *ruling)
{
    struct peer *peer = errand->peer;
    struct spool_settlement settlement = {.is_attempt = ruling->is_attempt,
                                          .status = attempt->status,
                                          .cause = ruling->cause,
                                          .detail = ruling->detail};
    bool is_down = ruling->is_failure && peer->breaker.state != BREAKER_CLOSED;
    switch (ruling->verdict) {
    case VERDICT_DONE:
        deliver(loop, errand, &settlement);
        break;
    case VERDICT_AGAIN:
        postpone(loop, errand, &settlement,
                 is_down ? outcome_delay_while_down(&peer->settings) : ruling->delay_ms);
        break;
    case VERDICT_RESEND:
        errand->resends++;
        errand->is_known_there = attempt->meaning == ANSWER_EXISTS;
        send_anew(errand);
        break;
    case VERDICT_LOGIN:
        login_drop(&peer->login, errand->login_generation);
        errand->was_login_new = true;
        send_anew(errand);
        break;
    case VERDICT_REFUSED:
        bury(loop, errand, &settlement, OUTCOME_REFUSED);
        break;
    case VERDICT_EXPIRED:
        bury(loop, errand, &settlement, OUTCOME_EXPIRED);
        break;
    }
}

/* Only time during which the partner was up is age. */
static int64_t age_of(const struct errand *errand, int64_t now_ms)
{
    const struct breaker *breaker = &errand->peer->breaker;
    int64_t age = clock_now_ms() - errand->row.since_ms;
    int64_t up = breaker->up_since_ms ? now_ms - breaker->up_since_ms : age;
    if (breaker->state != BREAKER_CLOSED)
        return 0;
    return up < age ? up : age;
}

static bool is_partner_up(const struct errand *errand)
{
    const struct peer *peer = errand->peer;
    int64_t since = errand->row.last_at_ms ? errand->row.last_at_ms : errand->started_at_ms;
    return peer->breaker.state == BREAKER_CLOSED && peer->last_answer_ms >= since;
}

static void judge(struct loop *loop, struct errand *errand, CURLcode result)
{
    char cause[ANSWER_CAUSE_SIZE] = "";
    const char *detail = NULL;
    struct service_answer answer = request_answer(errand->request);
    struct attempt attempt = {
        .result = result,
        .status = answer.status,
        .cause = cause,
        .refusal = request_refusal(errand->request),
        .retry_after_ms = request_retry_after(errand->request, clock_now_ms()),
        .attempts = errand->row.attempts,
        .age_ms = age_of(errand, clock_ticks_ms()),
        .is_partner_up = is_partner_up(errand),
        .has_login = login_is_needed(service_auth(errand->adapter)),
        .was_login_new = errand->was_login_new,
        .resends = errand->resends,
        .chance = chance(),
    };
    if (result == CURLE_OK)
        attempt.meaning = service_judge(errand->adapter, &answer, cause, &detail);
    attempt.detail = detail;
    struct ruling ruling = outcome_judge(&attempt, &errand->peer->settings);
    note_ruling(loop, errand, &ruling);
    count(errand->peer, &ruling);
    follow(loop, errand, &attempt, &ruling);
}

/* ---- what is not the partner's doing ---- */

static void fail_here(struct loop *loop, struct errand *errand, const char *cause,
                      const struct fault *why, bool is_dead)
{
    struct spool_settlement settlement = {.cause = cause, .detail = why->text};
    breaker_withdrawn(&errand->peer->breaker, errand->probe);
    if (is_dead) {
        bury(loop, errand, &settlement, OUTCOME_REFUSED);
        return;
    }
    log_warn("delivery.held_up", "delivery=d-%" PRId64 " partner=%s cause=%s why=\"%s\"",
             errand->row.delivery, errand->peer->id, cause, why->text);
    postpone(loop, errand, &settlement, loop->options->probe_ms);
}

void ended_unprepared(struct loop *loop, struct errand *errand, const struct preparing *preparing)
{
    struct peer *peer = errand->peer;
    if (preparing->failure != UNPREPARED_SETTINGS) {
        fail_here(loop, errand, preparing->cause, &preparing->why,
                  preparing->failure == UNPREPARED_DEAD);
        return;
    }
    struct spool_settlement settlement = {.cause = preparing->cause, .detail = preparing->why.text};
    note_failure(loop, peer, errand->probe, preparing->cause);
    log_error("partner.settings", "partner=%s why=\"%s\"", peer->id, preparing->why.text);
    postpone(loop, errand, &settlement, outcome_delay_while_down(&peer->settings));
}

void ended_delivery(struct loop *loop, struct errand *errand, CURLcode result)
{
    struct peer *peer = errand->peer;
    errands_remove(&peer->flying, errand);
    loop->in_flight--;
    metrics_observe_us(peer->seconds, request_took_us(errand->request));
    const struct fault *ours = request_fault(errand->request);
    if (result != CURLE_OK && ours) {
        struct fault why = *ours;
        fail_here(loop, errand, "file:unreadable", &why, why.kind != FAULT_RETRY);
        return;
    }
    judge(loop, errand, request_result(errand->request, result));
}

void ended_fetch(struct loop *loop, struct errand *errand, CURLcode result)
{
    struct fault why;
    uint8_t sha256[SHA256_SIZE];
    errands_remove(&errand->peer->fetching, errand);
    loop->in_flight--;
    bool is_kept = fetch_keep(errand->fetch, loop->options->spool, result, sha256, &why) &&
                   fetched_add(&errand->fetched, fetch_uri(errand->fetch), sha256, &why);
    fetch_free(errand->fetch);
    errand->fetch = NULL;
    if (is_kept)
        errands_add_first(&errand->peer->ready, errand);
    else
        fail_here(loop, errand, "file:not-fetched", &why,
                  why.kind == FAULT_REFUSE ||
                      age_of(errand, clock_ticks_ms()) >= errand->peer->settings.give_up_ms);
}

static void end_bring(struct loop *loop, struct errand *errand, const struct fault *why)
{
    errands_remove(&errand->peer->fetching, errand);
    if (why->kind == FAULT_NONE)
        errands_add_first(&errand->peer->ready, errand);
    else
        fail_here(loop, errand, "file:unreadable", why, false);
}

void ended_brings(struct loop *loop)
{
    struct fault why;
    for (size_t i = 0; i < loop->peer_count; i++) {
        for (struct errand *next, *errand = loop->peers[i]->fetching.first; errand; errand = next) {
            next = errand->next;
            if (errand->bring && !errand->fetch && bring_is_over(errand->bring, &why))
                end_bring(loop, errand, &why);
        }
    }
}

/* ---- a login ---- */

static bool take_login(struct peer *peer, CURLcode result, const char **cause, struct fault *why)
{
    const struct service_answer answer = request_answer(peer->login_request);
    const struct service_auth *auth = service_auth(peer->adapter);
    *cause = "login:unreached";
    if (request_result(peer->login_request, result) != CURLE_OK)
        return fault_set(why, FAULT_RETRY, "login: %s", curl_easy_strerror(result));
    if (login_take(&peer->login, auth, &answer, clock_ticks_ms(), why))
        return true;
    *cause = why->kind == FAULT_REFUSE ? "login:refused" : "login:failed";
    return false;
}

void ended_login(struct loop *loop, struct peer *peer, CURLcode result)
{
    struct fault why;
    const char *cause;
    int64_t now_ms = clock_ticks_ms();
    if (take_login(peer, result, &cause, &why)) {
        note_answer(peer, now_ms);
    } else {
        int64_t pause = request_retry_after(peer->login_request, clock_now_ms());
        note_failure(loop, peer, peer->login_probe, cause);
        note_pause(peer, pause > 0 ? pause : loop->options->first_delay_ms, now_ms);
        if (why.kind == FAULT_REFUSE)
            log_error("partner.login_refused", "partner=%s why=\"%s\"", peer->id, why.text);
        else
            log_warn("partner.login_failed", "partner=%s why=\"%s\"", peer->id, why.text);
    }
    request_free(peer->login_request);
    peer->login_request = NULL;
}
