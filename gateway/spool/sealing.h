/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_SEALING_H
#define SPOOL_SEALING_H

#include "spool/store.h"

/**
 * What is stored already is put under the key that it belongs under: what is still plain, and what
 * came to belong to another dossier.  An event and a revision belong under the key of the dossier
 * in whose lane their entry is, an original under that of the dossier in whose lane all of its
 * items are, an arrival's event under that of its dossier; the rest under a key of the document's
 * or arrival's own.  Does nothing without keys.  `*count` goes up by the bodies that changed.
 */

/** Events of the entries with numbers from `from` to `to`, and originals that lie there. */
bool sealing_entries(struct store *store, int64_t from, int64_t to, int64_t *count,
                     struct fault *why) __attribute__((warn_unused_result));
bool sealing_arrivals(struct store *store, int64_t from, int64_t to, int64_t *count,
                      struct fault *why) __attribute__((warn_unused_result));
/** Revisions with row ids from `from` to `to`. */
bool sealing_revisions(struct store *store, int64_t from, int64_t to, int64_t *count,
                       struct fault *why) __attribute__((warn_unused_result));

/** After an entry was mended, and came into another lane: its original and its revisions. */
bool sealing_follow(struct store *store, int64_t entry, struct fault *why)
    __attribute__((warn_unused_result));

#endif
