/* SPDX-License-Identifier: Apache-2.0 */
/* ID tokens that are as they should be, and those that are not in one thing. */
#include "unit.h"

#include "operate/id_token.h"

#include <cjose/cjose.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum { NOW = 1700000000, LIST_SIZE = 200 };

/* ---- keys and tokens ---- */

struct keys {
    cjose_jwk_t *rsa, *ec, *other, *small, *secret;
    json_t *set; /* what the provider publishes: rsa and ec */
};

static json_t *publish(const cjose_jwk_t *key)
{
    cjose_err error;
    char *text = cjose_jwk_to_json(key, false, &error);
    json_t *json = json_loads(text, 0, NULL);
    free(text);
    return json;
}

static cjose_jwk_t *name_key(cjose_jwk_t *key, const char *name)
{
    cjose_err error;
    assert_non_null(key);
    assert_true(cjose_jwk_set_kid(key, name, strlen(name), &error));
    return key;
}

static int open_keys(void **state)
{
    static const uint8_t exponent[] = {1, 0, 1}, secret[32] = "a secret that everybody knows";
    cjose_err error;
    struct keys *keys = calloc(1, sizeof *keys);
    keys->rsa = name_key(cjose_jwk_create_RSA_random(2048, exponent, 3, &error), "rsa");
    keys->ec = name_key(cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &error), "ec");
    keys->other = name_key(cjose_jwk_create_RSA_random(2048, exponent, 3, &error), "rsa");
    keys->small = name_key(cjose_jwk_create_RSA_random(1024, exponent, 3, &error), "small");
    keys->secret = name_key(cjose_jwk_create_oct_spec(secret, sizeof secret, &error), "secret");
    keys->set =
        json_pack("{s[ooo]}", "keys", publish(keys->rsa), publish(keys->ec), publish(keys->small));
    assert_non_null(keys->set);
    *state = keys;
    return 0;
}

static int close_keys(void **state)
{
    struct keys *keys = *state;
    cjose_jwk_release(keys->rsa);
    cjose_jwk_release(keys->ec);
    cjose_jwk_release(keys->other);
    cjose_jwk_release(keys->small);
    cjose_jwk_release(keys->secret);
    json_decref(keys->set);
    free(keys);
    return 0;
}

static char *sign(const cjose_jwk_t *key, const char *algorithm, const char *name,
                  const char *claims)
{
    cjose_err error;
    const char *token = NULL;
    cjose_header_t *header = cjose_header_new(&error);
    assert_true(cjose_header_set(header, CJOSE_HDR_ALG, algorithm, &error));
    if (name)
        assert_true(cjose_header_set(header, CJOSE_HDR_KID, name, &error));
    cjose_jws_t *jws = cjose_jws_sign(key, header, (const uint8_t *)claims, strlen(claims), &error);
    if (!jws)
        fail_msg("%s: %s", algorithm, error.message);
    assert_true(cjose_jws_export(jws, &token, &error));
    char *copy = strdup(token);
    cjose_jws_release(jws);
    cjose_header_release(header);
    return copy;
}

static json_t *read_token(const struct keys *keys, const char *token, bool *is_key_unknown,
                          struct fault *why)
{
    const struct id_token_rules rules = {
        .issuer = "https://id.example.test",
        .client = "lienthong",
        .nonce = "n1",
        .now_s = NOW,
        .keys = keys->set,
    };
    return id_token_read(token, &rules, is_key_unknown, why);
}

#define CLAIMS(iss, aud, exp, iat, nonce, more)                                                    \
    "{\"iss\":\"" iss "\",\"aud\":" aud ",\"exp\":" exp ",\"iat\":" iat ",\"nonce\":\"" nonce      \
    "\"" more "}"
#define GOOD_ISS "https://id.example.test"
#define GOOD_AUD "\"lienthong\""
#define GOOD     CLAIMS(GOOD_ISS, GOOD_AUD, "1700000300", "1699999990", "n1", ",\"sub\":\"an\"")

/* ---- what they say ---- */

