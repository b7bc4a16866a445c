/* SPDX-License-Identifier: Apache-2.0 */
/* Signers' certificates, judged by OpenSSL; names are written by GnuTLS, as those of clients are.
 */
#include "base/trust.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <gnutls/x509.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

enum {
    PEM_LIMIT = 16 * 1024 * 1024, /* lists of revoked certificates are long */
    AUTH_LEVEL = 2,               /* OpenSSL's: 112 bits */
    RSA_LEAST = 2048,
    RSA_MOST = 8192,
    NAME_SIZE = 64,
    MS_OF_S = 1000,
};

static const char key_wish[] = "an RSA key of 2048 to 8192 bits, or one on P-256, P-384 or P-521";

struct trust {
    X509_STORE *store;
    bool has_lists;
};

static void free_certificates(STACK_OF(X509) * list)
{
    sk_X509_pop_free(list, X509_free);
}

ENDS_WITH_SCOPE(struct trust *, trust_free)
ENDS_WITH_SCOPE(BIO *, BIO_free_all)
ENDS_WITH_SCOPE(X509 *, X509_free)
ENDS_WITH_SCOPE(X509_STORE_CTX *, X509_STORE_CTX_free)
ENDS_WITH_SCOPE(STACK_OF(X509) *, free_certificates)
ENDS_WITH_SCOPE(BIGNUM *, BN_free)

/* ---- loading ---- */

static bool add_anchors(struct trust *trust, BIO *bytes, const char *path, struct fault *why)
{
    size_t count = 0;
    bool is_good = true;
    for (X509 *read; is_good && (read = PEM_read_bio_X509(bytes, NULL, NULL, NULL)); count++) {
        is_good = X509_STORE_add_cert(trust->store, read) == 1;
        X509_free(read);
    }
    return (is_good && count > 0) ||
           fault_set(why, FAULT_REFUSE, "%s: no certificates in PEM that can be used", path);
}

static bool add_lists(struct trust *trust, BIO *bytes, const char *path, struct fault *why)
{
    size_t count = 0;
    bool is_good = true;
    for (X509_CRL *read; is_good && (read = PEM_read_bio_X509_CRL(bytes, NULL, NULL, NULL));
         count++) {
        is_good = X509_STORE_add_crl(trust->store, read) == 1;
        X509_CRL_free(read);
    }
    trust->has_lists = true;
    return (is_good && count > 0) ||
           fault_set(why, FAULT_REFUSE, "%s: no revocation lists in PEM that can be used", path);
}

typedef bool add_all(struct trust *trust, BIO *bytes, const char *path, struct fault *why);

static bool read_file(struct trust *trust, const char *path, add_all *add, struct fault *why)
{
    size_t size = 0;
    auto_free(free) char *text = file_read(path, PEM_LIMIT, &size, why);
    if (!text)
        return false;
    auto_free(BIO_free_all) BIO *bytes = BIO_new_mem_buf(text, (int)size);
    if (!bytes)
        return fault_memory(why);
    ERR_clear_error();
    if (!add(trust, bytes, path, why))
        return false;
    unsigned long last = ERR_peek_last_error(); /* a file that ends has no more to begin with */
    return last == 0 || ERR_GET_REASON(last) == PEM_R_NO_START_LINE ||
           fault_set(why, FAULT_REFUSE, "%s: a damaged part", path);
}

struct trust *trust_load(const char *anchors, const char *crl, struct fault *why)
{
    auto_free(trust_free) struct trust *trust = calloc(1, sizeof *trust);
    if (!trust || !(trust->store = X509_STORE_new())) {
        (void)fault_memory(why);
        return NULL;
    }
    if (!read_file(trust, anchors, add_anchors, why) ||
        (crl && !read_file(trust, crl, add_lists, why)))
        return NULL;
    return steal(trust);
}

void trust_free(struct trust *trust)
{
    if (!trust)
        return;
    X509_STORE_free(trust->store);
    free(trust);
}

/* ---- keys ---- */

bool trust_takes_key(const EVP_PKEY *key)
{
    static const char *const curves[] = {"prime256v1", "secp384r1", "secp521r1"};
    char curve[NAME_SIZE] = "";
    int bits = EVP_PKEY_get_bits(key);
    if (EVP_PKEY_is_a(key, "RSA"))
        return bits >= RSA_LEAST && bits <= RSA_MOST;
    if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL) != 1)
        return false;
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        if (strcmp(curve, curves[i]) == 0)
            return true;
    return false;
}

