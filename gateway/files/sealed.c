/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a sealed file. */
#include "files/sealed.h"

#include <endian.h>
#include <sodium.h>
#include <string.h>

_Static_assert(SEALED_TAG == crypto_aead_xchacha20poly1305_ietf_ABYTES, "libsodium's tag");

enum { MAGIC_SIZE = 8, IDENTITY_SIZE = SEALED_WRAPPED_AT + SHA256_SIZE };
static const char magic[MAGIC_SIZE + 1] = "ltfile 1";

int64_t sealed_size(int64_t content)
{
    int64_t chunks = content > 0 ? (content - 1) / SEALED_CHUNK + 1 : 1;
    return SEALED_HEADER + content + chunks * SEALED_TAG;
}

int64_t sealed_content(int64_t size)
{
    int64_t body = size - SEALED_HEADER;
    int64_t chunks = body > 0 ? (body - 1) / (SEALED_CHUNK + SEALED_TAG) + 1 : 0;
    int64_t content = body - chunks * SEALED_TAG;
    return content >= 0 && sealed_size(content) == size ? content : -1;
}

/* ---- the header ---- */

static void identify(const uint8_t *header, const uint8_t *sha256, uint8_t identity[IDENTITY_SIZE])
{
    memcpy(identity, header, SEALED_WRAPPED_AT);
    memcpy(identity + SEALED_WRAPPED_AT, sha256, SHA256_SIZE);
}

void sealed_write_header(const struct sealed_by *by, const uint8_t sha256[SHA256_SIZE],
                         const uint8_t key[SEAL_KEY_SIZE], uint8_t header[SEALED_HEADER])
{
    uint8_t identity[IDENTITY_SIZE];
    const uint64_t no = htole64((uint64_t)by->no);
    const struct seal seal = {by->key, identity, sizeof identity};
    memcpy(header, magic, MAGIC_SIZE);
    memcpy(header + MAGIC_SIZE, &no, sizeof no);
    identify(header, sha256, identity);
    seal_close(&seal, key, SEAL_KEY_SIZE, header + SEALED_WRAPPED_AT);
}

int64_t sealed_key_no(const uint8_t header[SEALED_HEADER])
{
    uint64_t no;
    memcpy(&no, header + MAGIC_SIZE, sizeof no);
    no = le64toh(no);
    return memcmp(header, magic, MAGIC_SIZE) == 0 && no <= INT64_MAX ? (int64_t)no : -1;
}

bool sealed_read_header(const struct sealed_by *by, const uint8_t sha256[SHA256_SIZE],
                        const uint8_t header[SEALED_HEADER], uint8_t key[SEAL_KEY_SIZE])
{
    uint8_t identity[IDENTITY_SIZE];
    const struct seal seal = {by->key, identity, sizeof identity};
    identify(header, sha256, identity);
    return seal_open(&seal, header + SEALED_WRAPPED_AT, SEALED_HEADER - SEALED_WRAPPED_AT, key);
}

/* ---- chunks ---- */

static void make_nonce(const struct sealed_chunk *chunk, uint8_t nonce[SEAL_NONCE_SIZE])
{
    const uint64_t no = htole64((uint64_t)chunk->no);
    memset(nonce, 0, SEAL_NONCE_SIZE);
    memcpy(nonce, &no, sizeof no);
    nonce[sizeof no] = chunk->is_last;
}

void sealed_close_chunk(const struct sealed_chunk *chunk)
{
    uint8_t nonce[SEAL_NONCE_SIZE];
    make_nonce(chunk, nonce);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(chunk->bytes, NULL, chunk->bytes, chunk->size,
                                                     NULL, 0, NULL, nonce,
                                                     chunk->key); /* always 0 */
}

bool sealed_open_chunk(const struct sealed_chunk *chunk)
{
    uint8_t nonce[SEAL_NONCE_SIZE];
    make_nonce(chunk, nonce);
    return crypto_aead_xchacha20poly1305_ietf_decrypt(chunk->bytes, NULL, NULL, chunk->bytes,
                                                      chunk->size + SEALED_TAG, NULL, 0, nonce,
                                                      chunk->key) == 0;
}
