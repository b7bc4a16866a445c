/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_COURIER_OWN_H
#define DELIVER_COURIER_OWN_H

#include "base/stop.h"
#include "deliver/loop.h"

/** The courier, as its own files see it. */
struct courier {
    struct courier_options options;
    struct loop loop;
    struct stop stop;
    _Atomic int64_t stop_at; /**< clock_ticks_ms; what is under way is cut then */
    bool is_watching;        /**< the spool tells of changes */
    int64_t count_at_ms;     /**< when the backlog is counted next; the thread's alone */
    _Atomic bool tests_end;  /**< courier_end_tests */
    pthread_t thread;
};

/** What is to be seen of a partner that is pushed to; false of any other.  From any thread. */
bool courier_view(struct courier *courier, const char *id, struct peer_view *view);

/** Whether there is anything to pause: something is delivered to the partner, waits for it although
 * it has left the directory, or is kept back already.  FAULT_REFUSE, on record, when not. */
bool courier_knows(struct courier *courier, const char *partner, const struct spool_record *record,
                   struct fault *why);

#endif
