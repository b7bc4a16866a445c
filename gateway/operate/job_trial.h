/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_JOB_TRIAL_H
#define OPERATE_JOB_TRIAL_H

#include "api/station.h"
#include "operate/job_wish.h"
#include "operate/mend.h"

struct job_crew;

/** What items are tried with; one thread's. */
struct job_bench {
    const struct mender *mender; /**< reads entries, with today's adapters and directory */
    struct station *station;
    bool (*needs_approval)(void *own, const char *partner); /**< of what was edited; from any
                                                                 thread */
    void *own;
    struct job_crew *crew; /**< with whom many are tried */
};

/** How an item would do now.  Pointers are into this. */
struct job_trial {
    enum job_item_state state; /**< WOULD_PASS, WOULD_FAIL, STALE or SKIPPED */
    char *note;                /**< why not: see job_note.h; NULL without */
    int64_t due_at_ms;         /**< 0: it has none */
    int64_t arrived_at_ms;
    uint64_t lane;        /**< of its dossier; 0: none */
    bool needs_approval;  /**< a rule changes its document, which another has to approve */
    struct mended mended; /**< of an entry that passes */
    char *bytes;          /**< the document that it was read from */
    size_t size;
    uint8_t sha256[SHA256_SIZE];
    bool is_edited;        /**< the rule made it: there is no revision of it yet */
    int32_t revision;      /**< of which it is; 0: the original's */
    bool is_applied;       /**< the entry has its event already, and died again since */
    int32_t last_revision; /**< the highest number of the entry's revisions */
};

/**
 * Reads a dead entry's document, or its newest revision that was approved, with the rule applied,
 * as if it came today.  Nothing is changed.  False only for a fault of our own; the caller ends it
 * with job_trial_end.
 */
bool job_try_entry(const struct job_bench *bench, const struct job_rules *rules, int64_t entry,
                   struct job_trial *trial, struct fault *why) __attribute__((warn_unused_result));
/** Whether a dead delivery could go out: its partner is delivered to and not paused, and its format
 * can say the event.  What the partner's system will answer nobody knows beforehand. */
bool job_try_delivery(const struct job_bench *bench, int64_t delivery, struct job_trial *trial,
                      struct fault *why) __attribute__((warn_unused_result));
void job_trial_end(struct job_trial *trial);

/** For the two: ends a trial with a cause, told apart by whether it is the one of before. */
bool job_trial_fail(struct job_trial *trial, const char *cause, const char *before,
                    struct fault *why) __attribute__((warn_unused_result));

#endif
