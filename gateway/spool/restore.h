/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_RESTORE_H
#define SPOOL_RESTORE_H

#include "base/fault.h"

#include <stdint.h>

/** What a copy holds, and what a spool made of it goes on with. */
struct spool_restored {
    int64_t last_number;      /**< the highest that the copy knows */
    int64_t watermark;        /**< published as far as the copy knows */
    int64_t last_received_ms; /**< arrival of its newest entry; 0: it has none */
    int64_t stuck;            /**< DEAD and PARKED entries */
    int64_t undone;           /**< deliveries that are not over */
    int64_t paused;           /**< bulk replays that ran at the copy, PAUSED now */
    int64_t next_number;      /**< the first that is given from now on */
};

/**
 * Puts a copy that spool_backup made where a spool is to be.  Numbers that were given after the
 * copy must never be given again, since receipts hold them: they go on far above `above` (what
 * Kafka has) and above all that the copy knows.  A bulk replay that ran at the copy may have done
 * since what the copy has still before it: it waits for a person.  FAULT_REFUSE when there is a
 * spool already, FAULT_BROKEN when the copy is not sound: `each` gets its findings; FAULT_RETRY
 * when a daemon has that place.  After a fault there is no file; until it is whole it is
 * FILE.restoring, which the next restore removes if this one was ended.
 */
bool spool_restore(const char *copy, const char *file, int64_t above,
                   void (*each)(void *own, const char *finding), void *own,
                   struct spool_restored *restored, struct fault *why)
    __attribute__((warn_unused_result));

#endif
