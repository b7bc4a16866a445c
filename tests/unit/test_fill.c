/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "deliver/fill.h"

static const struct adapt_given texts[] = {
    {"user", "he thong"}, {"password", "a\"b\\c<&{user}"}, {"token", "old"}, {"token", "new"},
    {"line", "a\r\nb"},
    {"query", "?a=b c"},
};
static const struct given given = {texts, sizeof texts / sizeof texts[0]};

static void given_texts_are_escaped_for_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum fill_escape escape;
        const char *filled;
    } cases[] = {
        {"no name", FILL_HEADER, "no name"},
        {"Bearer {token}", FILL_HEADER, "Bearer new"},
        {"/session?user={user}", FILL_FORM, "/session?user=he%20thong"},
        {"/in{query}", FILL_PATH, "/in?a=b%20c"},
        {"{\"u\":\"{user}\",\"p\":\"{password}\"}", FILL_JSON,
         "{\"u\":\"he thong\",\"p\":\"a\\\"b\\\\c<&{user}\"}"},
        {"<p>{password}</p>", FILL_XML, "<p>a&quot;b\\c&lt;&amp;{user}</p>"},
        {"{}{ user}{user", FILL_PLAIN, "{}{ user}{user"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fault why;
        char *filled = fill_text(cases[i].text, &given, cases[i].escape, &why);
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
    char *filled = fill_text("/{tenant}/in", &given, FILL_PATH, &why);
    assert_string_equal(filled, "//in");
    free(filled);
}

static void a_line_end_cannot_get_into_a_header(void **state)
{
    (void)state;
    struct fault why;
    assert_null(fill_text("{line}", &given, FILL_HEADER, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
}

static void the_media_type_says_how_a_body_is_escaped(void **state)
{
    (void)state;
    assert_int_equal(fill_escape_of("application/json; charset=utf-8"), FILL_JSON);
    assert_int_equal(fill_escape_of("application/x-www-form-urlencoded"), FILL_FORM);
    assert_int_equal(fill_escape_of("text/XML"), FILL_XML);
    assert_int_equal(fill_escape_of(NULL), FILL_PLAIN);
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
