/* SPDX-License-Identifier: Apache-2.0 */
/* Signs the addresses of files in a finished document, in place. */
#include "deliver/links.h"

#include "base/clock.h"
#include "files/proof.h"

#include <inttypes.h>

enum {
    NONCE_SIZE = 2 * SHA256_SIZE, /* as long as a link's key */
    HOUR_S = 3600,
    SECOND_MS = 1000,
    NEAR = 400 /* a key stands this near behind its file's hash, however it is escaped */
};

static const char folder[] = "/v1/files/";

struct links {
    const struct file_store *files;
    const char *public_url;
    int64_t hours;
    char nonce[NONCE_SIZE + 1];
    int64_t until_s;
    char *pattern;
};

struct links *links_new(const struct file_store *files, const char *public_url, int64_t hours,
                        struct fault *why)
{
    uint8_t random[SHA256_SIZE];
    struct links *links = calloc(1, sizeof *links);
    if (!links) {
        (void)fault_memory(why);
        return NULL;
    }
    links->files = files;
    links->public_url = public_url;
    links->hours = hours;
    random_fill(random, sizeof random);
    digest_hex(random, sizeof random, links->nonce);
    return links;
}

void links_free(struct links *links)
{
    if (!links)
        return;
    free(links->pattern);
    free(links);
}

const char *links_pattern(struct links *links, const char *partner)
{
    free(links->pattern);
    links->until_s = clock_now_ms() / SECOND_MS + links->hours * HOUR_S;
    if (asprintf(&links->pattern, "%s%s{sha256}?to=%s&until=%" PRId64 "&key=%s", links->public_url,
                 folder, partner, links->until_s, links->nonce) < 0)
        links->pattern = NULL;
    return links->pattern;
}

/* The hash that the nonce at `at` stands behind; false when there is none. */
static bool find_hash(const char *begin, const char *at, uint8_t sha256[SHA256_SIZE])
{
    const char *from = at - begin > NEAR ? at - NEAR : begin;
    const char *found = NULL;
    for (const char *next = from;
         (next = memmem(next, (size_t)(at - next), folder, sizeof folder - 1)); next++)
        found = next;
    char hex[SHA256_HEX_SIZE];
    if (!found || at - found < (ptrdiff_t)(sizeof folder - 1 + SHA256_HEX_SIZE))
        return false;
    memcpy(hex, found + sizeof folder - 1, SHA256_HEX_SIZE - 1);
    hex[SHA256_HEX_SIZE - 1] = '\0';
    return digest_unhex(hex, SHA256_SIZE, sha256);
}

static bool sign(const struct links *links, const char *partner, const char *begin, char *at,
                 struct fault *why)
{
    struct file_link link = {.partner = partner, .until_s = links->until_s};
    if (!find_hash(begin, at, link.sha256))
        return fault_set(why, FAULT_BROKEN, "an address of a file has no hash");
    auto_free(free) char *whole =
        proof_link(file_store_key(links->files), links->public_url, &link, why);
    if (!whole)
        return false;
    memcpy(at, whole + strlen(whole) - NONCE_SIZE, NONCE_SIZE);
    return true;
}

bool links_sign(const struct links *links, const char *partner, struct adapt_written *written,
                struct fault *why)
{
    char *end = written->bytes + written->size;
    for (char *at = written->bytes; (at = memmem(at, (size_t)(end - at), links->nonce, NONCE_SIZE));
         at += NONCE_SIZE)
        if (!sign(links, partner, written->bytes, at, why)) {
            adapt_written_free(written);
            return false;
        }
    return true;
}
