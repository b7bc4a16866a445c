/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "deliver/pace.h"

static void without_a_rate_nothing_waits(void **state)
{
    (void)state;
    struct pace pace = {0};
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(pace_wait_ms(&pace, 0), 0);
        pace_take(&pace, 0);
    }
}

static void one_second_holds_as_many_as_the_rate_says(void **state)
{
    (void)state;
    struct pace pace = {0};
    pace_set(&pace, 4, 1000);
    int64_t now = 1000;
    int started = 0;
    for (; now < 11000; now++)
        while (pace_wait_ms(&pace, now) == 0) {
            pace_take(&pace, now);
            started++;
        }
    assert_in_range(started, 40, 44); /* ten seconds' worth, and the full bucket at first */
}

static void the_wait_ends_when_one_may_go_and_not_before(void **state)
{
    (void)state;
    struct pace pace = {0};
    pace_set(&pace, 3, 0);
    for (int i = 0; i < 3; i++)
        pace_take(&pace, 0);
    int64_t wait = pace_wait_ms(&pace, 0);
    assert_int_equal(wait, 334);
    assert_int_not_equal(pace_wait_ms(&pace, wait - 1), 0);
    assert_int_equal(pace_wait_ms(&pace, wait), 0);
}

static void the_same_rate_again_does_not_fill_the_bucket(void **state)
{
    (void)state;
    struct pace pace = {0};
    pace_set(&pace, 1, 0);
    pace_take(&pace, 0);
    pace_set(&pace, 1, 0);
    assert_int_not_equal(pace_wait_ms(&pace, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_rate_nothing_waits),
        cmocka_unit_test(one_second_holds_as_many_as_the_rate_says),
        cmocka_unit_test(the_wait_ends_when_one_may_go_and_not_before),
        cmocka_unit_test(the_same_rate_again_does_not_fill_the_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
