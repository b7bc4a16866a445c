/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_DEPOSIT_H
#define FILES_DEPOSIT_H

#include "base/cleanup.h"
#include "files/file_keys.h"

/** Content on its way into a file, which is sealed as it is written when there are keys. */
struct deposit;

/** Keeps the descriptor of an empty file, and `keys`; NULL: not sealed. */
struct deposit *deposit_new(int descriptor, const struct file_keys *keys, struct fault *why)
    __attribute__((warn_unused_result));
/** FAULT_RETRY when the disk is full; nothing can be added any more then. */
bool deposit_add(struct deposit *deposit, const void *bytes, size_t size, struct fault *why)
    __attribute__((warn_unused_result));
/** All is there, and the content's hash is known.  Before this nobody can open what is sealed.
 * `*size` is the file's. */
bool deposit_end(struct deposit *deposit, const uint8_t sha256[SHA256_SIZE], int64_t *size,
                 struct fault *why) __attribute__((warn_unused_result));
void deposit_free(struct deposit *deposit);
ENDS_WITH_SCOPE(struct deposit *, deposit_free)

#endif
