/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_JOB_H
#define SPOOL_JOB_H

#include "spool/deed.h"
#include "spool/find.h"

/** Bulk replays as they are kept: what was asked, who asked, how far it came.  The stage that runs
 * them goes on where it was after a restart. */
enum job_state {
    JOB_COLLECTING, /**< its items are being gathered and tried */
    JOB_PREVIEWED,  /**< waits for a person's word to run */
    JOB_RUNNING,
    JOB_PAUSED,  /**< by a person */
    JOB_STOPPED, /**< by itself, above its share of failures */
    JOB_DONE,
    JOB_CANCELLED,
};

enum job_item_state {
    ITEM_PENDING,
    ITEM_WOULD_PASS, /**< found by the preview */
    ITEM_WOULD_FAIL,
    ITEM_STALE, /**< a later event of its dossier went out; run only when overridden */
    ITEM_DONE,
    ITEM_FAILED,
    ITEM_SKIPPED, /**< it was no longer in the state in which it was chosen */
};

struct spool_job {
    int64_t job;
    enum job_state state;
    const char *kind;    /**< "entries", "deliveries", "republish" */
    const char *filter;  /**< JSON, as it was asked */
    const char *options; /**< JSON: rate_per_s, stop_above_share, may_be_stale, rule ... */
    const char *author, *reason;
    int64_t made_ms, started_ms, ended_ms;
    int64_t counts[ITEM_SKIPPED + 1]; /**< of its items, by state */
    int64_t cursor;                   /**< its runner's own: how far it came */
    const char *detail;               /**< why it stopped */
};

struct job_item {
    int64_t subject; /**< entry or delivery number */
    int64_t due_at_ms;
    enum job_item_state state;
    const char *detail;
};

/** Makes a job in COLLECTING, on record; `*job` is its number.  Waits, as do the next ones. */
bool spool_job_make(struct spool *spool, const struct spool_job *what,
                    const struct spool_record *record, int64_t *job, struct fault *why)
    __attribute__((warn_unused_result));
/** Adds items, or changes the state of items that are there, and moves the cursor: one
 * transaction, so that nothing is done twice. */
bool spool_job_items(struct spool *spool, int64_t job, const struct job_item *items, size_t count,
                     int64_t cursor, struct fault *why) __attribute__((warn_unused_result));
/** FAULT_REFUSE when the job is not in one of the states from which it can go there. */
bool spool_job_state(struct spool *spool, int64_t job, enum job_state state, const char *detail,
                     const struct spool_record *record, struct fault *why)
    __attribute__((warn_unused_result));

bool spool_jobs(struct spool_reader *reader, int64_t before, size_t limit,
                bool (*each)(void *own, const struct spool_job *job), void *own, struct fault *why)
    __attribute__((warn_unused_result));
bool spool_job(struct spool_reader *reader, int64_t job,
               bool (*each)(void *own, const struct spool_job *job), void *own, struct fault *why)
    __attribute__((warn_unused_result));
/** Items of a job in one of the states of the mask, by due date and then number, after a cursor. */
struct job_items_range {
    int64_t job;
    unsigned states; /**< bit n: enum job_item_state n */
    int64_t after_due_ms, after_subject;
    size_t limit;
};
bool spool_job_items_of(struct spool_reader *reader, const struct job_items_range *range,
                        bool (*each)(void *own, const struct job_item *item), void *own,
                        struct fault *why) __attribute__((warn_unused_result));

/** A filter that a user saved under a name. */
bool spool_save_filter(struct spool *spool, const char *user, const char *name, const char *filter,
                       struct fault *why) __attribute__((warn_unused_result));
bool spool_filters(struct spool_reader *reader, const char *user,
                   bool (*each)(void *own, const char *name, const char *filter), void *own,
                   struct fault *why) __attribute__((warn_unused_result));

#endif
