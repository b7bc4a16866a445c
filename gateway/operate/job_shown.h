/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_JOB_SHOWN_H
#define OPERATE_JOB_SHOWN_H

#include "adapt/adapter.h"
#include "http/problem.h"
#include "operate/job_wish.h"
#include "spool/job.h"

#include <jansson.h>

/*
 * Jobs and their items as the API shows them; the caller owns each, NULL without memory.
 */

extern const char *const job_state_names[];      /**< of enum job_state; ends with NULL */
extern const char *const job_item_state_names[]; /**< of enum job_item_state; ends with NULL */

/**
 * {"job", "state", "kind", "filter" | "selection" | "group", "options", "author", "reason",
 * "made_at", "started_at", "ended_at", "collected", "counts": {"would_pass", ...}, "total",
 * "needs_approval", "approved_by", "preview", "report", "why"}; a selection in a list is only
 * counted; of a rule whose place is not shown (adapt/veil.h) the texts are masked.  "approved_by"
 * is null: the job does not know it.
 */
json_t *job_shown(const struct spool_job *job, const struct adapters *adapters, bool is_in_list,
                  enum http_language language);

/** A job's options as the audit record has them: of a rule its path and the SHA-256 of its JSON,
 * with sorted members and without blanks; never its texts. */
json_t *job_options_recorded(const char *options);

/** {"receipt" | "delivery" | "partition", "due_at", "state", "cause", "cause_text", "newly"}; of a
 * partition its offsets. */
json_t *job_item_shown(const struct spool_reader *reader, const char *kind,
                       const struct job_item *item, enum http_language language);

#endif
