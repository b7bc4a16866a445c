/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_JOB_WATCH_H
#define OPERATE_JOB_WATCH_H

#include "spool/job.h"

/**
 * What became of the deliveries that a job released: one that is dead again is a failure of the
 * job, and after enough of them it stops.  A job runs at most WATCH_MOST ahead of what is known,
 * for at most WATCH_MS: a partner that is down does not hold it up.  What was released before a
 * kill is not watched after it.
 */
struct job_watch;
enum { WATCH_MOST = 1000, WATCH_MS = 10000 };

struct job_watch *job_watch_new(struct fault *why) __attribute__((warn_unused_result));
void job_watch_free(struct job_watch *watch);

/** How many more may be released now. */
size_t job_watch_room(const struct job_watch *watch);
bool job_watch_is_empty(const struct job_watch *watch);
/** Those of a job that it may have released since the last call. */
void job_watch_add(struct job_watch *watch, int64_t delivery, int64_t now_ms);

/** Looks at all; those that are dead again become FAILED items of the job, counted in `*failed`. */
bool job_watch_look(struct job_watch *watch, struct spool *spool, struct spool_reader *reader,
                    int64_t job, size_t *failed, struct fault *why)
    __attribute__((warn_unused_result));

#endif
