/* SPDX-License-Identifier: Apache-2.0 */
/* ID tokens: base/jws proves the signature, with a key that is chosen here for an algorithm that is
 * allowed here; then what the token says is checked. */
#include "operate/id_token.h"

#include "base/cleanup.h"
#include "base/jws.h"

#include <string.h>

enum { TOKEN_MOST = 32768, SKEW_S = 60, SUBJECT_MOST = 120, MODULUS_LEAST = 342 };

ENDS_WITH_SCOPE(json_t *, json_decref)

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

/* ---- the signature ---- */

static json_t *prove(const struct jws *jws, const json_t *keys, bool *is_key_unknown,
                     struct fault *why)
{
    static const char *const flaws[] = {
        [JWS_KEY_UNFIT] = "the provider has no such key",
        [JWS_WRONG] = "its signature is wrong",
        [JWS_NO_OBJECT] = "its content is no JSON object",
    };
    json_t *claims = NULL;
    const char *algorithm = jws_header(jws, "alg");
    if (jws_is_critical(jws)) {
        (void)refuse(why, "it has a critical header");
        return NULL;
    }
    if (!algorithm || (strcmp(algorithm, "RS256") != 0 && strcmp(algorithm, "ES256") != 0)) {
        (void)refuse(why, "it is signed neither by RS256 nor by ES256");
        return NULL;
    }
    const json_t *key = choose_key(keys, algorithm, jws_header(jws, "kid"));
    enum jws_proof proof = key ? jws_prove(jws, key, &claims) : JWS_KEY_UNFIT;
    *is_key_unknown = proof == JWS_KEY_UNFIT;
    if (proof != JWS_PROVED)
        (void)refuse(why, flaws[proof]);
    return claims;
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
    size_t size = strnlen(token, TOKEN_MOST + 1);
    *is_key_unknown = false;
    auto_free(jws_free) struct jws *jws = size <= TOKEN_MOST ? jws_read(token, size) : NULL;
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
