/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "deliver/retry_after.h"

static const int64_t NOW_MS = INT64_C(784111777000); /* Sun, 06 Nov 1994 08:49:37 GMT */

static void seconds_and_dates_are_read_and_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int64_t ms;
    } cases[] = {
        {"0", 0},
        {"120", 120000},
        {"3600", 3600000},
        {"3601", RETRY_AFTER_LONGEST_MS},
        {"99999999999999999999999", RETRY_AFTER_LONGEST_MS},
        {"Sun, 06 Nov 1994 08:50:07 GMT", 30000},
        {"Sunday, 06-Nov-94 08:50:07 GMT", 30000},
        {"Sun Nov  6 08:50:07 1994", 30000},
        {"Sun, 06 Nov 1994 08:00:00 GMT", 0},
        {"Fri, 31 Dec 1999 23:59:59 GMT", RETRY_AFTER_LONGEST_MS},
        {"", RETRY_AFTER_NONE},
        {"-5", RETRY_AFTER_NONE},
        {"soon", RETRY_AFTER_NONE},
        {"5 minutes", RETRY_AFTER_NONE},
        {"Fri15 Jan 2011122030", RETRY_AFTER_LONGEST_MS}, /* what libcurl calls a date */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ms = retry_after_ms(cases[i].value, NOW_MS);
        if (ms != cases[i].ms)
            fail_msg("\"%s\": %lld", cases[i].value, (long long)ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seconds_and_dates_are_read_and_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
