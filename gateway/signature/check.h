/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNATURE_CHECK_H
#define SIGNATURE_CHECK_H

#include "adapt/adapter.h"
#include "directory/partner.h"

/** A document, and what came beside it; all is borrowed. */
struct signature_wish {
    const char *bytes; /**< as received */
    size_t size;
    const char *jws; /**< a detached JWS that came with it; NULL: none */
    const struct partner_signatures *policy;
    const struct adapt_limits *limits;
    int64_t at_ms; /**< the arrival */
};

struct signature_verdict {
    bool is_bad;
    struct problem problem; /**< what is wrong, when it is bad; its path is `path` */
    char *path;             /**< heap, or NULL */
    /** What was proved, as JSON to be kept and shown: a list of {method, algorithm, sha256, serial,
     * issuer, kid}; NULL when there was no signature.  Of the signer's name it holds nothing. */
    char *proved;
};

/**
 * Judges the signatures of a document as the policy says: an XML signature in it, a detached JWS
 * beside it; each that is there must be good.  With SIGNATURES_IGNORED nothing is looked at.
 * False for faults of our own.  The caller ends the verdict with signature_verdict_free.
 */
bool signature_check(const struct signature_wish *wish, struct signature_verdict *verdict,
                     struct fault *why) __attribute__((warn_unused_result));
void signature_verdict_free(struct signature_verdict *verdict);

#endif
