/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_JOB_CREW_H
#define OPERATE_JOB_CREW_H

#include "operate/job_trial.h"

/** Two threads that try items: the caller's, and one of the crew's own.  Reading a document is most
 * of what a bulk replay costs. */
struct job_crew;

/** Keeps both; `bench` is the caller's own, by which the other makes its. */
struct job_crew *job_crew_open(struct stations *stations, const struct job_bench *bench,
                               struct fault *why) __attribute__((warn_unused_result));
/** Accepts NULL. */
void job_crew_close(struct job_crew *crew);

/** Does `work` once for each index below `count`, in any order and on either thread, each with the
 * thread's own bench; returns when all is done. */
typedef void (*job_crew_work)(void *own, const struct job_bench *bench, size_t index);
void job_crew_do(struct job_crew *crew, job_crew_work work, void *own, size_t count);

#endif
