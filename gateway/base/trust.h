/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_TRUST_H
#define BASE_TRUST_H

#include "base/digest.h"
#include "base/fault.h"

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TRUST_CHAIN_MOST = 8,              /**< certificates that a signature may bring */
    TRUST_CERTIFICATE_MOST = 16 * 1024 /**< bytes of one */
};

/**
 * By whom signers' certificates are judged: authorities, or single certificates, and the lists of
 * what authorities took back.  Immutable: threads share it.
 */
struct trust;

/**
 * Reads PEM files.  Every certificate of `anchors` is trusted as it stands, whoever signed it.
 * With `crl` (else NULL) every authority of a chain needs a list in that file.  FAULT_REFUSE names
 * the file that cannot be used.
 */
struct trust *trust_load(const char *anchors, const char *crl, struct fault *why)
    __attribute__((warn_unused_result));
void trust_free(struct trust *trust);

/** A certificate as a signature brought it, borrowed. */
struct trust_shown {
    const unsigned char *der;
    size_t size;
};

/** What came with one signature, and when. */
struct trust_chain {
    const struct trust_shown *shown; /**< in whatever order */
    size_t count;
    int64_t at_ms; /**< the moment at which they must be good */
};

/** Who signed.  The caller ends it with trust_signer_free. */
struct trust_signer {
    EVP_PKEY *key;
    uint8_t fingerprint[SHA256_SIZE]; /**< SHA-256 of the certificate */
    char *subject, *issuer;           /**< as RFC 4514 writes them; the subject may name a person */
    char *serial;                     /**< in hex */
    size_t which;                     /**< of the certificates that came is the signer's */
};
void trust_signer_free(struct trust_signer *signer);

/**
 * Whether the certificates lead from one signer to an anchor that vouches for
 * it at that moment: in force, not revoked, no SHA-1 and no RSA key under 2048 bits on the way,
 * meant for signing.  `*flaw` is NULL and `*signer` filled when they do, else it is what was
 * expected, a constant.  False with a fault for faults of our own.
 */
bool trust_judge(const struct trust *trust, const struct trust_chain *chain,
                 struct trust_signer *signer, const char **flaw, struct fault *why)
    __attribute__((warn_unused_result));

/** Whether signatures by this key count: RSA of 2048 to 8192 bits, or P-256, P-384, P-521. */
bool trust_takes_key(const EVP_PKEY *key);
/** What trust_takes_key wants, as a flaw says it. */
const char *trust_key_wish(void);

#endif
