/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's SHA-256, a piece at a time. */
#include "files/hasher.h"

#include <openssl/evp.h>

struct hasher {
    EVP_MD_CTX *state;
    bool is_begun;
};

static bool begin(struct hasher *hasher)
{
    if (!hasher->is_begun)
        hasher->is_begun = EVP_DigestInit_ex2(hasher->state, digest_algorithm(), NULL) == 1;
    return hasher->is_begun;
}

static bool end(struct hasher *hasher, uint8_t sha256[SHA256_SIZE])
{
    hasher->is_begun = false;
    return EVP_DigestFinal_ex(hasher->state, sha256, NULL) == 1;
}

struct hasher *hasher_new(struct fault *why)
{
    auto_free(hasher_free) struct hasher *hasher = calloc(1, sizeof *hasher);
    if (hasher && (hasher->state = EVP_MD_CTX_new()))
        return steal(hasher);
    (void)fault_memory(why);
    return NULL;
}

void hasher_free(struct hasher *hasher)
{
    if (!hasher)
        return;
    EVP_MD_CTX_free(hasher->state);
    free(hasher);
}

bool hasher_add(struct hasher *hasher, const void *bytes, size_t size, struct fault *why)
{
    return (begin(hasher) && EVP_DigestUpdate(hasher->state, bytes, size) == 1) ||
           fault_set(why, FAULT_BROKEN, "SHA-256 is not usable");
}

bool hasher_end(struct hasher *hasher, uint8_t sha256[SHA256_SIZE], struct fault *why)
{
    return (begin(hasher) && end(hasher, sha256)) ||
           fault_set(why, FAULT_BROKEN, "SHA-256 is not usable");
}
