/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARTS_JOBS_H
#define PARTS_JOBS_H

#include "parts.h"

/** Bulk replays: the thread that runs them, and their calls.  After the repair, before the guard.
 */
bool start_jobs(struct daemon *daemon, struct fault *why) __attribute__((warn_unused_result));
/** After the servers are closed, before the repair. */
void stop_jobs(struct daemon *daemon);

#endif
