/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_JOB_PACE_H
#define OPERATE_JOB_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How fast a job may go: so many a second, spread evenly; what was not used of a moment is lost.
 */
struct job_pace {
    int64_t rate_per_s; /**< 0: no limit */
    int64_t next_us;    /**< when the next one may go; 0: at once */
};

/** How many may go now, at most `most`. */
size_t job_pace_room(struct job_pace *pace, int64_t now_us, size_t most);
/** So many went. */
void job_pace_take(struct job_pace *pace, size_t count);
/** How long until the next one may go. */
int64_t job_pace_wait_ms(const struct job_pace *pace, int64_t now_us);

/** Whether so many failures, of `done` and `failed` together, are more than a job is to go on with:
 * above the share, of at least JOB_STOP_LEAST. */
bool job_pace_must_stop(int64_t done, int64_t failed, double share);

#endif
