/* SPDX-License-Identifier: Apache-2.0 */
/* JWS by cjose, with keys that OpenSSL read. */
#include "base/jws.h"

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/jws_text.h"

#include <cjose/cjose.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

enum {
    KEYS_MOST = 16,
    PEM_LIMIT = 64 * 1024,
    TEXT_LIMIT = 1024 * 1024,
    POINT_SIZE = 32, /* of P-256 */
    NAME_SIZE = 64,
};

static const char algorithm[] = "ES256";

struct jws_keys {
    cjose_jwk_t *list[KEYS_MOST];
    size_t count;
};

ENDS_WITH_SCOPE(struct jws_keys *, jws_keys_close)
ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(cjose_jws_t *, cjose_jws_release)
ENDS_WITH_SCOPE(cjose_jwk_t *, cjose_jwk_release)
ENDS_WITH_SCOPE(cjose_header_t *, cjose_header_release)
ENDS_WITH_SCOPE(EVP_PKEY *, EVP_PKEY_free)
ENDS_WITH_SCOPE(BIO *, BIO_free_all)

/* ---- keys ---- */

static bool take_number(const EVP_PKEY *key, const char *name, uint8_t number[POINT_SIZE])
{
    BIGNUM *read = NULL;
    bool is_good = EVP_PKEY_get_bn_param(key, name, &read) == 1 &&
                   BN_bn2binpad(read, number, POINT_SIZE) == POINT_SIZE;
    BN_clear_free(read);
    return is_good;
}

/* RFC 7638: the members in this order, without blanks. */
static char *thumbprint(const cjose_jwk_t *key)
{
    cjose_err ignored; /* NULL says it */
    char *text = cjose_jwk_to_json(key, false, &ignored);
    auto_free(json_decref) json_t *all = text ? json_loads(text, 0, NULL) : NULL;
    cjose_get_dealloc()(text);
    const char *x = json_string_value(json_object_get(all, "x"));
    const char *y = json_string_value(json_object_get(all, "y"));
    auto_free(free) char *named = NULL;
    uint8_t digest[SHA256_SIZE];
    char *print = NULL;
    size_t size;
    if (!x || !y ||
        asprintf(&named, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y) < 0)
        return NULL;
    digest_sha256(named, strlen(named), digest);
    return cjose_base64url_encode(digest, sizeof digest, &print, &size, &ignored) ? print : NULL;
}

static bool name_key(cjose_jwk_t *key)
{
    cjose_err ignored; /* memory, as above */
    char *print = thumbprint(key);
    bool is_named = print && cjose_jwk_set_kid(key, print, strlen(print), &ignored);
    cjose_get_dealloc()(print);
    return is_named;
}

static bool add_key(struct jws_keys *keys, const EVP_PKEY *read, const char *path,
                    struct fault *why)
{
    uint8_t d[POINT_SIZE], x[POINT_SIZE], y[POINT_SIZE];
    char curve[NAME_SIZE] = "";
    cjose_err error;
    if (keys->count == KEYS_MOST)
        return fault_set(why, FAULT_REFUSE, "%s: over %d keys", path, KEYS_MOST);
    if (EVP_PKEY_get_group_name(read, curve, sizeof curve, NULL) != 1 ||
        strcmp(curve, "prime256v1") != 0 || !take_number(read, OSSL_PKEY_PARAM_PRIV_KEY, d) ||
        !take_number(read, OSSL_PKEY_PARAM_EC_PUB_X, x) ||
        !take_number(read, OSSL_PKEY_PARAM_EC_PUB_Y, y))
        return fault_set(why, FAULT_REFUSE, "%s: a key that is not on the curve P-256", path);
    cjose_jwk_t *key = cjose_jwk_create_EC_spec(&(cjose_jwk_ec_keyspec){.crv = CJOSE_JWK_EC_P_256,
                                                                        .d = d,
                                                                        .dlen = sizeof d,
                                                                        .x = x,
                                                                        .xlen = sizeof x,
                                                                        .y = y,
                                                                        .ylen = sizeof y},
                                                &error);
    OPENSSL_cleanse(d, sizeof d);
    if (!key)
        return fault_set(why, FAULT_REFUSE, "%s: %s", path, error.message);
    keys->list[keys->count++] = key;
    return name_key(key) || fault_memory(why);
}

