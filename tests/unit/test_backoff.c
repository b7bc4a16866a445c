/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "deliver/backoff.h"

static const struct backoff backoff = {.first_ms = 1000, .longest_ms = 900000};
enum { MOST = 1000 }; /* the chance that takes the whole bound */

static void the_bound_doubles_with_each_failure_up_to_the_longest(void **state)
{
    (void)state;
    static const struct {
        int64_t failures, bound;
    } cases[] = {{1, 1000},    {2, 2000},    {3, 4000},        {10, 512000},
                 {11, 900000}, {12, 900000}, {1000000, 900000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(backoff_ms(&backoff, cases[i].failures, MOST), cases[i].bound);
}

static void chance_takes_any_part_of_the_bound(void **state)
{
    (void)state;
    assert_int_equal(backoff_ms(&backoff, 3, 0), 0);
    assert_int_equal(backoff_ms(&backoff, 3, 500), 2000);
    for (uint32_t chance = 0; chance < 5000; chance += 7)
        assert_in_range(backoff_ms(&backoff, 3, chance), 0, 4000);
}

static void a_bound_of_any_size_does_not_overflow(void **state)
{
    (void)state;
    assert_int_equal(backoff_part(INT64_MAX, MOST), INT64_MAX);
    assert_int_equal(backoff_part(0, MOST), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bound_doubles_with_each_failure_up_to_the_longest),
        cmocka_unit_test(chance_takes_any_part_of_the_bound),
        cmocka_unit_test(a_bound_of_any_size_does_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
