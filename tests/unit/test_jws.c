/* SPDX-License-Identifier: Apache-2.0 */
/* Signing and proving it; tests/e2e/test_signed_receipts.py has another's library prove it too. */
#include "scratch.h"

#include "base/cleanup.h"
#include "base/jws.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>
#include <unistd.h>

ENDS_WITH_SCOPE(struct jws_keys *, jws_keys_close)
ENDS_WITH_SCOPE(json_t *, json_decref)

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define TYPE         "a-test"

/* A PEM file of new keys on these curves, up to NULL. */
static void write_keys(char path[SCRATCH_PATH_SIZE], const char *const *curves)
{
    scratch_text(path, "");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (; *curves; curves++) {
        EVP_PKEY *key = EVP_EC_gen(*curves);
        assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
        EVP_PKEY_free(key);
    }
    assert_int_equal(fclose(file), 0);
}

static struct jws_keys *open_keys(const char *const *curves)
{
    char path[SCRATCH_PATH_SIZE];
    struct fault why;
    write_keys(path, curves);
    struct jws_keys *keys = jws_keys_open(path, &why);
    if (!keys)
        fail_msg("%s", why.text);
    assert_int_equal(unlink(path), 0);
    return keys;
}

static const char *const one[] = {"P-256", NULL};
static const char *const two[] = {"P-256", "P-256", NULL};

static char *sign(const struct jws_keys *keys, const char *payload)
{
    struct fault why;
    char *text = jws_sign(keys, TYPE, payload, strlen(payload), &why);
    if (!text)
        fail_msg("%s", why.text);
    return text;
}

static json_t *set_of(const struct jws_keys *keys)
{
    struct fault why;
    json_t *set = jws_keys_public(keys, &why);
    assert_non_null(set);
    return set;
}