static const struct {
    const char *claims;
    const char *fault; /* NULL: good */
} cases[] = {
    {GOOD, NULL},
    {CLAIMS(GOOD_ISS, "[\"lienthong\"]", "1700000300", "1699999990", "n1", ",\"sub\":\"an\""),
     NULL},
    {CLAIMS(GOOD_ISS, "[\"x\",\"lienthong\"]", "1700000300", "1699999990", "n1",
            ",\"azp\":\"lienthong\",\"sub\":\"an\""),
     NULL},
    {CLAIMS(GOOD_ISS, "[\"x\",\"lienthong\"]", "1700000300", "1699999990", "n1",
            ",\"azp\":\"x\",\"sub\":\"an\""),
     "it is for another client"},
    {CLAIMS(GOOD_ISS, "[\"x\",\"lienthong\"]", "1700000300", "1699999990", "n1", ",\"sub\":\"an\""),
     "it is for another client"},
    {CLAIMS(GOOD_ISS, "\"lienthong2\"", "1700000300", "1699999990", "n1", ",\"sub\":\"an\""),
     "it is for another client"},
    {CLAIMS(GOOD_ISS, "[]", "1700000300", "1699999990", "n1", ",\"sub\":\"an\""),
     "it is for another client"},
    {CLAIMS(GOOD_ISS, "7", "1700000300", "1699999990", "n1", ",\"sub\":\"an\""),
     "it is for another client"},
    {CLAIMS("https://id.example.test/", GOOD_AUD, "1700000300", "1699999990", "n1",
            ",\"sub\":\"an\""),
     "it is of another issuer"},
    {CLAIMS(GOOD_ISS, GOOD_AUD, "1699999939", "1699999000", "n1", ",\"sub\":\"an\""),
     "its time is over"},
    {CLAIMS(GOOD_ISS, GOOD_AUD, "1699999941", "1699999000", "n1", ",\"sub\":\"an\""), NULL},
    {CLAIMS(GOOD_ISS, GOOD_AUD, "\"never\"", "1699999990", "n1", ",\"sub\":\"an\""),
     "its time is over"},
    {CLAIMS(GOOD_ISS, GOOD_AUD, "1700000300", "1700000061", "n1", ",\"sub\":\"an\""),
     "it is of the future"},
    {CLAIMS(GOOD_ISS, GOOD_AUD, "1700000300", "null", "n1", ",\"sub\":\"an\""),
     "it is of the future"},
    {CLAIMS(GOOD_ISS, GOOD_AUD, "1700000300", "1699999990", "n1",
            ",\"sub\":\"an\",\"nbf\":1700000061"),
     "it is not valid yet"},
    {CLAIMS(GOOD_ISS, GOOD_AUD, "1700000300", "1699999990", "n2", ",\"sub\":\"an\""),
     "it answers another login"},
    {"{\"iss\":\"https://id.example.test\",\"aud\":\"lienthong\",\"exp\":1700000300,"
     "\"iat\":1699999990,\"sub\":\"an\"}",
     "it answers another login"},
    {CLAIMS(GOOD_ISS, GOOD_AUD, "1700000300", "1699999990", "n1", ""), "it names nobody"},
    {CLAIMS(GOOD_ISS, GOOD_AUD, "1700000300", "1699999990", "n1", ",\"sub\":\"\""),
     "it names nobody"},
    {CLAIMS(GOOD_ISS, GOOD_AUD, "1700000300", "1699999990", "n1",
            ",\"sub\":\"an\",\"sub\":\"binh\""),
     "its content is no JSON object"},
    {"[]", "its content is no JSON object"},
};

static void a_token_says_what_it_must(void **state)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fault why = {.kind = FAULT_NONE};
        bool is_key_unknown;
        char *token = sign(((struct keys *)*state)->rsa, "RS256", "rsa", cases[i].claims);
        json_t *claims = read_token(*state, token, &is_key_unknown, &why);
        if (!claims != !!cases[i].fault)
            fail_msg("%s: %s", cases[i].claims, claims ? "taken" : why.text);
        if (!claims && !strstr(why.text, cases[i].fault))
            fail_msg("%s: %s", cases[i].claims, why.text);
        assert_false(is_key_unknown);
        json_decref(claims);
        free(token);
    }
}

/* ---- who signed ---- */

static void refuse(const struct keys *keys, char *token, const char *fault)
{
    struct fault why;
    bool is_key_unknown;
    json_t *claims = read_token(keys, token, &is_key_unknown, &why);
    if (claims)
        fail_msg("taken: %s", token);
    if (!strstr(why.text, fault))
        fail_msg("\"%s\", not \"%s\"", why.text, fault);
    assert_int_equal(is_key_unknown, strstr(fault, "no such key") != NULL);
    free(token);
}

static void both_algorithms_are_taken(void **state)
{
    const struct keys *keys = *state;
    const cjose_jwk_t *const both[] = {keys->rsa, keys->ec};
    static const char *const algorithms[] = {"RS256", "ES256"}, *const names[] = {"rsa", "ec"};
    for (size_t i = 0; i < COUNT(both); i++) {
        struct fault why;
        bool is_key_unknown;
        char *token = sign(both[i], algorithms[i], names[i], GOOD);
        json_t *claims = read_token(keys, token, &is_key_unknown, &why);
        if (!claims)
            fail_msg("%s: %s", algorithms[i], why.text);
        assert_string_equal(json_string_value(json_object_get(claims, "sub")), "an");
        json_decref(claims);
        free(token);
    }
}

static void a_token_without_a_keys_name_is_taken_when_one_key_fits(void **state)
{
    const struct keys *keys = *state;
    struct fault why;
    bool is_key_unknown;
    char *token = sign(keys->rsa, "RS256", NULL, GOOD);
    json_t *claims = read_token(keys, token, &is_key_unknown, &why);
    assert_non_null(claims); /* the small one never fits */
    json_decref(claims);
    free(token);
}

