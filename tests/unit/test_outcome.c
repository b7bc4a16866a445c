/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "deliver/outcome.h"
#include "deliver/retry_after.h"

enum { WHOLE = 1000, HOUR = 3600000 }; /* the chance that takes the whole bound */

static const struct outcome_settings settings = {
    .first_delay_ms = 1000, .longest_delay_ms = 900000, .probe_ms = 15000, .give_up_ms = 72 * HOUR};

static struct attempt answered(int status, enum answer_meaning meaning)
{
    return (struct attempt){.result = CURLE_OK,
                            .status = status,
                            .meaning = meaning,
                            .cause = "answer:x",
                            .retry_after_ms = RETRY_AFTER_NONE,
                            .is_partner_up = true,
                            .chance = WHOLE};
}

static struct attempt failed(CURLcode result)
{
    return (struct attempt){.result = result, .retry_after_ms = RETRY_AFTER_NONE, .chance = WHOLE};
}

static void an_answer_is_what_the_adapter_says_it_is(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum answer_meaning meaning;
        enum verdict verdict;
        bool is_answer, is_failure, is_attempt;
    } cases[] = {
        {200, ANSWER_DONE, VERDICT_DONE, true, false, true},
        {202, ANSWER_DONE, VERDICT_DONE, true, false, true},
        {409, ANSWER_DUPLICATE, VERDICT_DONE, true, false, true},
        {200, ANSWER_EXISTS, VERDICT_RESEND, true, false, true},
        {200, ANSWER_MISSING, VERDICT_RESEND, true, false, true},
        {200, ANSWER_AGAIN, VERDICT_AGAIN, true, false, true},
        {500, ANSWER_AGAIN, VERDICT_AGAIN, true, false, true},
        {429, ANSWER_AGAIN, VERDICT_AGAIN, true, false, true},
        {200, ANSWER_REFUSED, VERDICT_REFUSED, true, false, true},
        {400, ANSWER_REFUSED, VERDICT_REFUSED, true, false, true},
        {403, ANSWER_REFUSED, VERDICT_REFUSED, true, false, true},
        {502, ANSWER_AGAIN, VERDICT_AGAIN, false, true, false},
        {503, ANSWER_AGAIN, VERDICT_AGAIN, false, true, false},
        {504, ANSWER_AGAIN, VERDICT_AGAIN, false, true, false},
        {503, ANSWER_REFUSED, VERDICT_REFUSED, true, false, true}, /* the adapter's own rule */
        {301, ANSWER_REFUSED, VERDICT_AGAIN, false, true, false},
        {307, ANSWER_DONE, VERDICT_AGAIN, false, true, false},
        {401, ANSWER_REFUSED, VERDICT_AGAIN, false, true, false},
        {200, ANSWER_LOGIN, VERDICT_AGAIN, false, true, false}, /* there is no login */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct attempt attempt = answered(cases[i].status, cases[i].meaning);
        struct ruling outcome = outcome_judge(&attempt, &settings);
        if (outcome.verdict != cases[i].verdict || outcome.is_answer != cases[i].is_answer ||
            outcome.is_failure != cases[i].is_failure || outcome.is_attempt != cases[i].is_attempt)
            fail_msg("case %zu, status %d: verdict %d", i, cases[i].status, (int)outcome.verdict);
    }
}

static void what_fails_in_the_connection_counts_for_the_breaker_alone(void **state)
{
    (void)state;
    static const struct {
        CURLcode result;
        const char *cause;
    } cases[] = {
        {CURLE_COULDNT_RESOLVE_HOST, "connect:dns"},
        {CURLE_COULDNT_CONNECT, "connect:refused"},
        {CURLE_OPERATION_TIMEDOUT, "connect:timeout"},
        {CURLE_PEER_FAILED_VERIFICATION, "tls:certificate"},
        {CURLE_SSL_CONNECT_ERROR, "tls:handshake"},
        {CURLE_RECV_ERROR, "connect:cut"},
        {CURLE_GOT_NOTHING, "connect:cut"},
        {CURLE_HTTP2_STREAM, "connect:http2"},
        {CURLE_INTERFACE_FAILED, "connect:failed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct attempt attempt = failed(cases[i].result);
        struct ruling outcome = outcome_judge(&attempt, &settings);
        assert_int_equal(outcome.verdict, VERDICT_AGAIN);
        assert_true(outcome.is_failure);
        assert_false(outcome.is_attempt);
        assert_false(outcome.is_answer);
        assert_string_equal(outcome.cause, cases[i].cause);
        assert_non_null(outcome.detail);
    }
}

/* As an alert or as a page. */
static void a_certificate_that_is_not_taken_says_nothing_about_the_document(void **state)
{
    (void)state;
    struct attempt cases[] = {failed(CURLE_RECV_ERROR), failed(CURLE_SEND_ERROR),
                              answered(400, ANSWER_REFUSED)};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cases[i].refusal = "our certificate has ended";
        struct ruling outcome = outcome_judge(&cases[i], &settings);
        assert_int_equal(outcome.verdict, VERDICT_AGAIN);
        assert_true(outcome.is_failure);
        assert_false(outcome.is_attempt || outcome.is_answer);
        assert_string_equal(outcome.cause, "tls:certificate_refused");
        assert_string_equal(outcome.detail, "our certificate has ended");
    }
}

