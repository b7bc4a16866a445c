/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "operate/lockout.h"

#include <stdio.h>
#include <stdlib.h>

enum { LOCK_MS = 1000, AFTER = 3 };

static struct lockout *open_it(void)
{
    struct fault why;
    const struct lockout_options options = {.after = AFTER, .lock_ms = LOCK_MS};
    struct lockout *lockout = lockout_new(&options, &why);
    assert_non_null(lockout);
    return lockout;
}

static void fail_times(struct lockout *lockout, const char *user, const char *address, int times,
                       int64_t now)
{
    for (int i = 0; i < times; i++)
        (void)lockout_failed(lockout, user, address, now); /* what it leads to is looked at after */
}

static void the_last_failure_allowed_locks_and_says_so_once(void **state)
{
    struct lockout *lockout = open_it();
    (void)state;
    assert_false(lockout_failed(lockout, "an", "1.1.1.1", 10));
    assert_false(lockout_failed(lockout, "an", "1.1.1.1", 20));
    assert_int_equal(lockout_wait_ms(lockout, "an", "1.1.1.1", 20), 0);
    assert_true(lockout_failed(lockout, "an", "1.1.1.1", 30));
    assert_int_equal(lockout_wait_ms(lockout, "an", "2.2.2.2", 30), LOCK_MS);
    assert_int_equal(lockout_wait_ms(lockout, "an", "2.2.2.2", 30 + LOCK_MS - 1), 1);
    assert_int_equal(lockout_wait_ms(lockout, "an", "2.2.2.2", 30 + LOCK_MS), 0);
    lockout_free(lockout);
}

static void each_lock_is_twice_as_long_up_to_sixteen_times(void **state)
{
    static const int64_t factors[] = {1, 2, 4, 8, 16, 16};
    struct lockout *lockout = open_it();
    int64_t now = 0;
    (void)state;
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
        /* From another address each time, so that the name alone is locked. */
        char address[20];
        (void)snprintf(address, sizeof address, "10.0.0.%zu", i);
        fail_times(lockout, "an", address, AFTER, now);
        assert_int_equal(lockout_wait_ms(lockout, "an", "", now), factors[i] * LOCK_MS);
        now += factors[i] * LOCK_MS;
    }
    lockout_free(lockout);
}

static void a_success_forgets_the_failures_of_the_name_and_not_of_the_address(void **state)
{
    struct lockout *lockout = open_it();
    (void)state;
    for (int i = 0; i < 4; i++) {
        fail_times(lockout, "an", "1.1.1.1", AFTER - 1, 0);
        lockout_succeeded(lockout, "an");
    }
    assert_int_equal(lockout_wait_ms(lockout, "an", "2.2.2.2", 0), 0);
    fail_times(lockout, "binh", "1.1.1.1", 1, 0);
    fail_times(lockout, "chi", "1.1.1.1", 1, 0);
    fail_times(lockout, "dung", "1.1.1.1", 2, 0); /* the twelfth */
    assert_int_equal(lockout_wait_ms(lockout, "em", "1.1.1.1", 0), LOCK_MS);
    lockout_free(lockout);
}

static void an_address_is_locked_after_four_times_as_many(void **state)
{
    struct lockout *lockout = open_it();
    char name[20];
    (void)state;
    for (int i = 0; i < 4 * AFTER; i++) {
        assert_int_equal(lockout_wait_ms(lockout, "x", "1.1.1.1", 0), 0);
        (void)snprintf(name, sizeof name, "name-%d", i);
        fail_times(lockout, name, "1.1.1.1", 1, 0);
    }
    assert_int_equal(lockout_wait_ms(lockout, "x", "1.1.1.1", 0), LOCK_MS);
    assert_int_equal(lockout_wait_ms(lockout, "x", "1.1.1.2", 0), 0);
    lockout_free(lockout);
}

static void a_name_and_an_address_of_one_text_are_two(void **state)
{
    struct lockout *lockout = open_it();
    (void)state;
    fail_times(lockout, "1.1.1.1", "2.2.2.2", AFTER, 0);
    assert_true(lockout_wait_ms(lockout, "1.1.1.1", "", 0) > 0);
    assert_int_equal(lockout_wait_ms(lockout, "", "1.1.1.1", 0), 0);
    lockout_free(lockout);
}

static void failures_are_forgotten_after_a_day(void **state)
{
    const int64_t day = 24 * 3600 * 1000;
    struct lockout *lockout = open_it();
    (void)state;
    fail_times(lockout, "an", "", AFTER - 1, 0);
    assert_false(lockout_failed(lockout, "an", "", day + 1));
    assert_int_equal(lockout_wait_ms(lockout, "an", "x", day + 1), 0);
    lockout_free(lockout);
}

static void a_flood_of_names_does_not_unlock_one(void **state)
{
    struct lockout *lockout = open_it();
    char name[20], address[20];
    (void)state;
    fail_times(lockout, "an", "1.1.1.1", AFTER, 0);
    for (int i = 0; i < 10000; i++) {
        (void)snprintf(name, sizeof name, "name-%d", i);
        (void)snprintf(address, sizeof address, "10.0.%d.%d", i / 256, i % 256);
        fail_times(lockout, name, address, 1, 1);
    }
    assert_int_equal(lockout_wait_ms(lockout, "an", "9.9.9.9", 1), LOCK_MS - 1);
    lockout_free(lockout);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_failure_allowed_locks_and_says_so_once),
        cmocka_unit_test(each_lock_is_twice_as_long_up_to_sixteen_times),
        cmocka_unit_test(a_success_forgets_the_failures_of_the_name_and_not_of_the_address),
        cmocka_unit_test(an_address_is_locked_after_four_times_as_many),
        cmocka_unit_test(a_name_and_an_address_of_one_text_are_two),
        cmocka_unit_test(failures_are_forgotten_after_a_day),
        cmocka_unit_test(a_flood_of_names_does_not_unlock_one),
    };
    return cmocka_run_group_tests_name("lockout", tests, NULL, NULL);
}
