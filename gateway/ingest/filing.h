/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_FILING_H
#define INGEST_FILING_H

#include "ingest/handoff.h"

/** Whether a posted document may have files to be moved out, or is so large that its digest alone
 * is no work for a thread that serves connections. */
bool filing_is_needed(const struct handoff *handoff);

/** Judges the signatures, takes the digest and moves the files to the store, which it waits for;
 * also for those that may be documents themselves, which then wait for nobody when they are read.
 */
bool filing_now(struct handoff *handoff, struct fault *why) __attribute__((warn_unused_result));

/** Lets go of what was brought and of the files, when the handoff ends. */
void filing_end(struct handoff *handoff);

/**
 * Has a thread of files do the same: `handoff` goes from FILING to FILED then, and its request is
 * resumed.  What went wrong is in its fault.  False when the job was not taken.
 */
bool filing_begin(struct handoff *handoff, struct fault *why) __attribute__((warn_unused_result));

/* For adapt_document, whose `files` is the handoff. */
bool filing_find(void *own, const char *text, size_t size, uint8_t sha256[SHA256_SIZE],
                 int64_t *bytes);
bool filing_load(void *own, const uint8_t sha256[SHA256_SIZE], char *bytes, size_t size,
                 struct fault *why);
void filing_place(void *own, int *line, int *column);

#endif
