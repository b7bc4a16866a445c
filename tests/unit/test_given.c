/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "deliver/given.h"

static const struct adapt_given texts[] = {
    {"user", "he thong"}, {"password", "a\"b\\c<&{user}"},
    {"token", "old"},     {"token", "new"},
    {"line", "a\r\nb"},   {"query", "?a=b c"},
};
static const struct given given = {texts, sizeof texts / sizeof texts[0]};

static void given_texts_are_escaped_for_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum given_escape escape;
        const char *filled;
    } cases[] = {
        {"no name", GIVEN_HEADER, "no name"},
        {"Bearer {token}", GIVEN_HEADER, "Bearer new"},
        {"/session?user={user}", GIVEN_FORM, "/session?user=he%20thong"},
        {"/in{query}", GIVEN_PATH, "/in?a=b%20c"},
        {"{\"u\":\"{user}\",\"p\":\"{password}\"}", GIVEN_JSON,
         "{\"u\":\"he thong\",\"p\":\"a\\\"b\\\\c<&{user}\"}"},
        {"<p>{password}</p>", GIVEN_XML, "<p>a&quot;b\\c&lt;&amp;{user}</p>"},
        {"{}{ user}{user", GIVEN_PLAIN, "{}{ user}{user"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fault why;
        char *filled = given_fill(cases[i].text, &given, cases[i].escape, &why);
        if (!filled)
            fail_msg("%s: %s", cases[i].text, why.text);
        assert_string_equal(filled, cases[i].filled);
        free(filled);
    }
}

static void what_is_not_given_is_nothing(void **state)
{
    (void)state;
    struct fault why;
    char *filled = given_fill("/{tenant}/in", &given, GIVEN_PATH, &why);
    assert_string_equal(filled, "//in");
    free(filled);
}

static void a_line_end_cannot_get_into_a_header(void **state)
{
    (void)state;
    struct fault why;
    assert_null(given_fill("{line}", &given, GIVEN_HEADER, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
}

static void the_media_type_says_how_a_body_is_escaped(void **state)
{
    (void)state;
    assert_int_equal(given_escape_of("application/json; charset=utf-8"), GIVEN_JSON);
    assert_int_equal(given_escape_of("application/x-www-form-urlencoded"), GIVEN_FORM);
    assert_int_equal(given_escape_of("text/XML"), GIVEN_XML);
    assert_int_equal(given_escape_of(NULL), GIVEN_PLAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(given_texts_are_escaped_for_their_place),
        cmocka_unit_test(what_is_not_given_is_nothing),
        cmocka_unit_test(a_line_end_cannot_get_into_a_header),
        cmocka_unit_test(the_media_type_says_how_a_body_is_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