const char *trust_key_wish(void)
{
    return key_wish;
}

/* ---- the chain ---- */

/* Copies, with nothing behind a certificate's end; NULL in *list after a flaw. */
static bool read_chain(const struct trust_shown *shown, size_t count, STACK_OF(X509) * *list,
                       struct fault *why)
{
    auto_free(free_certificates) STACK_OF(X509) *read = sk_X509_new_null();
    *list = NULL;
    if (!read)
        return fault_memory(why);
    for (size_t i = 0; i < count; i++) {
        const unsigned char *at = shown[i].der;
        if (shown[i].size > TRUST_CERTIFICATE_MOST)
            return true;
        auto_free(X509_free) X509 *one = d2i_X509(NULL, &at, (long)shown[i].size);
        if (!one || at != shown[i].der + shown[i].size)
            return true;
        if (sk_X509_push(read, one) <= 0)
            return fault_memory(why);
        (void)steal(one);
    }
    *list = steal(read);
    return true;
}

static bool issued_another(STACK_OF(X509) * list, int candidate)
{
    const X509_NAME *name = X509_get_subject_name(sk_X509_value(list, candidate));
    for (int i = 0; i < sk_X509_num(list); i++)
        if (i != candidate &&
            X509_NAME_cmp(name, X509_get_issuer_name(sk_X509_value(list, i))) == 0)
            return true;
    return false;
}

/* The one that issued none of the others; NULL when that is not one. */
static X509 *find_leaf(STACK_OF(X509) * list)
{
    X509 *leaf = NULL;
    for (int i = 0; i < sk_X509_num(list); i++) {
        if (issued_another(list, i))
            continue;
        if (leaf)
            return NULL;
        leaf = sk_X509_value(list, i);
    }
    return leaf;
}

static const char *flaw_of(int code)
{
    static const struct {
        int code;
        const char *flaw;
    } flaws[] = {
        {X509_V_ERR_CERT_HAS_EXPIRED, "a certificate that has not expired"},
        {X509_V_ERR_CERT_NOT_YET_VALID, "a certificate that is valid already"},
        {X509_V_ERR_CERT_REVOKED, "a certificate that is not revoked"},
        {X509_V_ERR_CRL_HAS_EXPIRED, "a revocation list that is not too old"},
        {X509_V_ERR_UNABLE_TO_GET_CRL, "a revocation list of each authority"},
        {X509_V_ERR_CRL_NOT_YET_VALID, "a revocation list that is valid already"},
        {X509_V_ERR_EE_KEY_TOO_SMALL, key_wish},
        {X509_V_ERR_CA_KEY_TOO_SMALL, "authorities with strong keys"},
        {X509_V_ERR_CA_MD_TOO_WEAK, "certificates without SHA-1 or MD5"},
    };
    for (size_t i = 0; i < sizeof flaws / sizeof *flaws; i++)
        if (flaws[i].code == code)
            return flaws[i].flaw;
    return "a certificate of a trusted authority";
}

static bool verify(const struct trust *trust, X509 *leaf, STACK_OF(X509) * others, int64_t at_ms,
                   const char **flaw, struct fault *why)
{
    auto_free(X509_STORE_CTX_free) X509_STORE_CTX *judgement = X509_STORE_CTX_new();
    if (!judgement || X509_STORE_CTX_init(judgement, trust->store, leaf, others) != 1)
        return fault_memory(why);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(judgement);
    unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;
    if (trust->has_lists)
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
    X509_VERIFY_PARAM_set_depth(param, TRUST_CHAIN_MOST);
    X509_VERIFY_PARAM_set_time(param, (time_t)(at_ms / MS_OF_S));
    if (X509_VERIFY_PARAM_set_flags(param, flags) != 1)
        return fault_memory(why);
    int result = X509_verify_cert(judgement);
    int code = X509_STORE_CTX_get_error(judgement);
    if (result < 0 || code == X509_V_ERR_OUT_OF_MEM)
        return fault_memory(why);
    *flaw = result == 1 ? NULL : flaw_of(code);
    return true;
}

