/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_JWS_H
#define BASE_JWS_H

#include "base/cleanup.h"
#include "base/fault.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * What we sign ourselves: compact JWS (RFC 7515) by ES256, with a key id that is the key's
 * thumbprint (RFC 7638), so that whoever has the public keys can tell later that it was us.
 */
struct jws_keys;

/** The type of signed receipts. */
#define JWS_RECEIPT "receipt+jwt"

/** The private keys of a PEM file, on the curve P-256 (`openssl genpkey -algorithm EC -pkeyopt
 * ec_paramgen_curve:P-256`), at most 16: the first one signs, the others are shown for what they
 * signed before.  FAULT_REFUSE names the file.  Threads may share what is opened. */
struct jws_keys *jws_keys_open(const char *path, struct fault *why)
    __attribute__((warn_unused_result));
void jws_keys_close(struct jws_keys *keys);

/** Their public halves as a JWK set (RFC 7517), the one that signs first.  The caller owns it. */
json_t *jws_keys_public(const struct jws_keys *keys, struct fault *why)
    __attribute__((warn_unused_result));

/** Signs; `type` becomes the header's `typ`.  The caller owns the text; NULL on a fault. */
char *jws_sign(const struct jws_keys *keys, const char *type, const char *payload, size_t size,
               struct fault *why) __attribute__((warn_unused_result));

/** What was signed, when one of the JWK set's keys signed it as that type; the caller owns it. NULL
 * with FAULT_REFUSE when it was not, or is no JSON object.  `text` may come from anywhere. */
json_t *jws_verify(const json_t *key_set, const char *type, const char *text, size_t size,
                   struct fault *why) __attribute__((warn_unused_result));

/* ---- what others sign ---- */

/** A compact JWS that came from anywhere; nothing of it is proved by being read. */
struct jws;

/** NULL when the text is none, or over 1 MiB. */
struct jws *jws_read(const char *text, size_t size) __attribute__((warn_unused_result));
void jws_free(struct jws *jws);
ENDS_WITH_SCOPE(struct jws *, jws_free)

/** A text of its header, borrowed; NULL without it. */
const char *jws_header(const struct jws *jws, const char *name);

/** Whether its header calls something critical: we know none of that, and what we do not know
 * forbids us to take it (RFC 7515 4.1.11). */
bool jws_is_critical(const struct jws *jws);

enum jws_proof {
    JWS_PROVED,
    JWS_KEY_UNFIT, /**< the JWK is no key that can be used */
    JWS_WRONG,     /**< changed, or signed by another key */
    JWS_NO_OBJECT, /**< signed, and no JSON object */
};

/** Whether `key`, a JWK, signed it.  The algorithm is the header's: whoever calls has looked at it.
 * What was signed goes to `*payload`, which the caller owns, when it is proved. */
enum jws_proof jws_prove(const struct jws *jws, const json_t *key, json_t **payload)
    __attribute__((warn_unused_result));

#endif
