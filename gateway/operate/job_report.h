/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_JOB_REPORT_H
#define OPERATE_JOB_REPORT_H

#include "http/problem.h"
#include "spool/job.h"

#include <jansson.h>

/*
 * What stands in a job's detail: one JSON object, of which each part is written once.
 * {"needs_approval": true, "preview": {...}, "report": {...}, "why": "..."}
 */

enum { JOB_CAUSES_MOST = 50 }; /* told one by one; the rest is counted together */

/**
 * What a preview found: {"items", "oldest", "would_pass", "still_fail", "newly_fail", "stale",
 * "causes": [{"cause", "count", "newly"}]}; the caller owns it.
 */
json_t *job_report_preview(struct spool_reader *reader, const struct spool_job *job,
                           int64_t oldest_ms, struct fault *why)
    __attribute__((warn_unused_result));
/** What a run came to: {"done", "failed", "skipped", "stale", "would_fail", "causes": [...]}; the
 * caller owns it. */
json_t *job_report_run(struct spool_reader *reader, const struct spool_job *job, struct fault *why)
    __attribute__((warn_unused_result));

/** The job's detail with `part` under `name`, which it takes; the caller owns the text. */
char *job_report_add(const char *detail, const char *name, json_t *part, struct fault *why)
    __attribute__((warn_unused_result));

#endif
