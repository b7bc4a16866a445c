/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "deliver/breaker.h"

static const struct breaker_settings settings = {.failures = 3, .probe_ms = 1000};

static struct breaker opened_at(int64_t now)
{
    struct breaker breaker = {BREAKER_CLOSED};
    assert_false(breaker_failed(&breaker, 0, &settings, now));
    assert_false(breaker_failed(&breaker, 0, &settings, now));
    assert_true(breaker_failed(&breaker, 0, &settings, now));
    return breaker;
}

static void failures_in_a_row_open_it(void **state)
{
    (void)state;
    struct breaker breaker = opened_at(50);
    assert_int_equal(breaker.state, BREAKER_OPEN);
    assert_int_equal(breaker.probe_at_ms, 1050);
}

static void an_answer_between_failures_keeps_it_closed(void **state)
{
    (void)state;
    struct breaker breaker = {BREAKER_CLOSED};
    for (int i = 0; i < 10; i++) {
        (void)breaker_failed(&breaker, 0, &settings, 0);
        (void)breaker_failed(&breaker, 0, &settings, 0);
        assert_false(breaker_answered(&breaker, 0));
        assert_int_equal(breaker.state, BREAKER_CLOSED);
    }
}

static void an_open_one_lets_a_single_probe_through_at_its_time(void **state)
{
    (void)state;
    struct breaker breaker = opened_at(0);
    assert_false(breaker_allows(&breaker, 999));
    assert_true(breaker_allows(&breaker, 1000));
    (void)breaker_started(&breaker);
    assert_int_equal(breaker.state, BREAKER_PROBING);
    assert_false(breaker_allows(&breaker, 5000));
}

static void a_probe_that_fails_puts_the_next_one_off(void **state)
{
    (void)state;
    struct breaker breaker = opened_at(0);
    int64_t probe = breaker_started(&breaker);
    assert_false(breaker_failed(&breaker, probe, &settings, 1500));
    assert_false(breaker_allows(&breaker, 2499));
    assert_true(breaker_allows(&breaker, 2500));
}

static void what_was_under_way_when_it_opened_does_not_move_the_probe(void **state)
{
    (void)state;
    struct breaker breaker = opened_at(0);
    assert_false(breaker_failed(&breaker, 0, &settings, 900));
    assert_true(breaker_allows(&breaker, 1000));
}

/* However the requests of before end while a probe is under way, it stays the only one. */
static void what_was_under_way_before_does_not_end_a_probe(void **state)
{
    (void)state;
    struct breaker breaker = opened_at(0);
    int64_t first = breaker_started(&breaker);
    assert_false(breaker_failed(&breaker, 0, &settings, 1200));
    assert_false(breaker_allows(&breaker, 2300));
    breaker_withdrawn(&breaker, 0);
    assert_false(breaker_allows(&breaker, 2300));
    assert_false(breaker_failed(&breaker, first, &settings, 2400));
    assert_int_equal(breaker.probe_at_ms, 3400);

    int64_t second = breaker_started(&breaker);
    breaker_withdrawn(&breaker, first);
    assert_false(breaker_allows(&breaker, 9000));
    breaker_withdrawn(&breaker, second);
    assert_true(breaker_allows(&breaker, 9000));
}

static void any_answer_closes_it_and_says_since_when(void **state)
{
    (void)state;
    struct breaker breaker = opened_at(0);
    (void)breaker_started(&breaker);
    assert_true(breaker_answered(&breaker, 1700));
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    assert_int_equal(breaker.up_since_ms, 1700);
    assert_false(breaker_failed(&breaker, 0, &settings, 1800)); /* counted anew */
}

static void a_probe_that_says_nothing_about_the_partner_is_made_anew(void **state)
{
    (void)state;
    struct breaker breaker = opened_at(0);
    breaker_withdrawn(&breaker, breaker_started(&breaker));
    assert_true(breaker_allows(&breaker, 1000));
    struct breaker closed = {BREAKER_CLOSED};
    breaker_withdrawn(&closed, breaker_started(&closed));
    assert_int_equal(closed.state, BREAKER_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_in_a_row_open_it),
        cmocka_unit_test(an_answer_between_failures_keeps_it_closed),
        cmocka_unit_test(an_open_one_lets_a_single_probe_through_at_its_time),
        cmocka_unit_test(a_probe_that_fails_puts_the_next_one_off),
        cmocka_unit_test(what_was_under_way_when_it_opened_does_not_move_the_probe),
        cmocka_unit_test(what_was_under_way_before_does_not_end_a_probe),
        cmocka_unit_test(any_answer_closes_it_and_says_since_when),
        cmocka_unit_test(a_probe_that_says_nothing_about_the_partner_is_made_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
