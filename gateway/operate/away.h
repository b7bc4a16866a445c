/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_AWAY_H
#define OPERATE_AWAY_H

#include "base/digest.h"

#include <stdbool.h>
#include <stdint.h>

enum { AWAY_COOKIE_SIZE = 128, AWAY_TEXT_SIZE = SHA256_HEX_SIZE, AWAY_MS = 600000 };

/**
 * What a login that goes away to a provider has at both its ends.  It follows from one random text
 * in the browser's cookie and from a key of this process: so there is nothing to keep meanwhile,
 * and nothing to be filled up by strangers.
 */
struct away_texts {
    char state[AWAY_TEXT_SIZE], nonce[AWAY_TEXT_SIZE], verifier[AWAY_TEXT_SIZE];
};

/** A new cookie, which also says when it was made, by clock_ticks_ms. */
void away_begin(char cookie[AWAY_COOKIE_SIZE], int64_t now);

/** Whether the cookie was made less than AWAY_MS ago.  Anybody can write one; that it is ours shows
 * when its state is the one that came back. */
bool away_is_fresh(const char *cookie, int64_t now);

/** The same for the same cookie and key; none of them tells the cookie or another. */
void away_derive(const uint8_t key[SHA256_SIZE], const char *cookie, struct away_texts *texts);

#endif
