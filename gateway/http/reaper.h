/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_REAPER_H
#define HTTP_REAPER_H

#include "base/fault.h"

#include <stdatomic.h>
#include <stdint.h>

/** A connection under an absolute deadline; embedded in what belongs to the connection. */
struct watched {
    int socket;
    _Atomic int64_t
        deadline_ticks;         /**< clock_ticks_ms when it is cut; NEVER while we are at work */
    _Atomic int64_t wake_ticks; /**< when it is woken, once; NEVER while it is not held */
    struct watched *previous, *next;
};

#define NEVER INT64_MAX

/**
 * Cuts connections at their deadline.  The HTTP library's own timeouts count inactivity, so one
 * byte a second would hold a connection for ever.  Wakes those whose answers are held back.  Also
 * the list of all open connections.
 */
struct reaper;

/** `wake` is called, on a thread of the reaper's, with each connection whose time has come. */
struct reaper *reaper_open(void (*wake)(struct watched *connection), struct fault *why)
    __attribute__((warn_unused_result));
/** Ends its thread; what is still watched is no longer cut, and may still be forgotten. */
void reaper_stop(struct reaper *reaper);
/** After reaper_stop, when nothing is watched any more. */
void reaper_close(struct reaper *reaper);

void reaper_watch(struct reaper *reaper, struct watched *connection);
/** Before its socket is closed, so that a number used again is never cut by mistake. */
void reaper_forget(struct reaper *reaper, struct watched *connection);

/** Calls `each` with every watched connection, under the list's lock. */
void reaper_each(struct reaper *reaper, void (*each)(struct watched *connection));

#endif
