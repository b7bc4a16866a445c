/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_BACKOFF_H
#define DELIVER_BACKOFF_H

#include <stdint.h>

/** How long failures are waited out. */
struct backoff {
    int64_t first_ms;   /**< bound of the first delay; it doubles with each failure */
    int64_t longest_ms; /**< bound of all */
};

/** The delay before the next try after `failures` (1 or more) in a row: anywhere from 0 to its
 * bound, so that what failed together does not knock together again.  `chance` is a random number.
 */
int64_t backoff_ms(const struct backoff *backoff, int64_t failures, uint32_t chance);

/** Some part of `bound_ms`, as `chance` has it. */
int64_t backoff_part(int64_t bound_ms, uint32_t chance);

#endif
