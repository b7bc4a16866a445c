/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_DEED_H
#define SPOOL_DEED_H

#include "spool/audit.h"

/** What a person does to an entry, together with its record in one transaction. */
enum deed_kind {
    DEED_RELEASE,  /**< of a DEAD entry that has an event: it and its lane go on */
    DEED_DISCARD,  /**< of a DEAD entry: its lane goes on without it */
    DEED_PROPOSE,  /**< a new revision of a DEAD entry's document; changes nothing else */
    DEED_APPROVE,  /**< of the newest revision that is not withdrawn, whose hash must be `sha256` */
    DEED_WITHDRAW, /**< of a revision that was not applied */
    DEED_APPLY,    /**< the newest revision's item becomes the entry's event, and the entry is
                        released, into the lane of the item's dossier by its first number; of
                        revision 0 the item is the original's, read anew */
};

enum revision_state { REVISION_PROPOSED, REVISION_APPROVED, REVISION_APPLIED, REVISION_WITHDRAWN };

/** A mended document.  The original never changes; revisions are numbered from 1. */
struct spool_revision {
    int32_t no;
    int64_t at_ms;
    const char *author; /**< an actor's name */
    const char *reason;
    const char *approver; /**< NULL: nobody yet */
    int64_t approved_at_ms;
    enum revision_state state;
    const char *bytes; /**< NULL unless they were asked for */
    size_t size;
    uint8_t sha256[SHA256_SIZE];
};

struct spool_deed {
    enum deed_kind kind;
    int64_t entry;
    int32_t revision;      /**< of APPROVE, WITHDRAW, APPLY */
    const uint8_t *sha256; /**< of APPROVE and APPLY: what was looked at */
    const char *bytes;     /**< of PROPOSE */
    size_t size;
    const uint8_t (*files)[SHA256_SIZE]; /**< of PROPOSE: stored files that they refer to */
    size_t file_count;
    const struct spool_item *item; /**< of APPLY: the event that came out of the revision */
    bool may_be_stale;             /**< of RELEASE and APPLY: although a later event of the
                                        dossier went out already, or is on its way out */
    bool needs_approval;           /**< of APPLY: refused unless approved by another person */
    struct spool_record record;    /**< its reason is the revision's or the discard's; an act of
                                        NULL leaves no record: one of a job, which is on record */
};

/** What became of a deed. */
struct deed_outcome {
    bool is_done;
    bool
        is_stale; /**< a later event of the dossier is out: the reason of a refusal, if it is one */
    bool is_gone; /**< refused because the entry is not DEAD, or not there */
    int32_t revision; /**< the number that PROPOSE gave */
    struct fault why; /**< of what is not done: FAULT_REFUSE */
};

/**
 * FAULT_REFUSE when the entry or the revision is not in a state for it, the hash is another, the
 * approver is the author, another entry has the id that the item gives, or the release would be
 * stale (`*is_stale` says so); the refusal is then on record too.  `*revision` is the number that
 * PROPOSE gave.  `revision` and `is_stale` may be NULL.  Waits for the commit.
 *
 * The record's detail, a JSON object or "", gets what the deed knows: "revision", "sha256",
 * "stale", "refused".
 */
bool spool_do(struct spool *spool, const struct spool_deed *deed, int32_t *revision, bool *is_stale,
              struct fault *why) __attribute__((warn_unused_result));

/** Many deeds in one transaction, each done or refused by itself; outcomes[] has one for each.
 * False when none of them holds. */
bool spool_do_all(struct spool *spool, const struct spool_deed *deeds, size_t count,
                  struct deed_outcome *outcomes, struct fault *why)
    __attribute__((warn_unused_result));

/** The same for a delivery: a settlement by a person with its record.  FAULT_REFUSE when it does
 * not exist, is not in a state that allows it, or is unroutable and to be released; the refusal is
 * then on record too. */
bool spool_settle_on_record(struct spool *spool, const struct spool_settlement *settlement,
                            const struct spool_record *record, struct fault *why)
    __attribute__((warn_unused_result));

/** The same for a partner: nothing goes to it until the pause ends.  Kept; those who deliver obey
 * it. */
bool spool_pause_partner(struct spool *spool, const char *partner, bool is_paused,
                         const struct spool_record *record, struct fault *why)
    __attribute__((warn_unused_result));

/** Revisions of an entry, oldest first; with the bytes of number `with` (0: of none). */
bool spool_revisions(struct spool_reader *reader, int64_t entry, int32_t with,
                     bool (*each)(void *own, const struct spool_revision *revision), void *own,
                     struct fault *why) __attribute__((warn_unused_result));

/** Whether a later event of the entry's dossier (or of `dossier_code`, when mending gives it
 * another) is published already, or is on its way out, so that it will be before a release. */
bool spool_is_stale(struct spool_reader *reader, int64_t entry, const char *dossier_code,
                    bool *is_stale, struct fault *why) __attribute__((warn_unused_result));

#endif
