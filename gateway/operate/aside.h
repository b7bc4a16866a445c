/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_ASIDE_H
#define OPERATE_ASIDE_H

#include "http/problem.h"
#include "spool/reader.h"

#include <stdbool.h>
#include <stdio.h>

/**
 * Long readings, one after the other, on a thread of their own: an HTTP thread that waited for one
 * would be missing.
 */
struct aside;

/** One reading that somebody waits for. */
struct aside_work {
    struct aside_work *next;
    struct http_request *request;
    enum http_language language;
    /** Answers the request.  From the thread; `reader` is the thread's.  Gives up, answering a
     * fault, when aside_is_over. */
    void (*run)(struct aside *aside, struct aside_work *work, struct spool_reader *reader);
};

struct aside *aside_open(const char *spool_file, struct fault *why)
    __attribute__((warn_unused_result));
/** Answers all who wait; whoever asks from now on is told to come later.  Before the servers close.
 */
void aside_stop(struct aside *aside);
/** When nobody can ask any more. */
void aside_free(struct aside *aside);

/** Suspends the work's request and has it run.  Takes `work`, which begins with a struct
 * aside_work and is freed by free().  NULL, or when too many wait: answers at once. */
void aside_do(struct aside *aside, struct http_request *request, struct aside_work *work);

/** A file without a name on the spool's disk, for what must not be in memory; the caller closes it.
 */
FILE *aside_scratch(const struct aside *aside, struct fault *why)
    __attribute__((warn_unused_result));

/** Whether the thread is to end. */
bool aside_is_over(const struct aside *aside);

#endif
