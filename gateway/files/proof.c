/* SPDX-License-Identifier: Apache-2.0 */
/* Keyed hashes under the store's key; a word in front says for what, so that none serves for the
 * other. */
#include "files/proof.h"

#include "base/cleanup.h"

#include <inttypes.h>
#include <openssl/crypto.h>

static bool sign_link(const uint8_t *key, const struct file_link *link, char hex[SHA256_HEX_SIZE])
{
    char file[SHA256_HEX_SIZE];
    uint8_t digest[SHA256_SIZE];
    char *text = NULL;
    digest_hex(link->sha256, SHA256_SIZE, file);
    int size = asprintf(&text, "link %s %" PRId64 " %s", file, link->until_s, link->partner);
    if (size < 0)
        return false;
    digest_hmac(key, FILE_KEY_SIZE, text, (size_t)size, digest);
    digest_hex(digest, SHA256_SIZE, hex);
    free(text);
    return true;
}

char *proof_link(const uint8_t key[FILE_KEY_SIZE], const char *public_url,
                 const struct file_link *link, struct fault *why)
{
    char file[SHA256_HEX_SIZE], proof[SHA256_HEX_SIZE];
    char *url = NULL;
    digest_hex(link->sha256, SHA256_SIZE, file);
    if (!sign_link(key, link, proof) ||
        asprintf(&url, "%s/v1/files/%s?to=%s&until=%" PRId64 "&key=%s", public_url, file,
                 link->partner, link->until_s, proof) < 0) {
        (void)fault_memory(why);
        return NULL;
    }
    return url;
}

bool proof_is_of_link(const uint8_t key[FILE_KEY_SIZE], const struct file_link *link,
                      const char *proof)
{
    char right[SHA256_HEX_SIZE];
    return strlen(proof) == SHA256_HEX_SIZE - 1 && sign_link(key, link, right) &&
           CRYPTO_memcmp(right, proof, SHA256_HEX_SIZE - 1) == 0;
}

void proof_mark(const uint8_t key[FILE_KEY_SIZE], const char *partner, const char *text,
                size_t size, char mark[PROOF_MARK_SIZE])
{
    uint8_t digests[2 * SHA256_SIZE], digest[SHA256_SIZE];
    digest_sha256(partner, strlen(partner), digests);
    digest_sha256(text, size, digests + SHA256_SIZE);
    digest_hmac(key, FILE_KEY_SIZE, digests, sizeof digests, digest);
    digest_hex(digest, PROOF_MARK_HEX / 2, mark);
}

bool proof_is_mark(const uint8_t key[FILE_KEY_SIZE], const char *partner, const char *text,
                   size_t size, const char *mark)
{
    char right[PROOF_MARK_SIZE];
    proof_mark(key, partner, text, size, right);
    return CRYPTO_memcmp(right, mark, PROOF_MARK_HEX) == 0;
}
