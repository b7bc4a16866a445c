/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_BRING_H
#define DELIVER_BRING_H

#include "base/cleanup.h"
#include "files/filer.h"
#include "files/store.h"

/** Files of one delivery that a service has: brought here by another thread, so that the courier's
 * waits for none, and kept near until bring_free. */
struct bring;

/** Takes `files`, `count` hashes in heap, in any case; `wake(own)` is called when all are here. */
struct bring *bring_new(struct file_store *store, uint8_t (*files)[SHA256_SIZE], size_t count,
                        void (*wake)(void *own), void *own, struct fault *why)
    __attribute__((warn_unused_result));
bool bring_start(struct bring *bring, struct filer *filer, struct fault *why)
    __attribute__((warn_unused_result));
/** Whether it is over; `*why` has FAULT_NONE when all files are here, or known to be nowhere. */
bool bring_is_over(const struct bring *bring, struct fault *why);
/** Not while it is under way.  Accepts NULL. */
void bring_free(struct bring *bring);
ENDS_WITH_SCOPE(struct bring *, bring_free)

#endif
