/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_OUTCOME_H
#define DELIVER_OUTCOME_H

#include "adapt/service.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

/** What is to become of a delivery after one request. */
enum verdict {
    VERDICT_DONE,
    VERDICT_AGAIN,  /**< later, after `delay_ms` */
    VERDICT_RESEND, /**< at once, with `is_updating` turned round */
    VERDICT_LOGIN,  /**< at once, after a new login */
    VERDICT_REFUSED,
    VERDICT_EXPIRED, /**< it kept failing, at a partner that is up, until it was too old */
};

/** One request and what came of it. */
struct attempt {
    CURLcode result;
    int status;                  /**< of the answer; 0 without one */
    enum answer_meaning meaning; /**< the adapter's word about it; only with an answer */
    const char *cause;           /**< the adapter's, too */
    const char *detail;          /**< or NULL */
    const char *refusal;         /**< of our certificate, by the partner; NULL: none */
    int64_t retry_after_ms;      /**< RETRY_AFTER_NONE without one */
    int64_t attempts;            /**< answered ones before this */
    int64_t age_ms;              /**< while the partner was up, and since it arrived */
    bool is_partner_up; /**< it has answered something since this delivery was last tried */
    bool has_login;     /**< the format has one, or a token */
    bool was_login_new; /**< this delivery had a new login made for it already */
    int resends;        /**< how often it was sent anew at once */
    uint32_t chance;
};

struct outcome_settings {
    int64_t first_delay_ms;
    int64_t longest_delay_ms;
    int64_t probe_ms;
    int64_t give_up_ms;
};

/** And what follows from it. */
struct ruling {
    enum verdict verdict;
    bool is_answer;   /**< the partner's system is there: closes its breaker */
    bool is_failure;  /**< in the connection's kind: counts for its breaker */
    bool is_attempt;  /**< counts as one of the delivery's */
    int64_t delay_ms; /**< of VERDICT_AGAIN */
    int64_t pause_ms; /**< until which the partner wants nothing; 0: no such wish */
    const char
        *cause; /**< a stable code, as "connect:refused"; borrowed from the attempt or constant */
    const char *detail; /**< for people; the same; or NULL */
};

/**
 * Decides, from nothing but what it is given.
 *
 * What fails in the connection's kind (no address, refused, TLS, timeout, cut, 502, 503, 504, a
 * redirect, credentials or a certificate that are not taken) says nothing about the document: it
 * counts for the partner's breaker and not as an attempt.  Whatever else was answered is the
 * adapter's to judge.
 *
 * A delivery expires at `give_up_ms` of age, and only at a partner that is up: one that answered
 * this request, or any other since the delivery was last tried.  Time during which the partner was
 * down is no age; the caller counts it so.
 */
struct ruling outcome_judge(const struct attempt *attempt, const struct outcome_settings *settings);

/** The delay of a delivery whose failure left the breaker open: behind the next probe, so that
 * another delivery makes it, and one that brings its partner down does not keep it down. */
int64_t outcome_delay_while_down(const struct outcome_settings *settings);

#endif
