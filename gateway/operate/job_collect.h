/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_JOB_COLLECT_H
#define OPERATE_JOB_COLLECT_H

#include "operate/job_wish.h"
#include "spool/find.h"

enum { JOB_PAGE = 500 };

/** Finds what a job of entries or deliveries is about, a page at a time: all that is dead and
 * chosen, by number or in the order of the selection. */
struct job_collect {
    struct spool_reader *reader;
    const struct job_wish *wish; /**< borrowed */
    int64_t now_ms;              /**< what is overdue and what is due today is told by it */
    int64_t after;               /**< the cursor; begins at 0 */
    bool is_over;
};

/** The next numbers; `*count` may be 0 before it is over.  FAULT_REFUSE when the selection has a
 * name that is none, or the group is of another kind. */
bool job_collect_page(struct job_collect *collect, int64_t numbers[JOB_PAGE], size_t *count,
                      struct fault *why) __attribute__((warn_unused_result));

#endif
