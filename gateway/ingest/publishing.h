/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_PUBLISHING_H
#define INGEST_PUBLISHING_H

#include "ingest/handoff.h"

/** The handoffs whose partners want Kafka's word, and one thread that lets them wait no longer than
 * is agreed. */
struct publishing;

struct publishing *publishing_open(struct fault *why) __attribute__((warn_unused_result));
void publishing_close(struct publishing *publishing);

/**
 * Suspends the handoff's request until `handoff->last_number` is published or
 * `handoff->publish_by_ticks` has come, then resumes it with phase DONE.  False when
 * there is no memory: then it is not suspended.
 */
bool publishing_wait(struct publishing *publishing, struct spool *spool, struct handoff *handoff);

#endif
