/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "operate/flow.h"

enum { HOUR = 3600000 };
static const int64_t noon = INT64_C(1747036800000); /* a whole hour */

static void look(struct flow *flow, int64_t now_ms, int64_t received, int64_t published)
{
    const int64_t totals[FLOW_KINDS] = {[FLOW_RECEIVED] = received, [FLOW_PUBLISHED] = published};
    flow_look(flow, now_ms, totals);
}

static int64_t received_at(const struct flow *flow, int64_t now_ms, int back)
{
    return flow_at(flow, now_ms, back).counts[FLOW_RECEIVED];
}

static void what_was_there_at_the_first_look_belongs_to_no_hour(void **state)
{
    (void)state;
    struct flow flow = {0};
    look(&flow, noon, 1000, 900);
    assert_int_equal(received_at(&flow, noon, 0), 0);
}

static void what_is_gained_belongs_to_the_hour_of_the_look(void **state)
{
    (void)state;
    struct flow flow = {0};
    look(&flow, noon, 1000, 900);
    look(&flow, noon + 10000, 1005, 903);
    look(&flow, noon + HOUR - 1, 1007, 903);
    look(&flow, noon + HOUR, 1010, 910);
    assert_int_equal(received_at(&flow, noon + HOUR, 0), 3);
    assert_int_equal(received_at(&flow, noon + HOUR, 1), 7);
    assert_int_equal(flow_at(&flow, noon + HOUR, 1).counts[FLOW_PUBLISHED], 3);
}

static void a_total_that_began_anew_loses_nothing_but_that_look(void **state)
{
    (void)state;
    struct flow flow = {0};
    look(&flow, noon, 1000, 0);
    look(&flow, noon + 1, 4, 0);
    look(&flow, noon + 2, 6, 0);
    assert_int_equal(received_at(&flow, noon, 0), 2);
}

static void an_hour_of_yesterday_is_not_shown_as_todays(void **state)
{
    (void)state;
    struct flow flow = {0};
    look(&flow, noon, 0, 0);
    look(&flow, noon + 1, 5, 0);
    int64_t tomorrow = noon + FLOW_HOURS * (int64_t)HOUR;
    assert_int_equal(received_at(&flow, tomorrow, 0), 0);
    assert_int_equal(flow_at(&flow, tomorrow, 0).hour_ms, tomorrow);
    look(&flow, tomorrow, 6, 0);
    assert_int_equal(received_at(&flow, tomorrow, 0), 1);
}

static void hours_before_the_start_are_seeded_and_go_on(void **state)
{
    (void)state;
    struct flow flow = {0};
    const struct flow_hour before = {.hour_ms = noon - HOUR, .counts = {[FLOW_RECEIVED] = 40}};
    const struct flow_hour now = {.hour_ms = noon, .counts = {[FLOW_RECEIVED] = 7}};
    flow_seed(&flow, &before);
    flow_seed(&flow, &now);
    look(&flow, noon + 5000, 100, 0);
    look(&flow, noon + 6000, 101, 0);
    assert_int_equal(received_at(&flow, noon, 1), 40);
    assert_true(flow_at(&flow, noon, 1).is_before_start);
    assert_int_equal(received_at(&flow, noon, 0), 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_there_at_the_first_look_belongs_to_no_hour),
        cmocka_unit_test(what_is_gained_belongs_to_the_hour_of_the_look),
        cmocka_unit_test(a_total_that_began_anew_loses_nothing_but_that_look),
        cmocka_unit_test(an_hour_of_yesterday_is_not_shown_as_todays),
        cmocka_unit_test(hours_before_the_start_are_seeded_and_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