static void no_other_signature_is_taken(void **state)
{
    const struct keys *keys = *state;
    refuse(keys, sign(keys->other, "RS256", "rsa", GOOD), "its signature is wrong");
    refuse(keys, sign(keys->other, "RS256", "unknown", GOOD), "no such key");
    refuse(keys, sign(keys->small, "RS256", "small", GOOD), "no such key");
    refuse(keys, sign(keys->rsa, "RS256", "ec", GOOD), "no such key");
    refuse(keys, sign(keys->rsa, "RS512", "rsa", GOOD), "neither by RS256 nor by ES256");
    refuse(keys, sign(keys->rsa, "PS256", "rsa", GOOD), "neither by RS256 nor by ES256");
    refuse(keys, sign(keys->secret, "HS256", "rsa", GOOD), "neither by RS256 nor by ES256");
}

static void a_token_that_is_none_is_refused(void **state)
{
    /* {"alg":"none"}, and a header that says what must be understood. */
    static const char *const texts[] = {
        "",
        ".",
        "..",
        "a.b.c",
        "eyJhbGciOiJub25lIn0.e30.",
        "eyJhbGciOiJub25lIn0.e30",
        "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYSIsImNyaXQiOlsiZXhwIl19.e30.AAAA",
        "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYSJ9.e30.AAAAA=AA", /* cjose ends the program */
        "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYSJ9.AAAAA=AA.AAAA"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct fault why;
        bool is_key_unknown;
        assert_null(read_token(*state, texts[i], &is_key_unknown, &why));
        assert_int_equal(why.kind, FAULT_REFUSE);
    }
    char *huge = malloc(40001);
    memset(huge, 'a', 40000);
    huge[40000] = '\0';
    refuse(*state, huge, "it cannot be read");
}

static void a_key_that_is_no_base64url_is_none(void **state)
{
    const struct keys *keys = *state;
    json_t *list = json_object_get(keys->set, "keys");
    json_t *rsa = json_array_get(list, 0);
    json_t *before = json_incref(json_object_get(rsa, "e"));
    assert_int_equal(json_object_set_new(rsa, "e", json_string("AAAAA=AA")), 0);
    refuse(keys, sign(keys->rsa, "RS256", "rsa", GOOD), "no such key");
    assert_int_equal(json_object_set_new(rsa, "e", before), 0);
}

static void any_byte_that_is_changed_is_seen(void **state)
{
    const struct keys *keys = *state;
    char *token = sign(keys->ec, "ES256", "ec", GOOD);
    size_t size = strlen(token);
    for (size_t i = 0; i < size - 2; i++) { /* the last character has bits that say nothing */
        struct fault why;
        bool is_key_unknown;
        char before = token[i];
        token[i] = before == 'A' ? 'B' : 'A';
        json_t *claims = read_token(keys, token, &is_key_unknown, &why);
        if (claims)
            fail_msg("byte %zu of %zu", i, size);
        token[i] = before;
    }
    free(token);
}

/* ---- roles ---- */

static void join(void *own, const char *text)
{
    char *list = own;
    size_t size = strlen(list);
    (void)snprintf(list + size, LIST_SIZE - size, "%s;", text);
}

static void roles_are_found_in_texts_lists_and_objects(void **state)
{
    static const struct {
        const char *claims, *path, *roles;
    } paths[] = {
        {"{\"roles\":[\"a\",\"b\",7]}", "roles", "a;b;"},
        {"{\"roles\":\"a\"}", "roles", "a;"},
        {"{\"realm_access\":{\"roles\":[\"a\"]}}", "realm_access.roles", "a;"},
        {"{\"https://x.test/roles\":[\"a\"]}", "https://x.test/roles", "a;"},
        {"{\"realm_access\":[]}", "realm_access.roles", ""},
        {"{}", "roles", ""},
        {"{\"roles\":{\"a\":1}}", "roles", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++) {
        char list[LIST_SIZE] = "";
        json_t *claims = json_loads(paths[i].claims, 0, NULL);
        id_token_texts(claims, paths[i].path, join, list);
        assert_string_equal(list, paths[i].roles);
        json_decref(claims);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_says_what_it_must),
        cmocka_unit_test(both_algorithms_are_taken),
        cmocka_unit_test(a_token_without_a_keys_name_is_taken_when_one_key_fits),
        cmocka_unit_test(no_other_signature_is_taken),
        cmocka_unit_test(a_token_that_is_none_is_refused),
        cmocka_unit_test(a_key_that_is_no_base64url_is_none),
        cmocka_unit_test(any_byte_that_is_changed_is_seen),
        cmocka_unit_test(roles_are_found_in_texts_lists_and_objects),
    };
    return cmocka_run_group_tests_name("id_token", tests, open_keys, close_keys);
}
