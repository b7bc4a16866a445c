/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNATURE_SIGNER_H
#define SIGNATURE_SIGNER_H

#include "signature/found.h"

/** Finds the signer among the certificates that came with a signature, and whether the policy takes
 * him; what it does not is the flaw of `found`.  False for faults of our own. */
bool signer_judge(const struct signature_input *input, const struct trust_shown *shown,
                  size_t count, struct signature_found *found, struct fault *why)
    __attribute__((warn_unused_result));

/** Decodes certificates written in base64 into the arena: false when one is none. */
bool signer_decode(struct arena *arena, const char *text, size_t size, struct trust_shown *shown);

#endif
