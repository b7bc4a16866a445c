/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_SETTLE_H
#define SPOOL_SETTLE_H

#include "spool/store.h"

/** Settles one delivery in the transaction at hand.  `*reason` says why nothing was done; NULL when
 * it was. */
bool settle_one(struct store *store, const struct spool_settlement *settlement, const char **reason,
                struct fault *why) __attribute__((warn_unused_result));

#endif
