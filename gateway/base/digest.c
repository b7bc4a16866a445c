/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes, keyed hashes, name-based ids and random bytes, all from OpenSSL and the kernel. */
#include "base/digest.h"

#include "base/cleanup.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/random.h>

ENDS_WITH_SCOPE(EVP_MD_CTX *, EVP_MD_CTX_free)

enum { SHA1_SIZE = 20 };

/* Fetching an algorithm takes locks and lookups by name, so it is done once. */
static struct {
    EVP_MD *sha1;
    EVP_MD *sha256;
} fetched;

/* Without these nothing can be accepted, deduplicated or authorised. */
static void require(bool works, const char *what)
{
    if (works)
        return;
    (void)fprintf(stderr, "lienthong: %s is not usable\n", what); /* we end either way */
    abort();
}

static void fetch(void)
{
    fetched.sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    fetched.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    require(fetched.sha1 && fetched.sha256, "OpenSSL");
}

static void fetch_once(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    require(pthread_once(&once, fetch) == 0, "pthread_once");
}

const struct evp_md_st *digest_algorithm(void)
{
    fetch_once();
    return fetched.sha256;
}

void digest_sha256(const void *bytes, size_t size, uint8_t digest[SHA256_SIZE])
{
    fetch_once();
    require(EVP_Digest(bytes, size, digest, NULL, fetched.sha256, NULL) == 1, "SHA-256");
}

/* A part of what is hashed. */
struct piece {
    const void *bytes;
    size_t size;
};

/* The digest of two pieces, one after the other. */
static void digest_both(const EVP_MD *algorithm, struct piece first, struct piece second,
                        uint8_t *digest)
{
    auto_free(EVP_MD_CTX_free) EVP_MD_CTX *state = EVP_MD_CTX_new();
    require(state && EVP_DigestInit_ex2(state, algorithm, NULL) == 1 &&
                EVP_DigestUpdate(state, first.bytes, first.size) == 1 &&
                EVP_DigestUpdate(state, second.bytes, second.size) == 1 &&
                EVP_DigestFinal_ex(state, digest, NULL) == 1,
            "a digest");
}

/* By the letter of RFC 2104: OpenSSL's own takes five times as long, since it looks its digest up
 * by name at each use. */
void digest_hmac(const void *key, size_t key_size, const void *bytes, size_t size,
                 uint8_t digest[SHA256_SIZE])
{
    enum { BLOCK_SIZE = 64, INNER = 0x36, OUTER = 0x5C };
    uint8_t block[BLOCK_SIZE] = {0};
    uint8_t inner[SHA256_SIZE];
    fetch_once();
    if (key_size > BLOCK_SIZE)
        digest_sha256(key, key_size, block);
    else if (key_size > 0)
        memcpy(block, key, key_size);
    for (size_t i = 0; i < BLOCK_SIZE; i++)
        block[i] ^= INNER;
    digest_both(fetched.sha256, (struct piece){block, BLOCK_SIZE}, (struct piece){bytes, size},
                inner);
    for (size_t i = 0; i < BLOCK_SIZE; i++)
        block[i] ^= INNER ^ OUTER;
    digest_both(fetched.sha256, (struct piece){block, BLOCK_SIZE},
                (struct piece){inner, sizeof inner}, digest);
    OPENSSL_cleanse(block, sizeof block);
}

void digest_hex(const uint8_t *bytes, size_t size, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * size] = '\0';
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

bool digest_unhex(const char *text, size_t size, uint8_t *bytes)
{
    for (size_t i = 0; i < 2 * size; i++)
        if (hex_value(text[i]) < 0) /* the NUL of a short text stops it here */
            return false;
    if (text[2 * size] != '\0')
        return false;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(hex_value(text[2 * i]) << 4 | hex_value(text[2 * i + 1]));
    return true;
}

void uuid_name_based(const uint8_t space[UUID_SIZE], const void *name, size_t size,
                     uint8_t uuid[UUID_SIZE])
{
    fetch_once();
    uint8_t digest[SHA1_SIZE];
    digest_both(fetched.sha1, (struct piece){space, UUID_SIZE}, (struct piece){name, size}, digest);
    memcpy(uuid, digest, UUID_SIZE);
    uuid[6] = (uint8_t)((uuid[6] & 0x0F) | 0x50); /* version 5 */
    uuid[8] = (uint8_t)((uuid[8] & 0x3F) | 0x80); /* variant of RFC 9562 */
}

void uuid_text(const uint8_t uuid[UUID_SIZE], char text[UUID_TEXT_SIZE])
{
    static const size_t group_sizes[] = {4, 2, 2, 2, 6};
    const uint8_t *group = uuid;
    for (size_t i = 0; i < sizeof group_sizes / sizeof *group_sizes; i++) {
        if (i > 0)
            *text++ = '-';
        digest_hex(group, group_sizes[i], text);
        text += 2 * group_sizes[i];
        group += group_sizes[i];
    }
}

void random_fill(void *bytes, size_t size)
{
    unsigned char *next = bytes;
    while (size > 0) {
        ssize_t got = getrandom(next, size, 0);
        require(got > 0 || errno == EINTR, "getrandom");
        if (got > 0) {
            next += got;
            size -= (size_t)got;
        }
    }
}
