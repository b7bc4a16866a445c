/* SPDX-License-Identifier: Apache-2.0 */
#include "workshop.h"

#include "base/file.h"

#include <dirent.h>

static const char yaml[] = "name: test\n"
                           "title: test\n"
                           "syntax: json\n"
                           "media_types: [application/json]\n"
                           "messages:\n"
                           "  - name: M\n"
                           "    format: TEST\n"
                           "    shapes: [{when: [{path: /code}]}]\n"
                           "    native_id: ['=content']\n"
                           "    event_type: {from: [type], table: type.tsv}\n"
                           "    speaks_for: [{field: receiving_agency}]\n"
                           "    map:\n"
                           "      - {field: dossier_code, path: code, required: true}\n";

#define J(inside) "{\"code\": \"C1\", " inside "}"

static int set_up(void **state)
{
    return workshop_set_up(state, yaml);
}

static const struct {
    const char *document;
    const char *key; /* of source_extra */
    const char *text;
} seen[] = {
    {J("\"a\": \" x \""), "a", "\"x\""},
    {J("\"a\": 12"), "a", "\"12\""},
    {J("\"a\": 1.50e3"), "a", "\"1.50e3\""},
    {J("\"a\": true"), "a", "\"true\""},
    {J("\"a\": {\"b\": \"x\"}"), "a/b", "\"x\""},
    {J("\"a\": [\"x\", \"y\"]"), "a[1]", "\"y\""},
    {J("\"a\": [\"x\"]"), "a[0]", "\"x\""},
    {J("\"a\": [[\"x\", \"y\"]]"), "a[0]/[1]", "\"y\""},
    {J("\"a\": [{\"b\": {\"c\": \"x\"}}]"), "a[0]/b/c", "\"x\""},
    {J("\"a/b\": {\"{c\": \"x\"}"), "a~1b/~3c", "\"x\""},
    {J("\"@id\": \"x\""), "~4id", "\"x\""},
    {J("\"a\": \"\\u1ea1\\n\""), "a", "\"\xE1\xBA\xA1\""},
    {"\xEF\xBB\xBF" J("\"a\": \"x\""), "a", "\"x\""},
};

static void members_and_elements_become_nodes(void **state)
{
    for (size_t at = 0; at < sizeof seen / sizeof seen[0]; at++)
        workshop_sees(*state, seen[at].document, seen[at].key, seen[at].text);
}

static void empty_places_say_nothing(void **state)
{
    workshop_read_text(
        *state, J("\"a\": null, \"b\": \"\", \"c\": [], \"d\": {}, \"e\": [{}], \"f\": \" \""));
    workshop_problem(*state, 0, "");
    workshop_expect(*state, "source_extra", "{}");
}

static const struct {
    const char *document;
    const char *problem;
} refused[] = {
    {"", "syntax /"},
    {"hello", "syntax /"},
    {"{", "syntax /"},
    {"[1,]", "syntax /"},
    {J("\"a\": 1 2"), "syntax /"},
    {J("\"a\": 01"), "syntax /"},
    {J("\"a\": \"\\u0000\""), "syntax /"},
    {J("\"a\": \"\xC0\x80\""), "syntax /"},
    {J("\"a\": \"\xED\xA0\x80\""), "syntax /"},
    {J("\"a\": 'x'"), "syntax /"},
    {J("\"a\": 1 // no"), "syntax /"},
    {J("\"a\": 1") "x", "syntax /"},
    {J("\"a\": 1, \"a\": 2"), "syntax /"},
    {J("\"a\": 99999999999999999999"), "syntax /"},
    {"{\"co\": 1}", "unrecognised /"},
    {"[]", "unrecognised /"},
};

static void what_is_not_json_is_refused(void **state)
{
    for (size_t at = 0; at < sizeof refused / sizeof refused[0]; at++)
        workshop_refuses(*state, refused[at].document, refused[at].problem);
}

static void a_problem_has_its_place_and_no_value(void **state)
{
    struct workshop *shop = *state;
    workshop_read_text(shop, "{\n  \"code\": \"C1\",\n  \"name\": Secret\n}");
    const json_t *problem = json_array_get(shop->trial.problems, 0);
    assert_int_equal(json_integer_value(json_object_get(problem, "line")), 3);
    char *text = json_dumps(problem, 0);
    assert_null(strstr(text, "Secret"));
    free(text);
    workshop_read_text(shop, "{\n  \"x\": [1,\n 2],\n  \"code\": \"\"\n}");
    problem = json_array_get(shop->trial.problems, 0);
    assert_int_equal(json_integer_value(json_object_get(problem, "line")), 4);
    assert_int_equal(json_integer_value(json_object_get(problem, "column")), 11);
}

static void a_nul_is_refused(void **state)
{
    static const char with_nul[] = "{\"code\": \"C\0001\"}";
    workshop_read(*state, with_nul, sizeof with_nul - 1);
    workshop_problem(*state, 0, "syntax /");
}

static void each_bomb_is_refused_in_little_time(void **state)
{
    static const struct bomb bombs[] = {
        {"", "[", 10000, ""},
        {"", "{\"a\":", 10000, ""},
        {"{", "\"a#\":1,", 15000, "\"code\":1}"},
        {"[", "1,", 100000, "1]"},
        {"[", "\"#\",", 60000, "1]"},
        {"[", "[],", 60000, "1]"},
    };
    for (size_t at = 0; at < sizeof bombs / sizeof bombs[0]; at++)
        workshop_defuses(*state, &bombs[at]);
}

/* Another's collection of hard cases, if it lies beside the clone: none may do harm. */
static void no_case_of_a_collection_does_harm(void **state)
{
    const char *named = getenv("JSON_TEST_SUITE");
    const char *folder = named ? named : "../shared/attacks/json/test_parsing";
    DIR *open = opendir(folder);
    int bad = 0;
    if (!open)
        skip();
    for (struct dirent *entry; (entry = readdir(open));) {
        struct fault why;
        size_t size = 0;
        auto_free(free) char *path = file_join(folder, entry->d_name, &why);
        auto_free(free) char *bytes = path ? file_read(path, 1 << 20, &size, &why) : NULL;
        if (!bytes)
            continue;
        workshop_read(*state, bytes, size);
        const json_t *problem = json_array_get(((struct workshop *)*state)->trial.problems, 0);
        const char *rule = json_string_value(json_object_get(problem, "rule"));
        bool is_refused = rule && strcmp(rule, "unrecognised") != 0;
        bool must_be = entry->d_name[0] == 'n';
        if (must_be && !is_refused) {
            (void)fprintf(stderr, "taken: %s\n", entry->d_name);
            bad++;
        }
    }
    (void)closedir(open);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_and_elements_become_nodes),
        cmocka_unit_test(empty_places_say_nothing),
        cmocka_unit_test(what_is_not_json_is_refused),
        cmocka_unit_test(a_problem_has_its_place_and_no_value),
        cmocka_unit_test(a_nul_is_refused),
        cmocka_unit_test(each_bomb_is_refused_in_little_time),
        cmocka_unit_test(no_case_of_a_collection_does_harm),
    };
    return cmocka_run_group_tests(tests, set_up, workshop_tear_down);
}