static void a_login_is_made_anew_once(void **state)
{
    (void)state;
    struct attempt attempt = answered(200, ANSWER_LOGIN);
    attempt.has_login = true;
    assert_int_equal(outcome_judge(&attempt, &settings).verdict, VERDICT_LOGIN);
    attempt.was_login_new = true;
    struct ruling outcome = outcome_judge(&attempt, &settings);
    assert_int_equal(outcome.verdict, VERDICT_AGAIN);
    assert_true(outcome.is_failure);
}

static void create_and_update_do_not_chase_each_other_for_ever(void **state)
{
    (void)state;
    struct attempt attempt = answered(200, ANSWER_EXISTS);
    attempt.resends = 1;
    assert_int_equal(outcome_judge(&attempt, &settings).verdict, VERDICT_RESEND);
    attempt.resends = 2;
    assert_int_equal(outcome_judge(&attempt, &settings).verdict, VERDICT_REFUSED);
}

static void answered_failures_wait_longer_each_time(void **state)
{
    (void)state;
    struct attempt attempt = answered(500, ANSWER_AGAIN);
    assert_int_equal(outcome_judge(&attempt, &settings).delay_ms, 1000);
    attempt.attempts = 4;
    assert_int_equal(outcome_judge(&attempt, &settings).delay_ms, 16000);
    attempt.attempts = 400;
    assert_int_equal(outcome_judge(&attempt, &settings).delay_ms, 900000);
}

static void unanswered_failures_wait_as_long_again_but_no_longer_than_a_probe(void **state)
{
    (void)state;
    struct attempt attempt = failed(CURLE_GOT_NOTHING);
    assert_int_equal(outcome_judge(&attempt, &settings).delay_ms, 1000);
    attempt.age_ms = 4000;
    assert_int_equal(outcome_judge(&attempt, &settings).delay_ms, 4000);
    attempt.age_ms = HOUR;
    assert_int_equal(outcome_judge(&attempt, &settings).delay_ms, 15000);
    assert_int_equal(outcome_delay_while_down(&settings), 16000);
}

static void a_wish_to_wait_is_granted(void **state)
{
    (void)state;
    struct attempt attempt = answered(429, ANSWER_AGAIN);
    attempt.retry_after_ms = 7000;
    struct ruling outcome = outcome_judge(&attempt, &settings);
    assert_int_equal(outcome.delay_ms, 7000);
    assert_int_equal(outcome.pause_ms, 7000); /* the partner's wish, not this document's */
    attempt.status = 500;
    assert_int_equal(outcome_judge(&attempt, &settings).pause_ms, 0);
    attempt.status = 503;
    assert_int_equal(outcome_judge(&attempt, &settings).pause_ms, 7000);
}

static void a_wish_to_wait_does_not_shorten_the_backoff(void **state)
{
    (void)state;
    static const int64_t wishes[] = {0, 3000, 15999};
    struct attempt attempt = answered(429, ANSWER_AGAIN);
    attempt.attempts = 4;
    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++) {
        attempt.retry_after_ms = wishes[i];
        struct ruling outcome = outcome_judge(&attempt, &settings);
        assert_int_equal(outcome.delay_ms, 16000);
        assert_int_equal(outcome.pause_ms, wishes[i]);
    }
}

static void only_at_a_partner_that_is_up_a_delivery_expires(void **state)
{
    (void)state;
    struct attempt attempt = answered(500, ANSWER_AGAIN);
    attempt.age_ms = 72 * HOUR - 1;
    assert_int_equal(outcome_judge(&attempt, &settings).verdict, VERDICT_AGAIN);
    attempt.age_ms = 72 * HOUR;
    assert_int_equal(outcome_judge(&attempt, &settings).verdict, VERDICT_EXPIRED);

    attempt = failed(CURLE_COULDNT_CONNECT);
    attempt.age_ms = 1000 * (int64_t)HOUR;
    assert_int_equal(outcome_judge(&attempt, &settings).verdict, VERDICT_AGAIN);
    attempt.is_partner_up = true; /* to others it answered */
    assert_int_equal(outcome_judge(&attempt, &settings).verdict, VERDICT_EXPIRED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_what_the_adapter_says_it_is),
        cmocka_unit_test(what_fails_in_the_connection_counts_for_the_breaker_alone),
        cmocka_unit_test(a_certificate_that_is_not_taken_says_nothing_about_the_document),
        cmocka_unit_test(a_login_is_made_anew_once),
        cmocka_unit_test(create_and_update_do_not_chase_each_other_for_ever),
        cmocka_unit_test(answered_failures_wait_longer_each_time),
        cmocka_unit_test(unanswered_failures_wait_as_long_again_but_no_longer_than_a_probe),
        cmocka_unit_test(a_wish_to_wait_is_granted),
        cmocka_unit_test(a_wish_to_wait_does_not_shorten_the_backoff),
        cmocka_unit_test(only_at_a_partner_that_is_up_a_delivery_expires),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
