/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_PUBLISHING_H
#define INGEST_PUBLISHING_H

#include "ingest/handoff.h"

/** The handoffs whose partners want Kafka's word, and one thread that lets them wait no longer than
 * is agreed. */
struct publishing;

/** Keeps the spool. */
struct publishing *publishing_open(struct spool *spool, struct fault *why)
    __attribute__((warn_unused_result));
/** Lets go of those that still wait, and resumes none: after http_close. */
void publishing_close(struct publishing *publishing);

/**
 * Suspends the handoff's request until `handoff->last_number` is published or
 * `handoff->publish_by_ticks` has come, then resumes it with phase DONE.  Holds the handoff until
 * then, or until its request is over, and not much longer.  Once for each handoff.
 */
void publishing_wait(struct publishing *publishing, struct handoff *handoff);

#endif
