/* SPDX-License-Identifier: Apache-2.0 */
/* A token bucket. */
#include "deliver/pace.h"

enum { ONE = 1000 };

void pace_set(struct pace *pace, int64_t rate_per_s, int64_t now_ms)
{
    if (pace->rate_per_s == rate_per_s)
        return;
    *pace = (struct pace){.rate_per_s = rate_per_s, .level = rate_per_s * ONE, .at_ms = now_ms};
}

/* In a millisecond `rate_per_s` thousandths come in. */
static void fill(struct pace *pace, int64_t now_ms)
{
    int64_t passed = now_ms - pace->at_ms;
    int64_t full = pace->rate_per_s * ONE;
    pace->level = passed >= ONE ? full : pace->level + passed * pace->rate_per_s;
    if (pace->level > full)
        pace->level = full;
    pace->at_ms = now_ms;
}

int64_t pace_wait_ms(struct pace *pace, int64_t now_ms)
{
    if (pace->rate_per_s == 0)
        return 0;
    fill(pace, now_ms);
    int64_t lacking = ONE - pace->level;
    return lacking <= 0 ? 0 : (lacking + pace->rate_per_s - 1) / pace->rate_per_s;
}

void pace_take(struct pace *pace, int64_t now_ms)
{
    if (pace->rate_per_s == 0)
        return;
    fill(pace, now_ms);
    pace->level -= ONE;
}
