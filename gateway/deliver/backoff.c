/* SPDX-License-Identifier: Apache-2.0 */
/* Delays that double and that chance spreads ("full jitter"). */
#include "deliver/backoff.h"

int64_t backoff_part(int64_t bound_ms, uint32_t chance)
{
    /* By thousandths of the bound first, so that no bound overflows. */
    return bound_ms / 1000 * (int64_t)(chance % 1001) + bound_ms % 1000 * (chance % 1001) / 1000;
}

int64_t backoff_ms(const struct backoff *backoff, int64_t failures, uint32_t chance)
{
    int64_t bound = backoff->first_ms;
    for (int64_t i = 1; i < failures && bound < backoff->longest_ms; i++)
        bound *= 2;
    return backoff_part(bound < backoff->longest_ms ? bound : backoff->longest_ms, chance);
}
