/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_ENCRYPTION_H
#define SPOOL_ENCRYPTION_H

#include "spool/audit.h"

/**
 * What people do to keys.  That bodies are sealed at all is said by keyring_serve, before the spool
 * is opened.
 */

/** What spool_rekey did. */
struct spool_rekeyed {
    int64_t sealed;  /**< bodies that were plain */
    int64_t wrapped; /**< data keys that were under another master key than the current one */
    int64_t damaged; /**< data keys that do not open: they stay as they are */
    int64_t retired; /**< master keys that nothing is under any more: they may leave the file */
};

/**
 * Seals all that is stored plain, wraps all data keys by the current master key, and forgets the
 * other master keys; in small groups, while the rest goes on.  Waits until it is through.  What
 * ends it in the middle ends it between two groups: called again, it does the rest.  FAULT_REFUSE
 * without keys.
 */
bool spool_rekey(struct spool *spool, struct spool_rekeyed *done, struct fault *why)
    __attribute__((warn_unused_result));

/** What spool_shred did. */
struct spool_shredded {
    int64_t entries,
        arrivals;      /**< of the dossier: their events, originals and revisions are gone */
    int64_t keys;      /**< that were destroyed */
    bool log_is_short; /**< nothing of before lies in the WAL; false: a reader held it, and
                            it is cut as soon as that ends */
    uint8_t (*files)[SHA256_SIZE]; /**< stored files that only this dossier used; heap */
    size_t file_count;
};
void spool_shredded_end(struct spool_shredded *done);

/**
 * Destroys the keys of a dossier, and all that is sealed by them: events, originals, revisions.
 * Rows stay as facts.  A document of several dossiers loses its original for all of them; their
 * events stay.  FAULT_REFUSE without keys, when nothing of the dossier is here, and while anything
 * of it, or of a document that it shares, is not yet published, delivered or discarded.  Either way
 * it is on record: `record` says who and why; its object, outcome and detail are set here.  Waits.
 */
bool spool_shred(struct spool *spool, const char *dossier_code, const struct spool_record *record,
                 struct spool_shredded *done, struct fault *why)
    __attribute__((warn_unused_result));

#endif
