/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the one header in which a partner says when to come back. */
#include "deliver/retry_after.h"

#include <curl/curl.h>

enum { SECOND_MS = 1000, LONGEST_DIGITS = 9 };

static int64_t bounded(int64_t ms)
{
    if (ms < 0)
        return 0;
    return ms < RETRY_AFTER_LONGEST_MS ? ms : RETRY_AFTER_LONGEST_MS;
}

int64_t retry_after_ms(const char *value, int64_t now_ms)
{
    size_t digits = strspn(value, "0123456789");
    if (digits > 0 && value[digits] == '\0')
        return digits > LONGEST_DIGITS ? RETRY_AFTER_LONGEST_MS
                                       : bounded(strtoll(value, NULL, 10) * SECOND_MS);
    time_t date = value[0] ? curl_getdate(value, NULL) : -1;
    if (date < 0)
        return RETRY_AFTER_NONE;
    return date > INT64_MAX / SECOND_MS ? RETRY_AFTER_LONGEST_MS
                                        : bounded((int64_t)date * SECOND_MS - now_ms);
}
