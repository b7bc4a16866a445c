/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_VEIL_H
#define ADAPT_VEIL_H

#include "adapt/adapter.h"

/**
 * A document as a person may see it who has not asked for personal data: its lines, its structure
 * and its names as they are, and of its values those alone that a row of the adapter's map puts
 * into a field which the schema does not mark as personal.  All else is hidden as event/mask.h
 * says, comments and CDATA too; of what the map does not know only the length shows.  Of a
 * reference to a file that was moved out, hash and size show.
 *
 * Any bytes are taken: of a document whose structure does not hold only marks and the names that
 * the adapter knows are shown.  Without an adapter everything is hidden.  The result is UTF-8 and
 * ends in NUL; the caller owns it.
 */
char *veil_document(const struct adapter *adapter, const char *bytes, size_t size,
                    size_t *veiled_size, struct fault *why) __attribute__((warn_unused_result));

/**
 * Whether texts at a place, a path as of struct patch_rule, are such as are shown: an adapter knows
 * it, by a field that is not personal or by words of its own, and none knows it as personal.
 * FAULT_REFUSE when it is no path.
 */
bool veil_shows(const struct adapters *adapters, const char *path, bool *shows, struct fault *why)
    __attribute__((warn_unused_result));

/** The bytes as UTF-8 text, what is none replaced by U+FFFD; the caller owns it. */
char *veil_nothing(const char *bytes, size_t size, size_t *text_size, struct fault *why)
    __attribute__((warn_unused_result));

#endif
