/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_RETRY_AFTER_H
#define DELIVER_RETRY_AFTER_H

#include <stdint.h>

enum { RETRY_AFTER_LONGEST_MS = 3600000, RETRY_AFTER_NONE = -1 };

/** How long a `Retry-After` (RFC 9110, 10.2.3: seconds, or a date) asks to wait, seen from `now_ms`
 * of the time of day; at most an hour, since a partner's clock may be anything.  RETRY_AFTER_NONE
 * when it is neither. */
int64_t retry_after_ms(const char *value, int64_t now_ms);

#endif
