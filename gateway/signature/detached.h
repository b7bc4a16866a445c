/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNATURE_DETACHED_H
#define SIGNATURE_DETACHED_H

#include "signature/found.h"

/** The most digits of a detached JWS. */
enum { DETACHED_MOST = 32 * 1024 };

/**
 * A detached JWS (RFC 7515, appendix F: "HEADER..SIGNATURE") over exactly the input's bytes: RS256
 * or ES256, with the signer's certificates in `x5c`, or `kid` of a key of the policy; `b64: false`
 * (RFC 7797) is understood.  What names keys elsewhere (`jku`, `x5u`) or brings its own (`jwk`), or
 * has a critical header that is not understood, is refused.  False for faults of our own.
 */
bool signature_detached(const struct signature_input *input, const char *jws,
                        struct signature_found *found, struct fault *why)
    __attribute__((warn_unused_result));

#endif
