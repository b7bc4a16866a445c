/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "operate/password.h"

#include <sodium.h>
#include <string.h>

static void cheap_hash(const char *password, char hash[PASSWORD_HASH_SIZE])
{
    assert_true(sodium_init() >= 0);
    assert_int_equal(crypto_pwhash_str_alg(hash, password, strlen(password),
                                           crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN,
                                           crypto_pwhash_ALG_ARGON2ID13),
                     0);
}

static void a_hash_fits_its_password_and_no_other(void **state)
{
    char hash[PASSWORD_HASH_SIZE], again[PASSWORD_HASH_SIZE];
    struct fault why;
    (void)state;
    assert_true(password_hash("mật khẩu của An", hash, &why));
    assert_true(password_hash("mật khẩu của An", again, &why));
    assert_string_not_equal(hash, again); /* salted */
    assert_null(strstr(hash, "khẩu"));
    assert_true(password_fits(hash, "mật khẩu của An"));
    assert_false(password_fits(hash, "mật khẩu của an"));
    assert_false(password_fits(hash, ""));
}

static void nobodys_hash_fits_nothing_and_is_worked_out_like_a_real_one(void **state)
{
    char hash[PASSWORD_HASH_SIZE];
    struct fault why;
    (void)state;
    assert_false(password_fits(NULL, ""));
    assert_false(password_fits(NULL, "anything"));
    /* Work is what takes the time: both are made with today's parameters. */
    assert_true(password_hash("0123456789", hash, &why));
    assert_non_null(strstr(hash, "$m=65536,t=3,p=1$"));
    assert_false(password_is_dated(hash));
}

static void too_short_and_too_long_ones_are_refused(void **state)
{
    char hash[PASSWORD_HASH_SIZE], longest[PASSWORD_MOST + 2];
    struct fault why;
    (void)state;
    assert_false(password_hash("123456789", hash, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_false(password_hash("ộộộộộộộộộ", hash, &why)); /* nine characters */
    memset(longest, 'a', sizeof longest);
    longest[PASSWORD_MOST + 1] = '\0';
    assert_false(password_hash(longest, hash, &why));
    assert_false(password_fits(NULL, longest));
}

static void only_whole_argon2id_hashes_are_hashes(void **state)
{
    static const char *const others[] = {
        "",
        "secret",
        "$argon2id$",
        "$argon2id$v=19$m=65536,t=3,p=1$",
        "$argon2i$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$"
        "5zVzOfWxZ1/zKmMzBK0gOOuMJ8tVJ0u1Y0cmYDb6Rg0",
        "$2b$12$abcdefghijklmnopqrstuv",
    };
    char hash[PASSWORD_HASH_SIZE];
    (void)state;
    cheap_hash("0123456789", hash);
    assert_true(password_is_hash(hash));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (password_is_hash(others[i]))
            fail_msg("%s is called a hash", others[i]);
}

static void other_parameters_are_dated_and_still_fit(void **state)
{
    char hash[PASSWORD_HASH_SIZE];
    (void)state;
    cheap_hash("0123456789", hash);
    assert_true(password_is_dated(hash));
    assert_true(password_fits(hash, "0123456789"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hash_fits_its_password_and_no_other),
        cmocka_unit_test(nobodys_hash_fits_nothing_and_is_worked_out_like_a_real_one),
        cmocka_unit_test(too_short_and_too_long_ones_are_refused),
        cmocka_unit_test(only_whole_argon2id_hashes_are_hashes),
        cmocka_unit_test(other_parameters_are_dated_and_still_fit),
    };
    return cmocka_run_group_tests_name("password", tests, NULL, NULL);
}
