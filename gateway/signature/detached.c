/* SPDX-License-Identifier: Apache-2.0 */
/* Detached JWS.  The document is hashed where it lies, since it may be large. */
#include "signature/detached.h"

#include "base/base64url.h"
#include "base/cleanup.h"
#include "base/moment.h"
#include "signature/signer.h"

#include <jansson.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <string.h>

enum {
    SIGNATURE_MOST = 1024, /* bytes: of RSA with 8192 bits */
    ES256_SIZE = 64,
    PIECE = 3 * 1024,
};

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(EVP_MD_CTX *, EVP_MD_CTX_free)
ENDS_WITH_SCOPE(ECDSA_SIG *, ECDSA_SIG_free)

/* A JWS taken apart. */
struct parts {
    const char *header; /* digits: what is signed begins with them */
    size_t header_size;
    json_t *says;  /* the header */
    bool is_plain; /* `b64: false`: the document is signed as it is */
    uint8_t signature[SIGNATURE_MOST];
    size_t signature_size;
};

/* ---- the header ---- */

static bool split(const char *jws, struct parts *parts)
{
    size_t size = strlen(jws);
    const char *dot = strchr(jws, '.');
    if (size > DETACHED_MOST || !dot || dot[1] != '.')
        return false;
    parts->header = jws;
    parts->header_size = (size_t)(dot - jws);
    return base64url_decode(dot + 2, strlen(dot + 2), parts->signature, SIGNATURE_MOST,
                            &parts->signature_size);
}

static json_t *read_header(const struct parts *parts, struct arena *arena)
{
    size_t size = 0;
    char *text = arena_take(arena, parts->header_size + 1);
    if (!text || !base64url_decode(parts->header, parts->header_size, (uint8_t *)text,
                                   parts->header_size, &size))
        return NULL;
    json_t *says = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(says))
        return says;
    json_decref(says);
    return NULL;
}

/* `crit` must name what is there and understood, each once: of such there is `b64` alone. */
static bool is_understood(struct parts *parts)
{
    const json_t *critical = json_object_get(parts->says, "crit");
    const json_t *b64 = json_object_get(parts->says, "b64");
    const char *name = json_string_value(json_array_get(critical, 0));
    if (!critical && !b64)
        return true;
    if (json_array_size(critical) != 1 || !name || strcmp(name, "b64") != 0 ||
        !json_is_boolean(b64))
        return false;
    parts->is_plain = json_is_false(b64);
    return true;
}

static const char *check_header(struct parts *parts)
{
    static const char *const elsewhere[] = {"jku", "x5u", "jwk"};
    const char *algorithm = json_string_value(json_object_get(parts->says, "alg"));
    if (!algorithm || (strcmp(algorithm, "RS256") != 0 && strcmp(algorithm, "ES256") != 0))
        return "RS256 or ES256";
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (json_object_get(parts->says, elsewhere[i]))
            return "certificates and no references to keys elsewhere";
    return is_understood(parts) ? NULL : "no critical headers but b64";
}

/* ---- the key ---- */

static bool take_certificates(const struct signature_input *input, const json_t *list,
                              struct signature_found *found, struct fault *why)
{
    struct trust_shown shown[TRUST_CHAIN_MOST];
    size_t count = json_array_size(list);
    if (count == 0 || count > TRUST_CHAIN_MOST)
        return signature_flaw(found,
                              count ? "fewer certificates" : "certificates that can be read");
    for (size_t i = 0; i < count; i++) {
        const json_t *each = json_array_get(list, i);
        if (!json_is_string(each) || !signer_decode(input->arena, json_string_value(each),
                                                    json_string_length(each), &shown[i]))
            return signature_flaw(found, "certificates that can be read");
    }
    return signer_judge(input, shown, count, found, why);
}

static bool take_named(const struct signature_input *input, const char *kid,
                       struct signature_found *found, struct fault *why)
{
    const struct partner_signatures *policy = input->policy;
    for (size_t i = 0; kid && i < policy->key_count; i++) {
        const struct partner_signing_key *key = &policy->keys[i];
        if (strcmp(key->kid, kid) != 0 || moment_day(input->at_ms) > key->valid_to)
            continue;
        found->kid = arena_text(input->arena, kid, strlen(kid));
        found->signer.key = key->key;
        return (found->kid && EVP_PKEY_up_ref(key->key) == 1) || fault_memory(why);
    }
    return signature_flaw(found, "a key that was agreed with this system");
}

