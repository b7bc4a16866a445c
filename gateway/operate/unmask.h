/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_UNMASK_H
#define OPERATE_UNMASK_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Which sessions may see which entries' personal data, and for how long.  From any thread. */
struct unmask;

/** So many hold at once; the one that ends first gives way to a new one. */
enum { UNMASK_MOST = 4096, UNMASK_SESSION_SIZE = 160 };

/** Each holds for `minutes`. */
struct unmask *unmask_new(int64_t minutes, struct fault *why) __attribute__((warn_unused_result));
void unmask_free(struct unmask *unmask);

/** One session's look at one entry. */
struct unmask_look {
    const char *session;
    int64_t entry;
    int64_t now_ms; /**< of clock_ticks_ms: set clocks do not lengthen it */
};

/** Lets it see the entry; returns for how many milliseconds from now.  A name of a session that is
 * too long is refused by 0. */
int64_t unmask_grant(struct unmask *unmask, const struct unmask_look *look);
/** For how many milliseconds it may still; 0: not at all. */
int64_t unmask_left(struct unmask *unmask, const struct unmask_look *look);
bool unmask_holds(struct unmask *unmask, const struct unmask_look *look);

#endif
