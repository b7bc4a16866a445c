/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_PATCH_H
#define ADAPT_PATCH_H

#include "adapt/adapter.h"

/** One text in place of another, wherever it stands at a place of the adapter's. */
struct patch_rule {
    const char *path; /**< as problems and maps have it, from the root: "/data[0]/MaHoSo"; a number
                           counts as `[]` does: every repetition */
    const char *from; /**< what stands there, blanks around it apart; NULL: whatever does */
    const char *to;
};

/** The document that came out. */
struct patched {
    char *bytes; /**< NUL-terminated; the caller owns them */
    size_t size;
    size_t changed; /**< in so many places */
};

/**
 * Puts `to` in place of `from` at the rule's place, wherever it is there, and keeps every other
 * byte as it is; with nothing to change the result is a copy.  A text in several pieces, with a
 * comment, an element or CDATA in it, stays; so does what is no text in JSON, but for a number
 * whose `to` is one.  FAULT_REFUSE when the rule is none, when `to` has control characters, and
 * when the document is not well formed.
 */
bool adapt_patch(const struct adapter *adapter, const char *bytes, size_t size,
                 const struct patch_rule *rule, struct patched *patched, struct fault *why)
    __attribute__((warn_unused_result));

#endif
