/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdbool.h>

/** What the caller may do about a failure; not what broke. */
enum fault_kind {
    FAULT_NONE,
    FAULT_REFUSE, /**< the sender must change the document, the operator the file */
    FAULT_RETRY,  /**< the same again later may pass */
    FAULT_BROKEN, /**< ours to mend */
};

/** Why a call failed: filled by the call that returned false or NULL, and only then. */
struct fault {
    enum fault_kind kind;
    char text[240]; /**< English, one line, no personal data, no secret */
    bool is_damage; /**< what was to be read is damaged: a later try meets the same */
};

/**
 * Fills `why` and returns false, so that a failing call can end in one line; no damage.  Text over
 * the fault's size is cut at a whole UTF-8 character.
 */
bool fault_set(struct fault *why, enum fault_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** The fault of a failed allocation: FAULT_BROKEN, "out of memory".  Returns false. */
bool fault_memory(struct fault *why);

/** Puts "PREFIX: " before the text, as a call adds where it was; keeps the rest.  Returns false. */
bool fault_prefix(struct fault *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
