/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "deliver/numbers.h"

static void it_has_what_was_added_and_not_removed(void **state)
{
    (void)state;
    enum { COUNT = 5000, STEP = 1024 }; /* as deliveries are numbered */
    struct numbers numbers = {0};
    struct fault why;
    assert_false(numbers_has(&numbers, 1));
    numbers_remove(&numbers, 1);
    for (int64_t i = 1; i <= COUNT; i++)
        assert_true(numbers_add(&numbers, i * STEP, &why));
    assert_true(numbers_add(&numbers, STEP, &why)); /* again */
    assert_int_equal(numbers.count, COUNT);
    for (int64_t i = 1; i <= COUNT; i += 3)
        numbers_remove(&numbers, i * STEP);
    for (int64_t i = 1; i <= COUNT; i++)
        assert_int_equal(numbers_has(&numbers, i * STEP), i % 3 != 1);
    assert_false(numbers_has(&numbers, STEP + 1));
    numbers_free(&numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_what_was_added_and_not_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
