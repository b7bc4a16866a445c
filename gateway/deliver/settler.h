/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_SETTLER_H
#define DELIVER_SETTLER_H

#include "base/cleanup.h"
#include "spool/delivery.h"

/**
 * What became of deliveries, on its way into the spool: in groups, without waiting, and again when
 * the spool cannot take it now.  One thread's, but for what the spool's writer says.
 */
struct settler;

/** `wake(own)` is called from the spool's writer when there is something for settler_take. */
struct settler *settler_new(struct spool *spool, void (*wake)(void *own), void *own,
                            struct fault *why) __attribute__((warn_unused_result));
/** Waits for what the spool has taken; what it has not is dropped. */
void settler_free(struct settler *settler);
ENDS_WITH_SCOPE(struct settler *, settler_free)

/** Copies the settlement, to go with the next settler_send; `tag` comes back by settler_take. */
bool settler_add(struct settler *settler, const struct spool_settlement *settlement, void *tag,
                 struct fault *why) __attribute__((warn_unused_result));

/** Gives to the spool what was added, and what it did not take before, once a while has passed. */
void settler_send(struct settler *settler, int64_t now_ms);

/** Calls `each` with the number of every delivery whose settlement is durable now. */
void settler_take(struct settler *settler, int64_t now_ms,
                  void (*each)(void *own, void *tag, int64_t delivery), void *own);

/** How many are not durable yet. */
size_t settler_open(const struct settler *settler);

/** Why the spool did not take the last ones; FAULT_NONE when it did. */
const struct fault *settler_fault(const struct settler *settler);

#endif
