/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNATURE_FOUND_H
#define SIGNATURE_FOUND_H

#include "adapt/adapter.h"
#include "adapt/arena.h"
#include "directory/partner.h"

/** A document whose signatures are looked at, and by what they are judged; all is borrowed. */
struct signature_input {
    const char *bytes;
    size_t size;
    const struct partner_signatures *policy;
    const struct adapt_limits *limits;
    int64_t at_ms; /**< the arrival: certificates must be good then */
    struct arena *arena;
};

/** One signature.  Texts are constants or in the arena; the signer is for signature_found_free. */
struct signature_found {
    const char *flaw;      /**< NULL: it is good; else what was expected, a constant */
    enum rule rule;        /**< that it breaks */
    const char *path;      /**< where it is */
    int line, column;      /**< from 1; 0 where there is none */
    const char *method;    /**< "xmldsig", "xades", "jws" */
    const char *algorithm; /**< as "rsa-sha256" or "RS256" */
    const char *kid;       /**< of a key without certificate; else NULL */
    struct trust_signer signer;
};

/** Says what is wrong, and returns true: the signature was judged. */
static inline bool signature_flaw(struct signature_found *found, const char *flaw)
{
    found->flaw = flaw;
    found->rule = RULE_SIGNATURE;
    return true;
}

#endif