static bool find_key(const struct signature_input *input, const struct parts *parts,
                     struct signature_found *found, struct fault *why)
{
    const json_t *list = json_object_get(parts->says, "x5c");
    if (list)
        return take_certificates(input, list, found, why);
    return take_named(input, json_string_value(json_object_get(parts->says, "kid")), found, why);
}

/* ---- the signature ---- */

static bool fits(const EVP_PKEY *key, const char *algorithm)
{
    enum { P256_BITS = 256 };
    if (strcmp(algorithm, "RS256") == 0)
        return EVP_PKEY_is_a(key, "RSA");
    return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_bits(key) == P256_BITS;
}

/* JWS writes the two numbers of ECDSA bare, OpenSSL wants them in DER; *der is OpenSSL's heap. */
static int to_der(const struct parts *parts, unsigned char **der)
{
    auto_free(ECDSA_SIG_free) ECDSA_SIG *pair = ECDSA_SIG_new();
    const int half = ES256_SIZE / 2;
    if (parts->signature_size != ES256_SIZE || !pair)
        return -1;
    BIGNUM *r = BN_bin2bn(parts->signature, half, NULL);
    BIGNUM *s = BN_bin2bn(parts->signature + half, half, NULL);
    if (!r || !s || ECDSA_SIG_set0(pair, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return -1;
    }
    return i2d_ECDSA_SIG(pair, der);
}

static bool add_document(EVP_MD_CTX *context, const struct signature_input *input)
{
    char digits[PIECE / 3 * 4];
    for (size_t at = 0; at < input->size; at += PIECE) {
        size_t size = input->size - at < PIECE ? input->size - at : PIECE;
        base64url_encode((const uint8_t *)input->bytes + at, size, digits);
        if (EVP_DigestVerifyUpdate(context, digits, base64url_size(size)) != 1)
            return false;
    }
    return true;
}

static bool add_all(EVP_MD_CTX *context, const struct signature_input *input,
                    const struct parts *parts)
{
    return EVP_DigestVerifyUpdate(context, parts->header, parts->header_size) == 1 &&
           EVP_DigestVerifyUpdate(context, ".", 1) == 1 &&
           (parts->is_plain ? EVP_DigestVerifyUpdate(context, input->bytes, input->size) == 1
                            : add_document(context, input));
}

static bool verify(const struct signature_input *input, const struct parts *parts, EVP_PKEY *key)
{
    auto_free(EVP_MD_CTX_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char *der = NULL;
    bool is_ec = EVP_PKEY_is_a(key, "EC");
    int size = is_ec ? to_der(parts, &der) : (int)parts->signature_size;
    bool is_good =
        context && size > 0 && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        add_all(context, input, parts) &&
        EVP_DigestVerifyFinal(context, is_ec ? der : parts->signature, (size_t)size) == 1;
    OPENSSL_free(der);
    return is_good;
}

bool signature_detached(const struct signature_input *input, const char *jws,
                        struct signature_found *found, struct fault *why)
{
    struct parts parts = {.says = NULL};
    found->path = "x-jws-signature";
    found->method = "jws";
    if (!split(jws, &parts))
        return signature_flaw(found, "a detached JWS, HEADER..SIGNATURE");
    auto_free(json_decref) json_t *says = parts.says = read_header(&parts, input->arena);
    if (!says)
        return signature_flaw(found, "a JWS header: one JSON object, each member once");
    const char *flaw = check_header(&parts);
    if (flaw)
        return signature_flaw(found, flaw);
    const char *algorithm = json_string_value(json_object_get(says, "alg"));
    found->algorithm = strcmp(algorithm, "RS256") == 0 ? "RS256" : "ES256";
    if (!find_key(input, &parts, found, why))
        return false;
    if (found->flaw)
        return true;
    return (fits(found->signer.key, algorithm) && verify(input, &parts, found->signer.key)) ||
           signature_flaw(found, "the document as it was signed");
}
