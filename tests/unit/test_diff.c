/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "adapt/diff.h"
#include "base/cleanup.h"

static const struct {
    const char *what;
    const char *before, *after;             /* as they are */
    const char *before_shown, *after_shown; /* NULL: the same */
    const char *expected;
} rows[] = {
    {"the same", "{'a': 1, 'b': [{'c': null}]}", "{'a': 1, 'b': [{'c': null}]}", NULL, NULL, "[]"},
    {"a member that changed", "{'a': {'b': 'x', 'c': 1}}", "{'a': {'b': 'y', 'c': 1}}", NULL, NULL,
     "[{'path': 'a.b', 'before': 'x', 'after': 'y'}]"},
    {"a name that looks the same masked", "{'n': 'Tran An'}", "{'n': 'Tran Anh'}", "{'n': 'T.A.'}",
     "{'n': 'T.A.'}", "[{'path': 'n', 'before': 'T.A.', 'after': 'T.A.'}]"},
    {"a record that came", "{'a': null}", "{'a': {'b': 1}}", NULL, NULL,
     "[{'path': 'a', 'before': null, 'after': {'b': 1}}]"},
    {"an element more", "{'d': [{'i': 1}]}", "{'d': [{'i': 2}, {'i': 3}]}", NULL, NULL,
     "[{'path': 'd[0].i', 'before': 1, 'after': 2},"
     " {'path': 'd[1]', 'before': null, 'after': {'i': 3}}]"},
    {"an entry of a map that went", "{'e': {'x': '1', 'y': '2'}}", "{'e': {'y': '2', 'z': '3'}}",
     NULL, NULL,
     "[{'path': 'e.x', 'before': '1', 'after': null},"
     " {'path': 'e.z', 'before': null, 'after': '3'}]"},
    {"nothing before", "null", "{'a': 1}", NULL, NULL,
     "[{'path': '', 'before': null, 'after': {'a': 1}}]"},
    {"another type", "{'a': [1]}", "{'a': {'b': 1}}", NULL, NULL,
     "[{'path': 'a', 'before': [1], 'after': {'b': 1}}]"},
};

static json_t *parse(const char *text)
{
    char *copy = strdup(text);
    assert_non_null(copy);
    for (char *at = copy; (at = strchr(at, '\''));)
        *at = '"';
    json_t *json = json_loads(copy, JSON_DECODE_ANY, NULL);
    free(copy);
    assert_non_null(json);
    return json;
}

static struct diff_render render(const char *full, const char *shown)
{
    return (struct diff_render){parse(full), parse(shown ? shown : full)};
}

static void every_difference_is_told_as_it_may_be_shown(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof rows / sizeof *rows; at++) {
        struct fault why;
        struct diff_render before = render(rows[at].before, rows[at].before_shown);
        struct diff_render after = render(rows[at].after, rows[at].after_shown);
        json_t *expected = parse(rows[at].expected);
        json_t *found = diff_events(&before, &after, &why);
        print_message("%s\n", rows[at].what);
        assert_true(json_equal(found, expected));
        json_decref(found);
        json_decref(expected);
        diff_render_free(&before);
        diff_render_free(&after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_difference_is_told_as_it_may_be_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
