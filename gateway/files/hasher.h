/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_HASHER_H
#define FILES_HASHER_H

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/fault.h"

/** SHA-256 of bytes that come in pieces. */
struct hasher;

/** NULL with FAULT_BROKEN when memory is out. */
struct hasher *hasher_new(struct fault *why) __attribute__((warn_unused_result));
void hasher_free(struct hasher *hasher);
ENDS_WITH_SCOPE(struct hasher *, hasher_free)

bool hasher_add(struct hasher *hasher, const void *bytes, size_t size, struct fault *why)
    __attribute__((warn_unused_result));
/** The digest of all that was added; the hasher is then empty again. */
bool hasher_end(struct hasher *hasher, uint8_t sha256[SHA256_SIZE], struct fault *why)
    __attribute__((warn_unused_result));

#endif
