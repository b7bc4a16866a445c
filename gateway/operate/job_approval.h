/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_JOB_APPROVAL_H
#define OPERATE_JOB_APPROVAL_H

#include "spool/job.h"

/*
 * A job whose rule edits documents waits for a second person's word on the rule as a whole.  That
 * word is an act in the record, JOB_APPROVAL_ACT of "job:N", and stands nowhere else: what a job is
 * asked to do never changes, so the word cannot come to mean something else.
 */

#define JOB_APPROVAL_ACT "job-approve"

enum { JOB_OBJECT_SIZE = 32 };
/** "job:N". */
void job_object(int64_t job, char object[JOB_OBJECT_SIZE]);

/** Who approved the job's rule, which the caller owns; NULL when nobody but its author did. */
bool job_approver(struct spool_reader *reader, int64_t job, const char *author, char **approver,
                  struct fault *why) __attribute__((warn_unused_result));

/** Whether the detail of a job says that its rule needs it. */
bool job_needs_approval(const char *detail);

#endif