static void refused(const json_t *set, const char *type, const char *text, const char *said)
{
    struct fault why;
    assert_null(jws_verify(set, type, text, strlen(text), &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_non_null(strstr(why.text, said));
}

static void what_was_signed_is_proved(void **state)
{
    (void)state;
    struct fault why;
    auto_free(jws_keys_close) struct jws_keys *keys = open_keys(two);
    auto_free(json_decref) json_t *set = set_of(keys);
    auto_free(free) char *text = sign(keys, "{\"n\":7}");
    assert_int_equal(json_array_size(json_object_get(set, "keys")), 2);
    auto_free(json_decref) json_t *claims = jws_verify(set, TYPE, text, strlen(text), &why);
    assert_int_equal(json_integer_value(json_object_get(claims, "n")), 7);
    const json_t *shown = json_array_get(json_object_get(set, "keys"), 0);
    assert_null(json_object_get(shown, "d"));
    assert_string_equal(json_string_value(json_object_get(shown, "alg")), "ES256");
    refused(set, "another", text, "something else");
}

static void a_change_of_any_byte_is_seen(void **state)
{
    (void)state;
    auto_free(jws_keys_close) struct jws_keys *keys = open_keys(one);
    auto_free(json_decref) json_t *set = set_of(keys);
    auto_free(free) char *text = sign(keys, "{\"receipt\":\"1-a\"}");
    struct fault why;
    /* The last digit of a part may hold bits that say nothing. */
    for (size_t at = 0; text[at + 1] && text[at + 1] != '.'; at++) {
        char kept = text[at];
        text[at] = kept == 'A' ? 'B' : 'A';
        json_t *claims = jws_verify(set, TYPE, text, strlen(text), &why);
        if (claims)
            fail_msg("a changed byte %zu passes", at);
        text[at] = kept;
    }
    const char *payload = strchr(text, '.') + 1;
    for (char *at = text + (payload - text); at[1] != '.'; at++) {
        char kept = *at;
        *at = kept == 'A' ? 'B' : 'A';
        assert_null(jws_verify(set, TYPE, text, strlen(text), &why));
        *at = kept;
    }
}

static void what_another_signed_is_not_proved(void **state)
{
    (void)state;
    auto_free(jws_keys_close) struct jws_keys *ours = open_keys(one);
    auto_free(jws_keys_close) struct jws_keys *theirs = open_keys(one);
    auto_free(json_decref) json_t *set = set_of(ours);
    auto_free(free) char *text = sign(theirs, "{}");
    refused(set, TYPE, text, "not among the keys");

    /* Even under our key's name. */
    json_t *own = json_array_get(json_object_get(set, "keys"), 0);
    auto_free(json_decref) json_t *other = set_of(theirs);
    const json_t *name = json_object_get(json_array_get(json_object_get(other, "keys"), 0), "kid");
    assert_int_equal(json_object_set(own, "kid", (json_t *)(uintptr_t)name), 0);
    refused(set, TYPE, text, "not right");
}

static void what_is_no_signature_is_refused(void **state)
{
    (void)state;
    auto_free(jws_keys_close) struct jws_keys *keys = open_keys(one);
    auto_free(json_decref) json_t *set = set_of(keys);
    static const char *const texts[] = {
        "",
        "a",
        "a.b",
        "a.b.c",
        "..",
        "eyJhbGciOiJub25lIn0.e30.",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6ImEtdGVzdCJ9.e30.AAAA",
        "eyJhbGciOiJFUzI1NiIsInR5cCI6ImEtdGVzdCJ9.e30.AAAAA=AA", /* cjose ends the program */
        "AAAAA=AA.e30.AAAA",
        "eyJhbGciOiJFUzI1NiIsInR5cCI6ImEtdGVzdCIsImNyaXQiOlsiYSJdfQ.e30.AAAA", /* crit */
        "eyJhbGciOiJFUzI1NiIsInR5cCI6ImEtdGVzdCJ9.e30.AAAA.AAAA",
        "{}",
    };
    for (size_t i = 0; i < COUNT(texts); i++)
        refused(set, TYPE, texts[i], "");
    auto_free(free) char *list = sign(keys, "[1]");
    refused(set, TYPE, list, "no JSON object");
    auto_free(json_decref) json_t *nobody = json_object();
    auto_free(free) char *text = sign(keys, "{}");
    refused(nobody, TYPE, text, "not among the keys");
}

static void a_key_that_is_no_base64url_is_none(void **state)
{
    (void)state;
    auto_free(jws_keys_close) struct jws_keys *keys = open_keys(one);
    auto_free(json_decref) json_t *set = set_of(keys);
    auto_free(free) char *text = sign(keys, "{}");
    json_t *own = json_array_get(json_object_get(set, "keys"), 0);
    assert_int_equal(json_object_set_new(own, "x", json_string("AAAAA=AA")), 0);
    refused(set, TYPE, text, "not among the keys");
}

static void a_file_without_a_usable_key_is_refused(void **state)
{
    (void)state;
    static const char *const other[] = {"P-384", NULL};
    static const char *const none[] = {NULL};
    static const struct {
        const char *const *curves;
        const char *said;
    } files[] = {{other, "not on the curve P-256"}, {none, "no private key"}};
    for (size_t i = 0; i < COUNT(files); i++) {
        char path[SCRATCH_PATH_SIZE];
        struct fault why;
        write_keys(path, files[i].curves);
        assert_null(jws_keys_open(path, &why));
        assert_int_equal(why.kind, FAULT_REFUSE);
        assert_non_null(strstr(why.text, path));
        assert_non_null(strstr(why.text, files[i].said));
        assert_int_equal(unlink(path), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_is_proved),
        cmocka_unit_test(a_change_of_any_byte_is_seen),
        cmocka_unit_test(what_another_signed_is_not_proved),
        cmocka_unit_test(what_is_no_signature_is_refused),
        cmocka_unit_test(a_key_that_is_no_base64url_is_none),
        cmocka_unit_test(a_file_without_a_usable_key_is_refused),
    };
    return cmocka_run_group_tests_name("jws", tests, NULL, NULL);
}
