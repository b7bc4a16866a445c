/* SPDX-License-Identifier: Apache-2.0 */
/* Authorities, certificates and signatures for tests: made anew each time, by OpenSSL and xmlsec.
 */
#ifndef UNIT_SEAL_H
#define UNIT_SEAL_H

#include "scratch.h"

#include "base/base64url.h"

#include <libxml/parser.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmltree.h>

enum { SEAL_DAY = 86400 };

struct seal {
    EVP_PKEY *key;
    X509 *certificate;
};

struct seal_wish {
    const char *name;
    const struct seal *issuer; /* NULL: itself */
    bool is_authority;
    const char *usage;       /* NULL: digitalSignature */
    const EVP_MD *digest;    /* NULL: SHA-256 */
    int from_day, until_day; /* from today; both 0: -1 and 30 */
    unsigned rsa_bits;       /* 0: P-256 */
    long serial;
};

static inline void seal_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static inline struct seal seal_make(const struct seal_wish *wish)
{
    static long last = 1000;
    struct seal made = {wish->rsa_bits ? EVP_RSA_gen(wish->rsa_bits) : EVP_EC_gen("P-256"),
                        X509_new()};
    assert_non_null(made.key);
    X509 *certificate = made.certificate;
    const struct seal *issuer = wish->issuer ? wish->issuer : &made;
    bool is_usual = !wish->from_day && !wish->until_day;
    X509_NAME *name = X509_get_subject_name(certificate);
    assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                                (const unsigned char *)wish->name, -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(certificate, X509_get_subject_name(issuer->certificate)),
                     1);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), wish->serial ? wish->serial : ++last);
    X509_gmtime_adj(X509_getm_notBefore(certificate), (is_usual ? -1 : wish->from_day) * SEAL_DAY);
    X509_gmtime_adj(X509_getm_notAfter(certificate), (is_usual ? 30 : wish->until_day) * SEAL_DAY);
    assert_int_equal(X509_set_pubkey(certificate, made.key), 1);
    seal_extension(certificate, NID_basic_constraints,
                   wish->is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    seal_extension(certificate, NID_key_usage,
                   wish->usage          ? wish->usage
                   : wish->is_authority ? "critical,keyCertSign,cRLSign"
                                        : "critical,digitalSignature");
    assert_true(X509_sign(certificate, issuer->key, wish->digest ? wish->digest : EVP_sha256()) >
                0);
    return made;
}

static inline void seal_end(struct seal *seal)
{
    X509_free(seal->certificate);
    EVP_PKEY_free(seal->key);
    *seal = (struct seal){NULL, NULL};
}

/* A PEM file of these certificates; the test unlinks it. */
static inline void seal_file(char path[SCRATCH_PATH_SIZE], const struct seal *const *seals)
{
    scratch_text(path, "");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (; *seals; seals++)
        assert_int_equal(PEM_write_X509(file, (*seals)->certificate), 1);
    assert_int_equal(fclose(file), 0);
}

/* A PEM file of one revocation list: of `revoked`, or of nothing. */
static inline void seal_list(char path[SCRATCH_PATH_SIZE], const struct seal *authority,
                             const struct seal *revoked, int until_day)
{
    X509_CRL *list = X509_CRL_new();
    ASN1_TIME *time = ASN1_TIME_new();
    assert_int_equal(X509_CRL_set_version(list, X509_CRL_VERSION_2), 1);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(authority->certificate));
    X509_CRL_set1_lastUpdate(list, X509_gmtime_adj(time, -2 * SEAL_DAY));
    X509_CRL_set1_nextUpdate(list, X509_gmtime_adj(time, until_day * SEAL_DAY));
    if (revoked) {
        X509_REVOKED *row = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(row, X509_get_serialNumber(revoked->certificate));
        X509_REVOKED_set_revocationDate(row, X509_gmtime_adj(time, -SEAL_DAY));
        X509_CRL_add0_revoked(list, row);
    }
    assert_true(X509_CRL_sign(list, authority->key, EVP_sha256()) > 0);
    scratch_text(path, "");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509_CRL(file, list), 1);
    assert_int_equal(fclose(file), 0);
    ASN1_TIME_free(time);
    X509_CRL_free(list);
}

/* DER in base64; the caller frees it. */
static inline char *seal_base64(const struct seal *seal)
{
    unsigned char *der = NULL;
    int size = i2d_X509(seal->certificate, &der);
    assert_true(size > 0);
    char *text = malloc((size_t)size * 2 + 4);
    assert_non_null(text);
    EVP_EncodeBlock((unsigned char *)text, der, size);
    OPENSSL_free(der);
    return text;
}

/* ---- XML ---- */

/* Fills in the digests and the signature of the first ds:Signature; the caller frees the text.  The
 * program must have started xmlsec: it does at its first check. */
static inline char *seal_xml(const char *unsigned_text, EVP_PKEY *key)
{
    static const xmlChar *ids[] = {(const xmlChar *)"Id", NULL};
    xmlDocPtr document =
        xmlReadMemory(unsigned_text, (int)strlen(unsigned_text), NULL, NULL, XML_PARSE_NONET);
    assert_non_null(document);
    xmlSecAddIDs(document, xmlDocGetRootElement(document), ids);
    xmlNodePtr node =
        xmlSecFindNode(xmlDocGetRootElement(document), xmlSecNodeSignature, xmlSecDSigNs);
    xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(NULL);
    assert_non_null(node);
    assert_non_null(context);
    context->signKey = xmlSecKeyCreate();
    EVP_PKEY_up_ref(key);
    assert_int_equal(xmlSecKeySetValue(context->signKey, xmlSecOpenSSLEvpKeyAdopt(key)), 0);
    if (xmlSecDSigCtxSign(context, node) < 0)
        fail_msg("cannot sign: %s", unsigned_text);
    xmlChar *text = NULL;
    int size = 0;
    xmlDocDumpMemory(document, &text, &size);
    char *copy = strndup((const char *)text, (size_t)size);
    xmlFree(text);
    xmlSecDSigCtxDestroy(context);
    xmlFreeDoc(document);
    return copy;
}

/* ---- JWS ---- */

/* "HEADER..SIGNATURE" over the payload by RS256 or ES256, whatever the header says. */
static inline char *seal_jws(const char *header, const char *payload, size_t size, bool is_plain,
                             EVP_PKEY *key)
{
    size_t header_size = base64url_size(strlen(header));
    char *input = calloc(1, header_size + 2 + base64url_size(size) + size + 4096);
    assert_non_null(input);
    base64url_encode((const uint8_t *)header, strlen(header), input);
    char *at = input + header_size;
    *at++ = '.';
    if (is_plain)
        memcpy(at, payload, size);
    else
        base64url_encode((const uint8_t *)payload, size, at);
    size_t input_size = header_size + 1 + (is_plain ? size : base64url_size(size));
    unsigned char made[2048], bare[64];
    size_t made_size = sizeof made;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(
        EVP_DigestSign(context, made, &made_size, (const unsigned char *)input, input_size), 1);
    EVP_MD_CTX_free(context);
    const unsigned char *signature = made;
    if (EVP_PKEY_is_a(key, "EC")) {
        const unsigned char *der = made;
        ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)made_size);
        BN_bn2binpad(ECDSA_SIG_get0_r(pair), bare, 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(pair), bare + 32, 32);
        ECDSA_SIG_free(pair);
        signature = bare;
        made_size = sizeof bare;
    }
    at = input + header_size + 1;
    *at++ = '.';
    base64url_encode(signature, made_size, at);
    at[base64url_size(made_size)] = '\0';
    return input;
}

#endif
