/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "operate/away.h"

#include <stdio.h>
#include <string.h>

static const uint8_t key[SHA256_SIZE] = "the key of this process", other[SHA256_SIZE] = "another";

static void both_ends_have_the_same_texts_and_nobody_else_has(void **state)
{
    char cookie[AWAY_COOKIE_SIZE], second[AWAY_COOKIE_SIZE];
    struct away_texts went, came, elsewhere, later;
    (void)state;
    away_begin(cookie, 5);
    away_begin(second, 5);
    assert_string_not_equal(cookie, second);
    away_derive(key, cookie, &went);
    away_derive(key, cookie, &came);
    away_derive(other, cookie, &elsewhere);
    away_derive(key, second, &later);
    assert_memory_equal(&went, &came, sizeof went);
    assert_string_not_equal(went.state, elsewhere.state);
    assert_string_not_equal(went.state, later.state);
    assert_string_not_equal(went.state, went.nonce);
    assert_string_not_equal(went.nonce, went.verifier);
    assert_int_equal(strlen(went.verifier), 64); /* RFC 7636: 43 to 128 */
}

static void an_earlier_beginning_gives_other_texts(void **state)
{
    char cookie[AWAY_COOKIE_SIZE];
    struct away_texts before, after;
    (void)state;
    away_begin(cookie, 1);
    away_derive(key, cookie, &before);
    cookie[0] = '2'; /* to make it look younger */
    away_derive(key, cookie, &after);
    assert_string_not_equal(before.state, after.state);
}

static void a_cookie_counts_for_ten_minutes(void **state)
{
    static const struct {
        const char *cookie;
        int64_t now;
        bool is_fresh;
    } cases[] = {
        {"1000.ab", 1000, true},
        {"1000.ab", 1000 + AWAY_MS - 1, true},
        {"1000.ab", 1000 + AWAY_MS, false},
        {"1000.ab", 999, false}, /* of the future */
        {"", 0, false},
        {".ab", 0, false},
        {"-1.ab", 0, false},
        {"99999999999999999999.ab", 0, false},
        {"1000x.ab", 1000, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (away_is_fresh(cases[i].cookie, cases[i].now) != cases[i].is_fresh)
            fail_msg("%s", cases[i].cookie);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_have_the_same_texts_and_nobody_else_has),
        cmocka_unit_test(an_earlier_beginning_gives_other_texts),
        cmocka_unit_test(a_cookie_counts_for_ten_minutes),
    };
    return cmocka_run_group_tests_name("away", tests, NULL, NULL);
}
