/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_JOB_TASK_H
#define OPERATE_JOB_TASK_H

#include "operate/job_numbers.h"
#include "operate/job_pace.h"
#include "operate/job_preview.h"
#include "operate/job_runner.h"

/** One job under way, as the runner's thread holds it; all that counts is in the spool. */
struct job_task;

/** What tasks work with; the runner's. */
struct job_tools {
    const struct job_runner_options *options;
    struct job_bench bench;
    struct job_numbers numbers;
};

/** Keeps the tools; `job` is one that is COLLECTING or RUNNING. */
struct job_task *job_task_new(const struct job_tools *tools, const struct spool_job *job,
                              struct fault *why) __attribute__((warn_unused_result));
void job_task_free(struct job_task *task);
int64_t job_task_number(const struct job_task *task);

/** Takes a step.  `*is_over` when there is nothing to do for it until somebody says so; else it is
 * to be called again in `*wait_ms`. */
void job_task_step(struct job_task *task, int64_t *wait_ms, bool *is_over);

#endif