/* Without the extension a key may do everything. */
static bool may_sign(X509 *leaf)
{
    return X509_get_key_usage(leaf) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION);
}

/* ---- the signer ---- */

void trust_signer_free(struct trust_signer *signer)
{
    EVP_PKEY_free(signer->key);
    free(signer->subject);
    free(signer->issuer);
    free(signer->serial);
    *signer = (struct trust_signer){.key = NULL};
}

static char *name_of(int (*read)(gnutls_x509_crt_t, gnutls_datum_t *, unsigned),
                     gnutls_x509_crt_t certificate)
{
    gnutls_datum_t text = {NULL, 0};
    char *name = NULL;
    if (read(certificate, &text, 0) >= 0)
        name = strndup((const char *)text.data, text.size);
    gnutls_free(text.data);
    return name ? name : strdup(""); /* one that cannot be written is nobody's */
}

static bool read_names(const struct trust_shown *shown, struct trust_signer *signer,
                       struct fault *why)
{
    gnutls_x509_crt_t certificate = NULL;
    gnutls_datum_t der = {.size = (unsigned)shown->size};
    der.data = (unsigned char *)(uintptr_t)shown->der; /* is only read */
    if (gnutls_x509_crt_init(&certificate) < 0)
        return fault_memory(why);
    if (gnutls_x509_crt_import(certificate, &der, GNUTLS_X509_FMT_DER) >= 0) {
        signer->subject = name_of(gnutls_x509_crt_get_dn3, certificate);
        signer->issuer = name_of(gnutls_x509_crt_get_issuer_dn3, certificate);
    } else {
        signer->subject = strdup("");
        signer->issuer = strdup("");
    }
    gnutls_x509_crt_deinit(certificate);
    return (signer->subject && signer->issuer) || fault_memory(why);
}

static char *serial_of(X509 *leaf)
{
    auto_free(BN_free) BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(leaf), NULL);
    char *hex = number ? BN_bn2hex(number) : NULL;
    char *copy = hex ? strdup(hex) : NULL;
    OPENSSL_free(hex);
    return copy;
}

static bool describe(X509 *leaf, const struct trust_shown *shown, struct trust_signer *signer,
                     struct fault *why)
{
    signer->key = X509_get_pubkey(leaf);
    signer->serial = serial_of(leaf);
    digest_sha256(shown->der, shown->size, signer->fingerprint);
    return signer->key && signer->serial ? read_names(shown, signer, why) : fault_memory(why);
}

static bool judge(const struct trust *trust, STACK_OF(X509) * list, X509 *leaf, int64_t at_ms,
                  const char **flaw, struct fault *why)
{
    const EVP_PKEY *key = X509_get0_pubkey(leaf);
    *flaw = !key || !trust_takes_key(key) ? key_wish
            : !may_sign(leaf)             ? "a certificate that is meant for signing"
                                          : NULL;
    return *flaw || verify(trust, leaf, list, at_ms, flaw, why);
}

/* The signer's, which read_chain put in the list at the place where it came. */
static bool describe_leaf(STACK_OF(X509) * list, X509 *leaf, const struct trust_chain *chain,
                          struct trust_signer *signer, struct fault *why)
{
    struct trust_signer described = {.which = 0};
    while (sk_X509_value(list, (int)described.which) != leaf)
        described.which++;
    if (!describe(leaf, &chain->shown[described.which], &described, why)) {
        trust_signer_free(&described);
        return false;
    }
    *signer = described;
    return true;
}

bool trust_judge(const struct trust *trust, const struct trust_chain *chain,
                 struct trust_signer *signer, const char **flaw, struct fault *why)
{
    STACK_OF(X509) *read = NULL;
    *flaw = "fewer certificates";
    if (chain->count > TRUST_CHAIN_MOST)
        return true;
    *flaw = "certificates that can be read";
    if (!read_chain(chain->shown, chain->count, &read, why))
        return false;
    auto_free(free_certificates) STACK_OF(X509) *list = read;
    X509 *leaf = list ? find_leaf(list) : NULL;
    if (!list)
        return true;
    *flaw = "the certificates of one signer";
    if (!leaf)
        return true;
    if (!judge(trust, list, leaf, chain->at_ms, flaw, why))
        return false;
    return *flaw || describe_leaf(list, leaf, chain, signer, why);
}
