/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_SEALED_H
#define FILES_SEALED_H

#include "base/digest.h"
#include "base/seal.h"

/**
 * A sealed file.
 *
 *     "ltfile 1"     8 bytes
 *     number         8 bytes, little-endian: of the store's key (files/file_keys.h)
 *     key           72 bytes: the file's own random key, sealed by that one; its identity is the
 *                   16 bytes before it and the SHA-256 of the content
 *     chunks        SEALED_CHUNK bytes of content each, the last one fewer (none when the file is
 *                   empty), and a tag of 16 bytes behind each
 *
 * A chunk is sealed by XChaCha20-Poly1305 under the file's key.  Its nonce is its number and
 * whether it is the last: so chunks open in any order, and none in another's place, in another
 * file, or where the file was cut.  A key seals one file once, so no nonce comes twice.
 */
enum {
    SEALED_CHUNK = 64 * 1024,
    SEALED_TAG = 16,
    SEALED_WRAPPED_AT = 16,
    SEALED_HEADER = SEALED_WRAPPED_AT + SEAL_KEY_SIZE + SEAL_OVERHEAD,
};

/** The size of a sealed file with so much content. */
int64_t sealed_size(int64_t content);
/** The other way; -1 when no sealed file has that size. */
int64_t sealed_content(int64_t size);

/** A key of the store, by its number. */
struct sealed_by {
    int64_t no;
    const uint8_t *key; /**< SEAL_KEY_SIZE bytes */
};

void sealed_write_header(const struct sealed_by *by, const uint8_t sha256[SHA256_SIZE],
                         const uint8_t key[SEAL_KEY_SIZE], uint8_t header[SEALED_HEADER]);
/** The number of the store's key that a header is under; -1 when it is no header. */
int64_t sealed_key_no(const uint8_t header[SEALED_HEADER]);
/** The file's key; false when the store's key, the content's hash or any byte is another. */
bool sealed_read_header(const struct sealed_by *by, const uint8_t sha256[SHA256_SIZE],
                        const uint8_t header[SEALED_HEADER], uint8_t key[SEAL_KEY_SIZE])
    __attribute__((warn_unused_result));

struct sealed_chunk {
    const uint8_t *key; /**< the file's */
    int64_t no;         /**< from 0 */
    bool is_last;
    uint8_t *bytes; /**< with room for a tag behind the content */
    size_t size;    /**< of the content */
};

/** In place, both: the tag comes behind the content, and was behind it.  sealed_open_chunk says
 * false when anything is another; there is then nothing to be used in the bytes. */
void sealed_close_chunk(const struct sealed_chunk *chunk);
bool sealed_open_chunk(const struct sealed_chunk *chunk) __attribute__((warn_unused_result));

#endif
