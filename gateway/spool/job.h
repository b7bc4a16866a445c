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
    JOB_RUNNING,    /**< from PREVIEWED, PAUSED and STOPPED */
    JOB_PAUSED,     /**< by a person, from RUNNING */
    JOB_STOPPED,    /**< by itself, above its share of failures; from RUNNING and COLLECTING */
    JOB_DONE,       /**< from RUNNING */
    JOB_CANCELLED,  /**< from all but DONE */
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
    int64_t made_ms, started_ms, ended_ms; /**< 0: not yet */
    int64_t counts[ITEM_SKIPPED + 1];      /**< of its items, by state */
    int64_t cursor;                        /**< its runner's own: how far it came */
    const char *detail;                    /**< why it stopped */
};

struct job_item {
    int64_t subject; /**< entry or delivery number */
    int64_t due_at_ms;
    enum job_item_state state;
    const char *detail;
};

/** Makes a job in COLLECTING, on record; `*job` is its number, and the record's object is "job:N"
 * unless it has one.  Of `what` it takes kind, filter, options, author, reason and made_ms.  Waits,
 * as do the next ones. */
bool spool_job_make(struct spool *spool, const struct spool_job *what,
                    const struct spool_record *record, int64_t *job, struct fault *why)
    __attribute__((warn_unused_result));
/** Adds items, or changes the state and the detail of items that are there, and moves the cursor:
 * one transaction, so that nothing is done twice.  A due date of 0 leaves an item's as it was.
 * FAULT_REFUSE when the job is not there or over. */
bool spool_job_items(struct spool *spool, int64_t job, const struct job_item *items, size_t count,
                     int64_t cursor, struct fault *why) __attribute__((warn_unused_result));

/** One step of a running job. */
struct job_step {
    int64_t job;
    int64_t cursor;                    /**< where it is after the step */
    const struct spool_record *record; /**< of spool_job_settle: kept of each, about its delivery;
                                            NULL: none is */
};
/**
 * Does the deeds and notes on the job's items what became of each (DONE, STALE, SKIPPED when the
 * entry is not DEAD any more, FAILED), in one transaction: after a kill either both hold or
 * neither.  Many at once are much faster than one by one.  FAULT_REFUSE, with nothing done, when
 * the job is not RUNNING.
 */
bool spool_job_do(struct spool *spool, const struct job_step *step, const struct spool_deed *deeds,
                  size_t count, struct deed_outcome *outcomes, struct fault *why)
    __attribute__((warn_unused_result));
/** The same for deliveries: outcomes[] says of each whether it was done. */
bool spool_job_settle(struct spool *spool, const struct job_step *step,
                      const struct spool_settlement *settlements, size_t count, bool *outcomes,
                      struct fault *why) __attribute__((warn_unused_result));

/** FAULT_REFUSE when the job is not in one of the states from which it can go there; the refusal is
 * then on record too.  `record` NULL: it went there by itself, which leaves none.  Its object is
 * "job:N" unless it has one. */
bool spool_job_state(struct spool *spool, int64_t job, enum job_state state, const char *detail,
                     const struct spool_record *record, struct fault *why)
    __attribute__((warn_unused_result));

/** Newest first, with numbers below `before` (0: from the end); at most `limit`. */
bool spool_jobs(struct spool_reader *reader, int64_t before, size_t limit,
                bool (*each)(void *own, const struct spool_job *job), void *own, struct fault *why)
    __attribute__((warn_unused_result));
/** FAULT_REFUSE when there is none of that number. */
bool spool_job(struct spool_reader *reader, int64_t job,
               bool (*each)(void *own, const struct spool_job *job), void *own, struct fault *why)
    __attribute__((warn_unused_result));
/** The jobs that had an entry, or a delivery, among their items, oldest first. */
struct job_subject {
    bool is_delivery;
    int64_t number;
};
bool spool_jobs_of(struct spool_reader *reader, const struct job_subject *subject,
                   bool (*each)(void *own, const struct spool_job *job), void *own,
                   struct fault *why) __attribute__((warn_unused_result));
/** Items of a job in one of the states of the mask, by due date and then number, after a cursor. */
struct job_items_range {
    int64_t job;
    unsigned states; /**< bit n: enum job_item_state n */
    int64_t after_due_ms, after_subject;
    size_t limit; /**< 0: all */
};
bool spool_job_items_of(struct spool_reader *reader, const struct job_items_range *range,
                        bool (*each)(void *own, const struct job_item *item), void *own,
                        struct fault *why) __attribute__((warn_unused_result));

/** Keeps a filter of a user under a name; NULL forgets it.  Waits. */
bool spool_save_filter(struct spool *spool, const char *user, const char *name, const char *filter,
                       struct fault *why) __attribute__((warn_unused_result));
/** By name. */
bool spool_filters(struct spool_reader *reader, const char *user,
                   bool (*each)(void *own, const char *name, const char *filter), void *own,
                   struct fault *why) __attribute__((warn_unused_result));

#endif
