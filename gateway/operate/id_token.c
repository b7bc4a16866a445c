/* SPDX-License-Identifier: Apache-2.0 */
/* ID tokens: cjose proves the signature, with a key that we chose for an algorithm that we allow;
 * what the token says is checked here. */
#include "operate/id_token.h"

#include "base/cleanup.h"

#include <cjose/cjose.h>
#include <string.h>

enum { TOKEN_MOST = 32768, SKEW_S = 60, SUBJECT_MOST = 120, MODULUS_LEAST = 342 };

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(cjose_jws_t *, cjose_jws_release)
ENDS_WITH_SCOPE(cjose_jwk_t *, cjose_jwk_release)

static bool refuse(struct fault *why, const char *what)
{
    return fault_set(why, FAULT_REFUSE, "ID token: %s", what);
}

static bool has_text(const json_t *object, const char *name, const char *text)
{
    const char *found = json_string_value(json_object_get(object, name));
    return found && strcmp(found, text) == 0;
}

/* ---- which key ---- */

/* A key serves one algorithm here, so that a token cannot choose how its signature is read. */
static bool serves(const json_t *key, const char *algorithm)
{
    const char *use = json_string_value(json_object_get(key, "use"));
    const char *own = json_string_value(json_object_get(key, "alg"));
    if ((use && strcmp(use, "sig") != 0) || (own && strcmp(own, algorithm) != 0))
        return false;
    if (strcmp(algorithm, "ES256") == 0)
        return has_text(key, "kty", "EC") && has_text(key, "crv", "P-256");
    const char *modulus = json_string_value(json_object_get(key, "n"));
    return has_text(key, "kty", "RSA") && modulus && strlen(modulus) >= MODULUS_LEAST;
}

/* By the name that the token gives; one without a name fits when the provider has one key. */
static const json_t *choose_key(const json_t *keys, const char *algorithm, const char *name)
{
    const json_t *list = json_object_get(keys, "keys");
    const json_t *chosen = NULL;
    const json_t *key;
    size_t index;
    json_array_foreach (list, index, key) {
        if (!serves(key, algorithm) || (name && !has_text(key, "kid", name)))
            continue;
        if (chosen)
            return NULL; /* which one is not said */
        chosen = key;
    }
    return chosen;
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
    auto_free(free) char *text = json_dumps(bare, JSON_COMPACT);
    cjose_err ignored; /* a key that cannot be used is one that is not there */
    return text ? cjose_jwk_import(text, strlen(text), &ignored) : NULL;
}

/* ---- the signature ---- */

static json_t *payload_of(const cjose_jws_t *jws, struct fault *why)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    cjose_err error;
    if (!cjose_jws_get_plaintext(jws, &bytes, &size, &error)) {
        (void)refuse(why, "it has no content");
        return NULL;
    }
    json_t *claims = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(claims)) {
        json_decref(claims);
        (void)refuse(why, "its content is no JSON object");
        return NULL;
    }
    return claims;
}

static const char *header_text(cjose_jws_t *jws, const char *name)
{
    cjose_err ignored; /* a header without it */
    return cjose_header_get(cjose_jws_get_protected(jws), name, &ignored);
}

/* What a token calls critical and we do not know forbids us to take it (RFC 7515 4.1.11). */
static bool is_critical(cjose_jws_t *jws)
{
    cjose_err ignored;
    auto_free(free) char *text =
        cjose_header_get_raw(cjose_jws_get_protected(jws), "crit", &ignored);
    return text != NULL;
}

