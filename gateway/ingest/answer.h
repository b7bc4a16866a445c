/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_ANSWER_H
#define INGEST_ANSWER_H

#include "ingest/handoff.h"
#include "spool/reader.h"

/**
 * The receipts of a stored handoff as JSON text, which the caller owns: docs/http.md shows it.
 * NULL when memory is out.
 */
char *answer_receipts(const struct handoff *handoff, size_t *size)
    __attribute__((warn_unused_result));

/** "accepted", "published", "parked", "dead", "discarded", or "kept" for what is not to be
 * published. */
const char *answer_state_of(const struct spool_entry *entry);

#endif
