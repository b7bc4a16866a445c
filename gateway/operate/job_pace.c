/* SPDX-License-Identifier: Apache-2.0 */
/* When a job may go on, and when it had better not. */
#include "operate/job_pace.h"

#include "operate/job_wish.h"

enum { SECOND_US = 1000000, MS_US = 1000, SLACK_US = 250000 };

size_t job_pace_room(struct job_pace *pace, int64_t now_us, size_t most)
{
    if (pace->rate_per_s == 0)
        return most;
    if (pace->next_us == 0)
        pace->next_us = now_us;
    if (pace->next_us < now_us - SLACK_US)
        pace->next_us = now_us - SLACK_US;
    if (pace->next_us > now_us)
        return 0;
    int64_t room = (now_us - pace->next_us) * pace->rate_per_s / SECOND_US + 1;
    return room < (int64_t)most ? (size_t)room : most;
}

void job_pace_take(struct job_pace *pace, size_t count)
{
    if (pace->rate_per_s > 0)
        pace->next_us += (int64_t)count * SECOND_US / pace->rate_per_s;
}

int64_t job_pace_wait_ms(const struct job_pace *pace, int64_t now_us)
{
    if (pace->rate_per_s == 0 || pace->next_us <= now_us)
        return 0;
    return (pace->next_us - now_us + MS_US - 1) / MS_US;
}

bool job_pace_must_stop(int64_t done, int64_t failed, double share)
{
    int64_t tried = done + failed;
    return tried >= JOB_STOP_LEAST && (double)failed > share * (double)tried;
}