static json_t *prove(cjose_jws_t *jws, const json_t *keys, bool *is_key_unknown, struct fault *why)
{
    cjose_err error;
    const char *algorithm = header_text(jws, CJOSE_HDR_ALG);
    if (is_critical(jws)) {
        (void)refuse(why, "it has a critical header");
        return NULL;
    }
    if (!algorithm || (strcmp(algorithm, "RS256") != 0 && strcmp(algorithm, "ES256") != 0)) {
        (void)refuse(why, "it is signed neither by RS256 nor by ES256");
        return NULL;
    }
    const json_t *key = choose_key(keys, algorithm, header_text(jws, CJOSE_HDR_KID));
    auto_free(cjose_jwk_release) cjose_jwk_t *imported = key ? import_key(key) : NULL;
    if (!imported) {
        *is_key_unknown = true;
        (void)refuse(why, "the provider has no such key");
        return NULL;
    }
    if (!cjose_jws_verify(jws, imported, &error)) {
        (void)refuse(why, "its signature is wrong");
        return NULL;
    }
    return payload_of(jws, why);
}

/* ---- what it says ---- */

static bool names_client(const json_t *claims, const char *client)
{
    const json_t *audience = json_object_get(claims, "aud");
    const json_t *one;
    size_t index;
    if (json_is_string(audience))
        return strcmp(json_string_value(audience), client) == 0;
    json_array_foreach (audience, index, one) {
        const char *text = json_string_value(one);
        if (text && strcmp(text, client) == 0)
            return json_array_size(audience) == 1 || has_text(claims, "azp", client);
    }
    return false;
}

/* Seconds, also with a fraction. */
static bool is_past(const json_t *claims, const char *name, int64_t limit)
{
    const json_t *moment = json_object_get(claims, name);
    return json_is_number(moment) && json_number_value(moment) <= (double)limit;
}

static bool check_claims(const json_t *claims, const struct id_token_rules *rules,
                         struct fault *why)
{
    const char *subject = json_string_value(json_object_get(claims, "sub"));
    const json_t *expires = json_object_get(claims, "exp");
    if (!has_text(claims, "iss", rules->issuer))
        return refuse(why, "it is of another issuer");
    if (!names_client(claims, rules->client))
        return refuse(why, "it is for another client");
    if (!json_is_number(expires) || is_past(claims, "exp", rules->now_s - SKEW_S))
        return refuse(why, "its time is over");
    if (!is_past(claims, "iat", rules->now_s + SKEW_S))
        return refuse(why, "it is of the future");
    if (json_object_get(claims, "nbf") && !is_past(claims, "nbf", rules->now_s + SKEW_S))
        return refuse(why, "it is not valid yet");
    if (!has_text(claims, "nonce", rules->nonce))
        return refuse(why, "it answers another login");
    if (!subject || !*subject || strlen(subject) > SUBJECT_MOST)
        return refuse(why, "it names nobody");
    return true;
}

json_t *id_token_read(const char *token, const struct id_token_rules *rules, bool *is_key_unknown,
                      struct fault *why)
{
    cjose_err error;
    size_t size = strnlen(token, TOKEN_MOST + 1);
    *is_key_unknown = false;
    auto_free(cjose_jws_release) cjose_jws_t *jws =
        size <= TOKEN_MOST ? cjose_jws_import(token, size, &error) : NULL;
    if (!jws) {
        (void)refuse(why, "it cannot be read");
        return NULL;
    }
    auto_free(json_decref) json_t *claims = prove(jws, rules->keys, is_key_unknown, why);
    if (!claims || !check_claims(claims, rules, why))
        return NULL;
    return steal(claims);
}

/* ---- roles ---- */

/* A claim of the whole name comes first: some providers have dots in their names. */
static const json_t *find_claim(const json_t *claims, const char *path)
{
    const json_t *whole = json_object_get(claims, path);
    const char *dot = strchr(path, '.');
    if (whole || !dot)
        return whole;
    auto_free(free) char *head = strndup(path, (size_t)(dot - path));
    const json_t *inner = head ? json_object_get(claims, head) : NULL;
    return inner ? find_claim(inner, dot + 1) : NULL;
}

void id_token_texts(const json_t *claims, const char *path,
                    void (*each)(void *own, const char *text), void *own)
{
    const json_t *claim = find_claim(claims, path);
    const json_t *one;
    size_t index;
    if (json_is_string(claim))
        each(own, json_string_value(claim));
    json_array_foreach (claim, index, one)
        if (json_is_string(one))
            each(own, json_string_value(one));
}
