/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_JOB_PAGE_H
#define OPERATE_JOB_PAGE_H

#include "operate/job_run.h"

/** The next items of a running job, and those of them that are done with without a deed. */
struct job_page {
    int64_t subjects[JOB_STEP_MOST];
    size_t count;
    struct job_item over[JOB_STEP_MOST]; /**< failed, stale or gone */
    char *notes[JOB_STEP_MOST];          /**< of these; owned */
    size_t over_count, failed;
};

/** Reads the page; a running job's stale ones are among it only where its rules allow them. */
bool job_page_read(const struct job_running *running, size_t limit, struct job_page *page,
                   struct fault *why) __attribute__((warn_unused_result));
/** This one did not pass its trial; takes the trial's note. */
void job_page_end_item(struct job_page *page, int64_t subject, struct job_trial *trial);
/** Notes in the spool what job_page_end_item was told. */
bool job_page_keep(const struct job_running *running, struct job_page *page, struct fault *why)
    __attribute__((warn_unused_result));
void job_page_free(struct job_page *page);

#endif
