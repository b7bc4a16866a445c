/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_RECONCILE_H
#define OPERATE_RECONCILE_H

#include "spool/reader.h"

#include <jansson.h>

/** Days of Vietnam, as 20261126, both included. */
struct reconcile_days {
    int32_t from, to;
};

/**
 * The proof that nothing disappeared: for each partner and day what came and what became of it,
 * entries by the day on which they were received, deliveries by that on which they arrived:
 *
 *     {"from", "to", "mismatches": N, "items": [{"kind": "entries", "day", "partner", "received",
 *      "published", "waiting", "parked", "dead", "discarded", "refused", "pruned", "repeated",
 *      "missing"}, {"kind": "deliveries", "day", "partner" (null: unroutable), "arrived", "moved",
 *      "delivered", "waiting", "parked", "dead", "discarded", "pruned", "missing"}, ...]}
 *
 * "missing" is what was counted when it came and is in no state now; below 0, it is there without
 * having come.  It is 0 or the row is a mismatch.  The caller owns the answer.
 */
json_t *reconcile(struct spool_reader *reader, const struct reconcile_days *days, struct fault *why)
    __attribute__((warn_unused_result));

/** The items as CSV (RFC 4180) with a line of names; the caller owns it, NULL without memory. */
char *reconcile_csv(const json_t *reconciled, size_t *size);

#endif
