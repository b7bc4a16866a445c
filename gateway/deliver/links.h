/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_LINKS_H
#define DELIVER_LINKS_H

#include "adapt/adapter.h"
#include "base/cleanup.h"
#include "files/store.h"

/**
 * Addresses of files inside documents.  The writer puts in a pattern whose key is a random word;
 * afterwards each such word gives way to the key of its own file (files/proof.h), which is as long.
 * One thread's.
 */
struct links;
struct links *links_new(const struct file_store *files, const char *public_url, int64_t hours,
                        struct fault *why) __attribute__((warn_unused_result));
void links_free(struct links *links);

/** The pattern for a document to that partner: with {sha256}; borrowed until the next call, NULL
 * without memory. */
const char *links_pattern(struct links *links, const char *partner);

/** Puts the keys in, after links_pattern for the same partner; frees `written` on a fault. */
bool links_sign(const struct links *links, const char *partner, struct adapt_written *written,
                struct fault *why) __attribute__((warn_unused_result));

#endif
