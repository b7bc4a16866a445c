/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_JOB_RUN_H
#define OPERATE_JOB_RUN_H

#include "operate/job_trial.h"
#include "operate/job_watch.h"

/** What Kafka is told of a delivery that a person releases; main() joins it to the stage that
 * knows. */
struct job_tell {
    void *own;
    /** Fills the settlement's notices; `*memory` is what they point to. */
    bool (*released)(void *own, const struct spool_delivery *delivery,
                     struct spool_settlement *settlement, void **memory, struct fault *why);
    void (*forget)(void *memory);
};

/** A running job, as a step needs it; all is borrowed. */
struct job_running {
    struct spool *spool;
    const struct job_bench *bench;
    const struct job_tell *tell;
    const struct job_wish *wish;
    int64_t job;
    const char *author, *reason;
    const char *approver;    /**< of its rule; NULL: nobody */
    struct job_watch *watch; /**< of deliveries: what is released is put there; or NULL */
};

/** What a step came to. */
struct job_stepped {
    size_t tried;
    size_t done, failed;
    bool is_over; /**< nothing was left to do */
};

enum { JOB_STEP_MOST = 500 };

/**
 * The next ones of the job, at most `limit` (which is at most JOB_STEP_MOST), in the order of their
 * due dates, each read again, since the world may have changed after the preview: dead entries get
 * their event and are released with their lanes.  Each deed, its record and what it did to the item
 * are one transaction, so a kill at any moment leaves nothing to be done twice.  FAULT_REFUSE when
 * the job is not running any more: then nothing was done.
 */
bool job_run_entries(const struct job_running *running, size_t limit, struct job_stepped *stepped,
                     struct fault *why) __attribute__((warn_unused_result));
/** The same for dead deliveries: each is tried again by whoever delivers it. */
bool job_run_deliveries(const struct job_running *running, size_t limit,
                        struct job_stepped *stepped, struct fault *why)
    __attribute__((warn_unused_result));

#endif
