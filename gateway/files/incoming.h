/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_INCOMING_H
#define FILES_INCOMING_H

#include "base/cleanup.h"
#include "base/fault.h"

#include <stdint.h>

/** FOLDER/incoming: files that are being written, and those fetched from a service to be read. */
struct incoming;

/**
 * Makes the folder and `incoming` in it when they are missing, locks the folder for this process,
 * and removes what a dead one left in `incoming`.
 */
struct incoming *incoming_open(const char *folder, int64_t reserve_bytes, struct fault *why)
    __attribute__((warn_unused_result));
void incoming_close(struct incoming *incoming);
ENDS_WITH_SCOPE(struct incoming *, incoming_close)

/** Free bytes, and whether they are below the reserve. */
int64_t incoming_free(const struct incoming *incoming, bool *is_low);
/** FAULT_RETRY when they are. */
bool incoming_check(const struct incoming *incoming, struct fault *why)
    __attribute__((warn_unused_result));

/** A new file of a name that nobody else has: its descriptor; -1 with a fault.  The caller owns the
 * path. */
int incoming_make(const struct incoming *incoming, char **path, struct fault *why)
    __attribute__((warn_unused_result));

#endif
