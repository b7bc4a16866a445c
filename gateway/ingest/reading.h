/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_READING_H
#define INGEST_READING_H

#include "api/station.h"
#include "ingest/handoff.h"

/** What reading a document came to. */
enum outcome {
    OUTCOME_STORE,    /**< the handoff's document is ready for the spool */
    OUTCOME_REPEATED, /**< it would be refused today, and all of it is here: see its receipts */
    OUTCOME_INVALID,  /**< refused: see the reading's problems */
    OUTCOME_FOREIGN,  /**< refused: it speaks for another's agency; the problems say where */
};

/**
 * Reads the handoff's bytes by its candidates into items for the spool, completed, judged and
 * encoded.  With the partner's `invalid: parked` an invalid item becomes one that is DEAD on
 * arrival, and a document that cannot be read becomes one such item.  `reading` is the station's
 * until its bench is used again.  False for a fault of our own.
 */
bool reading_run(struct handoff *handoff, struct station *station, enum outcome *outcome,
                 struct reading *reading, struct fault *why) __attribute__((warn_unused_result));

#endif
