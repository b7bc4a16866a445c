/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of a login that is away, out of its cookie. */
#include "operate/away.h"

#include "base/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SEED_BYTES = 32 };

void away_begin(char cookie[AWAY_COOKIE_SIZE], int64_t now)
{
    uint8_t seed[SEED_BYTES];
    char hex[2 * SEED_BYTES + 1];
    random_fill(seed, sizeof seed);
    digest_hex(seed, sizeof seed, hex);
    (void)snprintf(cookie, AWAY_COOKIE_SIZE, "%" PRId64 ".%s", now, hex);
}

bool away_is_fresh(const char *cookie, int64_t now)
{
    int64_t began;
    return number_read(cookie, strcspn(cookie, "."), 0, INT64_MAX, &began) == NUMBER_GOOD &&
           began <= now && now - began < AWAY_MS;
}

static void derive(const uint8_t key[SHA256_SIZE], const char *what, const char *cookie,
                   char text[AWAY_TEXT_SIZE])
{
    uint8_t inner[SHA256_SIZE], outer[SHA256_SIZE];
    digest_hmac(key, SHA256_SIZE, what, strlen(what), inner);
    digest_hmac(inner, sizeof inner, cookie, strlen(cookie), outer);
    digest_hex(outer, sizeof outer, text);
}

void away_derive(const uint8_t key[SHA256_SIZE], const char *cookie, struct away_texts *texts)
{
    derive(key, "state", cookie, texts->state);
    derive(key, "nonce", cookie, texts->nonce);
    derive(key, "verifier", cookie, texts->verifier);
}
