/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_POUCH_H
#define SPOOL_POUCH_H

#include "base/fault.h"

#include <stddef.h>

/** Copies of many things in one allocation: put everything once to measure it, open the pouch, and
 * put everything again in the same order.  The first thing put is what the caller frees. */
struct pouch {
    char *bytes; /**< NULL while it measures */
    size_t used;
};

/** Where the copy is; NULL while it measures, and of NULL. */
void *pouch_put(struct pouch *pouch, const void *bytes, size_t size);
char *pouch_text(struct pouch *pouch, const char *text);

/** Room for all that was put; to be filled from the start. */
bool pouch_open(struct pouch *pouch, struct fault *why) __attribute__((warn_unused_result));

#endif