struct jws_keys *jws_keys_open(const char *path, struct fault *why)
{
    size_t size = 0;
    auto_free(free) char *text = file_read(path, PEM_LIMIT, &size, why);
    auto_free(jws_keys_close) struct jws_keys *keys = calloc(1, sizeof *keys);
    auto_free(BIO_free_all) BIO *bytes = text ? BIO_new_mem_buf(text, (int)size) : NULL;
    if (!text)
        return NULL;
    bool is_good = keys && bytes;
    if (!is_good)
        (void)fault_memory(why);
    for (EVP_PKEY *read; is_good && (read = PEM_read_bio_PrivateKey(bytes, NULL, NULL, NULL));) {
        is_good = add_key(keys, read, path, why);
        EVP_PKEY_free(read);
    }
    OPENSSL_cleanse(text, size);
    if (is_good && keys->count == 0)
        is_good = fault_set(why, FAULT_REFUSE, "%s: no private key in PEM", path);
    return is_good ? steal(keys) : NULL;
}

void jws_keys_close(struct jws_keys *keys)
{
    if (!keys)
        return;
    for (size_t i = 0; i < keys->count; i++)
        cjose_jwk_release(keys->list[i]);
    free(keys);
}

static json_t *show(const cjose_jwk_t *key)
{
    cjose_err ignored; /* NULL says it */
    char *text = cjose_jwk_to_json(key, false, &ignored);
    json_t *shown = text ? json_loads(text, 0, NULL) : NULL;
    cjose_get_dealloc()(text);
    if (json_object_set_new(shown, "alg", json_string(algorithm)) == 0 &&
        json_object_set_new(shown, "use", json_string("sig")) == 0)
        return shown;
    json_decref(shown);
    return NULL;
}

json_t *jws_keys_public(const struct jws_keys *keys, struct fault *why)
{
    auto_free(json_decref) json_t *list = json_array();
    for (size_t i = 0; i < keys->count; i++)
        if (json_array_append_new(list, show(keys->list[i])) != 0) {
            (void)fault_memory(why);
            return NULL;
        }
    json_t *set = json_pack("{s:O}", "keys", list);
    if (!set)
        (void)fault_memory(why);
    return set;
}

/* ---- signing ---- */

static cjose_header_t *make_header(const cjose_jwk_t *key, const char *type)
{
    cjose_err ignored; /* NULL says it */
    auto_free(cjose_header_release) cjose_header_t *header = cjose_header_new(&ignored);
    if (header && cjose_header_set(header, CJOSE_HDR_ALG, algorithm, &ignored) &&
        cjose_header_set(header, CJOSE_HDR_KID, cjose_jwk_get_kid(key, &ignored), &ignored) &&
        cjose_header_set(header, "typ", type, &ignored))
        return steal(header);
    return NULL;
}

char *jws_sign(const struct jws_keys *keys, const char *type, const char *payload, size_t size,
               struct fault *why)
{
    cjose_err error = {.message = ""};
    const char *text = NULL;
    auto_free(cjose_header_release) cjose_header_t *header = make_header(keys->list[0], type);
    auto_free(cjose_jws_release) cjose_jws_t *jws =
        header ? cjose_jws_sign(keys->list[0], header, (const uint8_t *)payload, size, &error)
               : NULL;
    if (!jws || !cjose_jws_export(jws, &text, &error)) {
        (void)fault_set(why, FAULT_RETRY, "cannot sign: %s", error.message);
        return NULL;
    }
    char *copy = strdup(text);
    if (!copy)
        (void)fault_memory(why);
    return copy;
}

/* ---- what others sign ---- */

struct jws {
    cjose_jws_t *parsed;
};

