/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_ASIDE_H
#define OPERATE_ASIDE_H

#include "http/problem.h"
#include "spool/reader.h"

#include <stdbool.h>
#include <stdio.h>

/**
 * What takes long, in the order in which it came, on threads of their own: an HTTP thread that
 * waited for it would be missing.
 */
struct aside;

/** One thing that somebody waits for. */
struct aside_work {
    struct aside_work *next;
    struct http_request *request;
    enum http_language language;
    /** Answers the request, or resumes it.  From a thread, whose `reader` is; NULL without a
     * spool's file.  Gives up, answering a fault, when aside_is_over. */
    void (*run)(struct aside *aside, struct aside_work *work, struct spool_reader *reader);
};

/** With at most ASIDE_THREADS threads.  `spool_file` NULL: what is done needs no reader. */
enum { ASIDE_THREADS = 4 };
struct aside *aside_open(const char *spool_file, size_t threads, struct fault *why)
    __attribute__((warn_unused_result));
/** Answers all who wait; whoever asks from now on is told to come later.  Before the servers close.
 */
void aside_stop(struct aside *aside);
/** When nobody can ask any more. */
void aside_free(struct aside *aside);

/** Suspends the work's request and has it run.  Takes `work`, which begins with a struct
 * aside_work and is freed by free().  NULL, or when too many wait: answers at once. */
void aside_do(struct aside *aside, struct http_request *request, struct aside_work *work);

/** The same, but FAULT_RETRY when too many wait, and then nothing is answered; `work` is not NULL.
 */
bool aside_put(struct aside *aside, struct http_request *request, struct aside_work *work,
               struct fault *why) __attribute__((warn_unused_result));

/** A file without a name on the spool's disk, for what must not be in memory; the caller closes it.
 */
FILE *aside_scratch(const struct aside *aside, struct fault *why)
    __attribute__((warn_unused_result));

/** Whether its threads are to end. */
bool aside_is_over(const struct aside *aside);

#endif
