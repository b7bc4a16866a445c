/* SPDX-License-Identifier: Apache-2.0 */
#include "operate/job_numbers.h"

#include "operate/job_shown.h"

#include <stdio.h>

enum { LABELS_SIZE = 40 };

static struct metric *outcome(const char *labels)
{
    return metrics_counter("lienthong_job_items_total", "items of bulk replays that were run",
                           labels);
}

void job_numbers_open(struct job_numbers *numbers)
{
    for (int state = 0; state < JOB_STATES; state++) {
        char labels[LABELS_SIZE];
        (void)snprintf(labels, sizeof labels, "state=\"%s\"", job_state_names[state]);
        numbers->states[state] = metrics_gauge("lienthong_jobs", "bulk replays, by state", labels);
    }
    numbers->done = outcome("outcome=\"done\"");
    numbers->failed = outcome("outcome=\"failed\"");
    numbers->refused = outcome("outcome=\"refused\"");
}

void job_numbers_states(const struct job_numbers *numbers, const int64_t counts[JOB_STATES])
{
    for (int state = 0; state < JOB_STATES; state++)
        metrics_set(numbers->states[state], counts[state]);
}
