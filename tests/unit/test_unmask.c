/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "operate/unmask.h"

enum { MINUTE_MS = 60000 };

static struct unmask *open_for(int64_t minutes)
{
    struct fault why;
    struct unmask *unmask = unmask_new(minutes, &why);
    assert_non_null(unmask);
    return unmask;
}

static const struct {
    const char *what;
    struct unmask_look look;
    bool holds;
} rows[] = {
    {"at once", {"s1", 7, 1000}, true},
    {"until the last moment", {"s1", 7, 1000 + 10 * MINUTE_MS - 1}, true},
    {"and not at its end", {"s1", 7, 1000 + 10 * MINUTE_MS}, false},
    {"nor for another session", {"s2", 7, 1000}, false},
    {"nor for another entry", {"s1", 8, 1000}, false},
};

static void a_look_is_of_one_session_at_one_entry_for_its_time(void **state)
{
    (void)state;
    struct unmask *unmask = open_for(10);
    assert_int_equal(unmask_grant(unmask, &(struct unmask_look){"s1", 7, 1000}), 10 * MINUTE_MS);
    for (size_t at = 0; at < sizeof rows / sizeof *rows; at++) {
        print_message("%s\n", rows[at].what);
        assert_int_equal(unmask_holds(unmask, &rows[at].look), rows[at].holds);
    }
    unmask_free(unmask);
}

static void a_second_reason_begins_its_time_anew(void **state)
{
    (void)state;
    struct unmask *unmask = open_for(1);
    (void)unmask_grant(unmask, &(struct unmask_look){"s", 1, 0});
    (void)unmask_grant(unmask, &(struct unmask_look){"s", 1, MINUTE_MS / 2});
    assert_true(unmask_holds(unmask, &(struct unmask_look){"s", 1, MINUTE_MS}));
    unmask_free(unmask);
}

static void of_too_many_the_one_that_ends_first_gives_way(void **state)
{
    (void)state;
    struct unmask *unmask = open_for(1);
    for (int64_t at = 0; at <= UNMASK_MOST; at++)
        (void)unmask_grant(unmask, &(struct unmask_look){"s", at, at});
    assert_false(unmask_holds(unmask, &(struct unmask_look){"s", 0, UNMASK_MOST}));
    assert_true(unmask_holds(unmask, &(struct unmask_look){"s", 1, UNMASK_MOST}));
    assert_true(unmask_holds(unmask, &(struct unmask_look){"s", UNMASK_MOST, UNMASK_MOST}));
    unmask_free(unmask);
}

static void a_name_that_does_not_fit_is_granted_nothing(void **state)
{
    (void)state;
    char name[UNMASK_SESSION_SIZE + 1];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    struct unmask *unmask = open_for(1);
    assert_int_equal(unmask_grant(unmask, &(struct unmask_look){name, 1, 0}), 0);
    assert_false(unmask_holds(unmask, &(struct unmask_look){name, 1, 0}));
    unmask_free(unmask);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_is_of_one_session_at_one_entry_for_its_time),
        cmocka_unit_test(a_second_reason_begins_its_time_anew),
        cmocka_unit_test(of_too_many_the_one_that_ends_first_gives_way),
        cmocka_unit_test(a_name_that_does_not_fit_is_granted_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
