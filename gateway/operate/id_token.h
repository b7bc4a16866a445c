/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_ID_TOKEN_H
#define OPERATE_ID_TOKEN_H

#include "base/fault.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/** What an ID token has to say to be ours (OpenID Connect Core 3.1.3.7). */
struct id_token_rules {
    const char *issuer;
    const char *client;
    const char *nonce;
    int64_t now_s;
    const json_t *keys; /**< {"keys": [...]} of the provider (RFC 7517) */
};

/**
 * The claims of a token whose signature (RS256 or ES256, nothing else) one of the keys proves and
 * that follows the rules; the caller owns them.  FAULT_REFUSE otherwise; `*is_key_unknown`: no key
 * has its name, so newer keys may help.
 */
json_t *id_token_read(const char *token, const struct id_token_rules *rules, bool *is_key_unknown,
                      struct fault *why) __attribute__((warn_unused_result));

/** The texts of a claim, which may be one text or a list; `path` may go through objects, as
 * "realm_access.roles".  Calls `each` with every one. */
void id_token_texts(const json_t *claims, const char *path,
                    void (*each)(void *own, const char *text), void *own);

#endif
