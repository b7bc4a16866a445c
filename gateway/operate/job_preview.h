/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_JOB_PREVIEW_H
#define OPERATE_JOB_PREVIEW_H

#include "operate/job_collect.h"
#include "operate/job_trial.h"

/**
 * A job of entries or deliveries on its way to its preview: what it is about is found and each is
 * tried; nothing but the job's own items is changed.  A kill in the midst of it costs the work done
 * so far: it is done again.
 *
 * Items stand by due date, those without one as if due 30 days after they came.  What has to go
 * before another of its dossier, because it came before, is given the earlier one's date.  (What is
 * sent later all the same waits behind its dossier's dead ones; but a document that could not be
 * read belonged to no dossier until now.)
 */
struct job_preview;

enum { JOB_ITEMS_MOST = 2000000 };

/** Keeps all it is given. */
struct job_preview *job_preview_new(struct spool *spool, const struct job_bench *bench, int64_t job,
                                    const struct job_wish *wish, struct fault *why)
    __attribute__((warn_unused_result));
void job_preview_free(struct job_preview *preview);

/** The next page.  FAULT_REFUSE: the job cannot be done as it was asked for. */
bool job_preview_step(struct job_preview *preview, bool *is_over, struct fault *why)
    __attribute__((warn_unused_result));

/** Arrival of the oldest one; 0: there is none. */
int64_t job_preview_oldest(const struct job_preview *preview);
/** Whether somebody else has to approve its rule. */
bool job_preview_needs_approval(const struct job_preview *preview);

#endif
