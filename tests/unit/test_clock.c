/* SPDX-License-Identifier: Apache-2.0 */
/* The time of day may be set while the program runs: here it is. */
#include "unit.h"

#include "base/clock.h"

#include <dlfcn.h>
#include <string.h>
#include <time.h>

enum { HOUR_S = 3600, HOUR_MS = HOUR_S * 1000, TOLERANCE_MS = 1000 };

static time_t ahead_s; /* of the time of day, before the true one */

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real) {
        void *found = dlsym(RTLD_NEXT, "clock_gettime");
        memcpy(&real, &found, sizeof real);
    }
    int result = real(clock, now);
    if (clock == CLOCK_REALTIME)
        now->tv_sec += ahead_s;
    return result;
}

static int start_right(void **state)
{
    (void)state;
    ahead_s = 0;
    (void)clock_put_back_ms();
    (void)clock_now_ms();
    return 0;
}

static void a_clock_that_only_goes_on_was_not_put_back(void **state)
{
    (void)state;
    assert_in_range(clock_put_back_ms(), 0, TOLERANCE_MS);
    ahead_s = HOUR_S;
    assert_in_range(clock_put_back_ms(), 0, TOLERANCE_MS);
    (void)clock_now_ms();
    assert_in_range(clock_put_back_ms(), 0, TOLERANCE_MS);
}

static void a_wrong_time_that_was_told_once_is_known_when_it_is_over(void **state)
{
    (void)state;
    ahead_s = HOUR_S;
    (void)clock_now_ms();
    ahead_s = 0;
    (void)clock_now_ms();
    assert_in_range(clock_put_back_ms(), HOUR_MS - TOLERANCE_MS, HOUR_MS + TOLERANCE_MS);
    assert_in_range(clock_put_back_ms(), 0, TOLERANCE_MS);
}

static void a_wrong_time_that_nobody_was_told_is_no_matter(void **state)
{
    (void)state;
    ahead_s = HOUR_S;
    ahead_s = 0;
    assert_in_range(clock_put_back_ms(), 0, TOLERANCE_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_clock_that_only_goes_on_was_not_put_back, start_right),
        cmocka_unit_test_setup(a_wrong_time_that_was_told_once_is_known_when_it_is_over,
                               start_right),
        cmocka_unit_test_setup(a_wrong_time_that_nobody_was_told_is_no_matter, start_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
