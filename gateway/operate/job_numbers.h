/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_JOB_NUMBERS_H
#define OPERATE_JOB_NUMBERS_H

#include "base/metrics.h"
#include "spool/job.h"

#include <stddef.h>

enum { JOB_STATES = JOB_CANCELLED + 1 };

/** Bulk replays as metrics: how many are in each state, and what became of their items. */
struct job_numbers {
    struct metric *states[JOB_STATES];
    struct metric *done, *failed, *refused;
};

void job_numbers_open(struct job_numbers *numbers);
/** All jobs that are kept, by state. */
void job_numbers_states(const struct job_numbers *numbers, const int64_t counts[JOB_STATES]);

#endif