struct jws *jws_read(const char *text, size_t size)
{
    cjose_err ignored; /* NULL says it */
    if (size > TEXT_LIMIT || !jws_text_is_compact(text, size))
        return NULL;
    auto_free(jws_free) struct jws *jws = calloc(1, sizeof *jws);
    if (jws)
        jws->parsed = cjose_jws_import(text, size, &ignored);
    return jws && jws->parsed ? steal(jws) : NULL;
}

void jws_free(struct jws *jws)
{
    if (!jws)
        return;
    cjose_jws_release(jws->parsed);
    free(jws);
}

const char *jws_header(const struct jws *jws, const char *name)
{
    cjose_err ignored; /* a header without it */
    return cjose_header_get(cjose_jws_get_protected(jws->parsed), name, &ignored);
}

bool jws_is_critical(const struct jws *jws)
{
    cjose_err ignored; /* a header without it */
    auto_free(free) char *text =
        cjose_header_get_raw(cjose_jws_get_protected(jws->parsed), "crit", &ignored);
    return text != NULL;
}

/* The library wants nothing of a key but the key. */
static cjose_jwk_t *import_key(const json_t *key)
{
    static const char *const members[] = {"kty", "n", "e", "crv", "x", "y"};
    auto_free(json_decref) json_t *bare = json_object();
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        json_t *member = json_object_get(key, members[i]);
        if (member && json_object_set(bare, members[i], member) != 0)
            return NULL;
    }
    auto_free(free) char *text = jws_text_is_key(bare) ? json_dumps(bare, JSON_COMPACT) : NULL;
    cjose_err ignored; /* a key that cannot be used is one that is not there */
    return text ? cjose_jwk_import(text, strlen(text), &ignored) : NULL;
}

enum jws_proof jws_prove(const struct jws *jws, const json_t *key, json_t **payload)
{
    cjose_err ignored; /* which of the answers it is says all */
    uint8_t *bytes = NULL;
    size_t size = 0;
    auto_free(cjose_jwk_release) cjose_jwk_t *imported = import_key(key);
    if (!imported)
        return JWS_KEY_UNFIT;
    if (!cjose_jws_verify(jws->parsed, imported, &ignored) ||
        !cjose_jws_get_plaintext(jws->parsed, &bytes, &size, &ignored))
        return JWS_WRONG;
    auto_free(json_decref) json_t *read =
        json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(read))
        return JWS_NO_OBJECT;
    *payload = steal(read);
    return JWS_PROVED;
}

/* ---- what we signed ---- */

static bool is_text(const char *text, const char *wanted)
{
    return text && strcmp(text, wanted) == 0;
}

static const json_t *find_key(const json_t *key_set, const char *kid)
{
    size_t at;
    const json_t *key;
    json_array_foreach (json_object_get(key_set, "keys"), at, key)
        if (is_text(json_string_value(json_object_get(key, "kid")), kid))
            return is_text(json_string_value(json_object_get(key, "kty")), "EC") ? key : NULL;
    return NULL;
}

static json_t *refuse(struct fault *why, const char *text)
{
    (void)fault_set(why, FAULT_REFUSE, "%s", text);
    return NULL;
}

json_t *jws_verify(const json_t *key_set, const char *type, const char *text, size_t size,
                   struct fault *why)
{
    static const char *const flaws[] = {
        [JWS_KEY_UNFIT] = "signed by a key that is not among the keys",
        [JWS_WRONG] = "the signature is not right: it was changed, or is another's",
        [JWS_NO_OBJECT] = "what was signed is no JSON object",
    };
    json_t *payload = NULL;
    auto_free(jws_free) struct jws *jws = jws_read(text, size);
    if (!jws)
        return refuse(why, "no compact JWS");
    if (!is_text(jws_header(jws, CJOSE_HDR_ALG), algorithm) ||
        !is_text(jws_header(jws, "typ"), type) || jws_is_critical(jws))
        return refuse(why, "signed as something else");
    const char *kid = jws_header(jws, CJOSE_HDR_KID);
    const json_t *key = find_key(key_set, kid ? kid : "");
    enum jws_proof proof = key ? jws_prove(jws, key, &payload) : JWS_KEY_UNFIT;
    return proof == JWS_PROVED ? payload : refuse(why, flaws[proof]);
}
