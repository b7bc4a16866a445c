/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_CONTENT_H
#define FILES_CONTENT_H

#include "base/cleanup.h"
#include "files/file_keys.h"
#include "files/place.h"

/** What a stored file holds, sealed or not; read at any place, by one thread at a time. */
struct content;

/** Takes the descriptor when it succeeds; keeps `keys`.  FAULT_BROKEN when the file is no sealed
 * one, or not this one, though its name says so. */
struct content *content_open(const struct stored_file *file, const struct file_keys *keys,
                             const uint8_t sha256[SHA256_SIZE], struct fault *why)
    __attribute__((warn_unused_result));
/** Whether it is one whose key was destroyed, as happens when it is replaced or removed. */
bool content_has_lost_key(const struct stored_file *file);
void content_close(struct content *content);
ENDS_WITH_SCOPE(struct content *, content_close)

int64_t content_size(const struct content *content);
/** Up to `size` bytes from the one with number `at`: fewer at the end alone.  FAULT_BROKEN when
 * what is sealed is damaged; whether what is not sealed is, its hash tells. */
bool content_read(struct content *content, int64_t at, void *bytes, size_t size, size_t *got,
                  struct fault *why) __attribute__((warn_unused_result));
/** The descriptor of a file that is not sealed, which is the caller's then; -1: it is. */
int content_take_descriptor(struct content *content);

#endif
