/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_FILER_H
#define FILES_FILER_H

#include "base/fault.h"

#include <stddef.h>
#include <stdint.h>

/** A few threads that wait for the disk or a service, so that those who serve connections need not.
 */
struct filer;

/** At most `queue_limit` jobs wait. */
struct filer *filer_open(int64_t threads, size_t queue_limit, struct fault *why)
    __attribute__((warn_unused_result));
/** Runs what is queued to its end, then returns.  Accepts NULL. */
void filer_close(struct filer *filer);

/** Calls `run(own)` once on one of the threads.  FAULT_RETRY when too many wait already: it is then
 * not called. */
bool filer_do(struct filer *filer, void (*run)(void *own), void *own, struct fault *why)
    __attribute__((warn_unused_result));

#endif
