/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SEAL_H
#define BASE_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * XChaCha20-Poly1305 of libsodium: a random nonce of 24 bytes, the ciphertext, a tag of 16.  What
 * the bytes are, their identity, is authenticated and not kept: sealed bytes open only where they
 * were sealed for.
 */
enum { SEAL_KEY_SIZE = 32, SEAL_NONCE_SIZE = 24, SEAL_OVERHEAD = 40 };

struct seal {
    const uint8_t *key; /**< SEAL_KEY_SIZE bytes */
    const void *identity;
    size_t identity_size;
};

/** `sealed` has room for `size` + SEAL_OVERHEAD bytes. */
void seal_close(const struct seal *seal, const void *bytes, size_t size, uint8_t *sealed);

/** `bytes` has room for `size` - SEAL_OVERHEAD; false, with nothing to be used in it, when the key,
 * the identity or any byte is another. */
bool seal_open(const struct seal *seal, const uint8_t *sealed, size_t size, void *bytes)
    __attribute__((warn_unused_result));

#endif
