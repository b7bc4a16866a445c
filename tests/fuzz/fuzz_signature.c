/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures from outside: any bytes must be judged, and none of them is good, since the one key
 * that is trusted signed nothing.  The first byte says what the rest is. */
#include "base/base64url.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "signature/check.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum kind { KIND_DOCUMENT, KIND_SIGNATURE, KIND_JWS, KIND_HEADER, KIND_CERTIFICATE, KIND_COUNT };

static struct partner_signatures policy = {.policy = SIGNATURES_REQUIRED};
static unsigned char *own_der;
static int own_size;

static void stop_if(bool is_wrong, const char *what)
{
    if (!is_wrong)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    char path[] = "/tmp/fuzz-signature-XXXXXX";
    struct fault why = {0};
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    (void)count, (void)arguments;
    X509_set_version(certificate, X509_VERSION_3);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)"Fuzz", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_gmtime_adj(X509_getm_notBefore(certificate), -86400);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_set_pubkey(certificate, key);
    stop_if(X509_sign(certificate, key, EVP_sha256()) <= 0, "no certificate");
    own_size = i2d_X509(certificate, &own_der);
    FILE *file = fdopen(mkstemp(path), "w");
    stop_if(!file || PEM_write_X509(file, certificate) != 1 || fclose(file) != 0, "no file");
    policy.trust = trust_load(path, NULL, &why);
    stop_if(!policy.trust, why.text);
    (void)unlink(path);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return 0;
}

/* A text in which every %C is the trusted certificate, of its exact size. */
static char *expand(const char *before, const uint8_t *bytes, size_t size, const char *after,
                    size_t *whole_size)
{
    char *whole = NULL;
    auto_free(free) char *own = malloc((size_t)own_size * 2);
    EVP_EncodeBlock((unsigned char *)own, own_der, own_size);
    FILE *out = open_memstream(&whole, whole_size);
    fputs(before, out);
    for (size_t at = 0; at < size; at++) {
        bool is_hole = bytes[at] == '%' && at + 1 < size && bytes[at + 1] == 'C';
        if (is_hole)
            fputs(own, out);
        else
            putc(bytes[at], out);
        at += is_hole;
    }
    fputs(after, out);
    fclose(out);
    return whole;
}

static void check(const char *document, size_t size, const char *jws)
{
    static const struct adapt_limits limits = {1 << 20, 64, 20000, 64, 2000, 65536, 100, 100};
    struct signature_verdict verdict;
    struct fault why;
    char sentence[800];
    const struct signature_wish wish = {document, size, jws, &policy, &limits, clock_now_ms()};
    stop_if(!signature_check(&wish, &verdict, &why), "a fault of our own");
    stop_if(!verdict.is_bad || verdict.proved, "forged");
    problem_write(&verdict.problem, "vi", sentence, sizeof sentence);
    signature_verdict_free(&verdict);
}

static void check_header(const uint8_t *bytes, size_t size)
{
    size_t whole_size = 0;
    auto_free(free) char *text = expand("", bytes, size, "", &whole_size);
    auto_free(free) char *jws = calloc(1, base64url_size(whole_size) + 100);
    base64url_encode((const uint8_t *)text, whole_size, jws);
    (void)stpcpy(jws + base64url_size(whole_size), "..AAAA");
    check("{}", 2, jws);
}

static void check_certificate(const uint8_t *bytes, size_t size)
{
    const struct trust_shown shown = {bytes, size};
    struct trust_signer signer = {.key = NULL};
    const char *flaw = NULL;
    struct fault why;
    const struct trust_chain chain = {&shown, 1, clock_now_ms()};
    stop_if(!trust_judge(policy.trust, &chain, &signer, &flaw, &why), "a fault");
    if (!flaw)
        trust_signer_free(&signer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char before[] =
        "<L xmlns=\"urn:x\" Id=\"l\"><Signature Id=\"s\" xmlns=\"http://www.w3.org"
        "/2000/09/xmldsig#\">";
    size_t whole_size = 0;
    if (size < 1)
        return 0;
    enum kind kind = bytes[0] % KIND_COUNT;
    if (kind == KIND_HEADER) {
        check_header(bytes + 1, size - 1);
        return 0;
    }
    if (kind == KIND_CERTIFICATE) {
        check_certificate(bytes + 1, size - 1);
        return 0;
    }
    bool is_inside = kind == KIND_SIGNATURE;
    auto_free(free) char *text = expand(is_inside ? before : "", bytes + 1, size - 1,
                                        is_inside ? "</Signature></L>" : "", &whole_size);
    if (kind == KIND_JWS)
        check("{}", 2, text);
    else
        check(text, whole_size, NULL);
    return 0;
}
