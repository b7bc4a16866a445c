/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_REPEAT_H
#define INGEST_REPEAT_H

#include "ingest/handoff.h"
#include "spool/reader.h"

/**
 * Whether all items of a document that was read are here already, by the ids and the contents that
 * the sender gave them: then the handoff has the receipts of before.  For one that would be refused
 * today, since directory, adapters or rights are others now: what was accepted stays accepted.
 */
bool repeat_find(struct handoff *handoff, struct spool_reader *reader, bool *is_repeat,
                 struct fault *why) __attribute__((warn_unused_result));

/** After the receipts: makes each item that is a repeat what is kept of it, which need not be what
 * it would be read as today.  The item's event and native id are then gone. */
bool repeat_recall(struct handoff *handoff, struct spool_reader *reader, struct fault *why)
    __attribute__((warn_unused_result));

#endif
