/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_BODY_H
#define SPOOL_BODY_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The original of a document as it is kept: as it came, or zstd-compressed when large. */
struct body {
    const char *bytes;
    size_t size;
    size_t packed_from; /**< size before compression; 0: not compressed */
    char *owned;
};

/** Compresses what is over `above` bytes, when that makes it smaller; else borrows `bytes`. */
bool body_pack(const char *bytes, size_t size, int64_t above, struct body *body, struct fault *why)
    __attribute__((warn_unused_result));
void body_release(struct body *body);

/** The bytes before body_pack; the caller owns them, and a NUL follows.  FAULT_BROKEN when they are
 * damaged. */
char *body_unpack(const void *bytes, size_t size, size_t packed_from, size_t *unpacked,
                  struct fault *why) __attribute__((warn_unused_result));

#endif
