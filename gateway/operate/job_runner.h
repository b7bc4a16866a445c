/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_JOB_RUNNER_H
#define OPERATE_JOB_RUNNER_H

#include "operate/job_events.h"
#include "operate/job_run.h"

struct job_runner_options {
    struct spool *spool;
    const char *spool_file;
    const struct mender *mender;
    bool (*needs_approval)(void *own, const char *partner);
    void *own;
    struct job_tell tell;
    struct job_events events;
};

/**
 * One thread that collects, tries and runs bulk replays, one step of each after the other, so that
 * a slow one holds up none.  All that it knows is in the spool: after a kill -9 it goes on where it
 * was, and nothing goes out twice.  Before each step it asks the spool whether the job is still to
 * go on, and so does the step itself in its transaction: a pause and a cancel hold at once.
 */
struct job_runner;

/** Keeps the options and all that they point to.  Goes on with what an earlier process left. */
struct job_runner *job_runner_start(const struct job_runner_options *options, struct fault *why)
    __attribute__((warn_unused_result));
/** Ends after the step under way.  Accepts NULL. */
void job_runner_stop(struct job_runner *runner);

/** A job is new, or is to go on: looks at the spool soon.  From any thread. */
void job_runner_wake(struct job_runner *runner);

#endif
