/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_S3_H
#define FILES_S3_H

#include "files/incoming.h"
#include "files/place.h"
#include "files/store.h"

/**
 * Files as objects "ab/abcdef..." of one bucket, with path-style addresses, signed by
 * files/sigv4.h.  A file goes up from `incoming`, with its hash, which the service checks; it comes
 * down into a nameless file there.  What may pass is tried three times.  The bucket is one
 * gateway's: what its own spool does not use, prune removes.
 */
struct s3;

/** `incoming` is kept.  Does not ask the service: an outage must not keep the daemon from starting.
 */
struct s3 *s3_open(const struct file_store_options *options, const struct incoming *incoming,
                   struct fault *why) __attribute__((warn_unused_result));

extern const struct file_place s3_place;

#endif
