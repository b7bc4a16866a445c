/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_PARTY_H
#define API_PARTY_H

#include "api/found.h"

/** Among which entries a part of the caller's is looked for, by one of the two. */
struct party_among {
    const char *dossier_code; /**< those of the dossier */
    const uint8_t *file;      /**< those that use the file of this hash */
};

/** What more is asked of such an entry; NULL: nothing. */
struct party_wish {
    bool (*is_it)(void *own, const struct found *found, bool *is, struct fault *why);
    void *own;
};

/**
 * Whether the caller takes part in one of these entries: it concerns the caller, or is its own and
 * had an event.  What was never valid gives nobody a part: anybody can write anything.  However
 * many there are, all count: the newest ones and those that FILE.find does not have yet are looked
 * at one by one, the others are found by the caller's id and by its agencies' codes.  FAULT_RETRY
 * while that file is being made and some thousands would have to be looked at.
 */
bool party_takes_part(struct station *station, const struct caller *caller,
                      const struct party_among *among, const struct party_wish *wish, bool *takes,
                      struct fault *why) __attribute__((warn_unused_result));

#endif
