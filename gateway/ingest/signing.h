/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_SIGNING_H
#define INGEST_SIGNING_H

#include "ingest/handoff.h"

/** The header of a request that holds a detached JWS. */
#define SIGNING_HEADER "X-JWS-Signature"

/**
 * Judges the handoff's signatures by its sender's policy, over the bytes as they came: so before
 * its files are moved out.  What comes of it is the handoff's `signature`; once is enough.  False
 * for faults of our own.
 */
bool signing_judge(struct handoff *handoff, struct fault *why) __attribute__((warn_unused_result));

/** Whether a document with a bad signature is sent back, and nothing of it kept. */
bool signing_refuses(const struct handoff *handoff);

#endif
