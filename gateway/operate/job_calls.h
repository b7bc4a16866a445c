/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_JOB_CALLS_H
#define OPERATE_JOB_CALLS_H

#include "operate/guard.h"
#include "operate/job_runner.h"
#include "spool/spool.h"

struct job_calls_options {
    struct spool *spool;
    const char *spool_file;
    const struct adapters *adapters;
    struct job_runner *runner;
};

/**
 * The operators' calls about bulk replays: POST jobs, GET jobs, GET jobs/{job}, GET
 * jobs/{job}/items, POST jobs/{job}/run, pause, resume, cancel and approve, below /operate/v1/.
 * docs/operate.md says what each takes and gives.
 */
struct job_calls;

/** Keeps the options and what they point to. */
struct job_calls *job_calls_open(const struct job_calls_options *options, struct fault *why)
    __attribute__((warn_unused_result));
/** After the servers are closed.  Accepts NULL. */
void job_calls_close(struct job_calls *calls);

struct guard_table job_calls_table(struct job_calls *calls);

#endif
