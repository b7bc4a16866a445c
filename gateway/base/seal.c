/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes under a key. */
#include "base/seal.h"

#include <sodium.h>

_Static_assert(SEAL_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "libsodium's key");
_Static_assert(SEAL_NONCE_SIZE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "its nonce");
_Static_assert(SEAL_OVERHEAD == SEAL_NONCE_SIZE + crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "nonce and tag");

void seal_close(const struct seal *seal, const void *bytes, size_t size, uint8_t *sealed)
{
    randombytes_buf(sealed, SEAL_NONCE_SIZE);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + SEAL_NONCE_SIZE, NULL, bytes, size,
                                                     seal->identity, seal->identity_size, NULL,
                                                     sealed, seal->key); /* always 0 */
}

bool seal_open(const struct seal *seal, const uint8_t *sealed, size_t size, void *bytes)
{
    return size >= SEAL_OVERHEAD &&
           crypto_aead_xchacha20poly1305_ietf_decrypt(bytes, NULL, NULL, sealed + SEAL_NONCE_SIZE,
                                                      size - SEAL_NONCE_SIZE, seal->identity,
                                                      seal->identity_size, sealed, seal->key) == 0;
}
