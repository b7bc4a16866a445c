/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_INTAKE_H
#define INGEST_INTAKE_H

#include "base/stop.h"
#include "ingest/ingest.h"

/** One document that came by another way than HTTP, from a thread that may wait. */
struct intake {
    const char *partner;
    char *bytes; /**< heap, or NULL for none; intake_take takes it */
    size_t size;
    const char *jws;  /**< a detached signature that came beside it, borrowed; NULL: none */
    bool needs_kafka; /**< it counts as taken when Kafka has it, whatever the partner's `ack` */
    bool parks;       /**< what is invalid, speaks for another or is for none of the partner's
                           adapters is kept for a person, whatever its `invalid`: there is nobody
                           to refuse it to */
};

enum intake_verdict {
    INTAKE_ACCEPTED,
    INTAKE_REPEATED, /**< everything in it was here already */
    INTAKE_CONFLICT, /**< an id of before with other content; kept for a person */
    INTAKE_INVALID,  /**< or it speaks for another's agency */
};

struct intake_result {
    enum intake_verdict verdict;
    char *text; /**< JSON: the receipts, or {"problems", "total"}; the caller owns it */
    size_t size;
};

/**
 * Reads, judges and stores a document as POST /v1/handoffs does, by the partner's adapters that
 * take XML or JSON, whichever its first character says; returns when it is on stable storage, and
 * with `ack: published` or `needs_kafka` on Kafka.  What is refused is counted as refused.
 *
 * FAULT_RETRY when the disk or the queue is full, when Kafka does not have it in time, or when
 * `stop` is asked for: the same again later is at worst a repeat.  FAULT_REFUSE when the partner
 * does not exist or, where it does not park, has no adapter for it.
 */
bool intake_take(struct ingest *ingest, const struct intake *intake, struct stop *stop,
                 struct intake_result *result, struct fault *why)
    __attribute__((warn_unused_result));

#endif
