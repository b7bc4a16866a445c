/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "base/yaml_value.h"

struct key {
    char *hash;
};
struct row {
    char *id;
    struct key *keys;
    unsigned keys_count;
};
struct top {
    char *text;
    int64_t number;
    uint8_t small;
    bool truth;
    double share;
    int word;
    struct row *rows;
    unsigned rows_count;
    char *maybe;
};

static const cyaml_strval_t words[] = {{"stored", 1}, {"published", 2}};
static const cyaml_schema_field_t key_fields[] = {
    CYAML_FIELD_STRING_PTR("hash", CYAML_FLAG_POINTER, struct key, hash, 1, 8), CYAML_FIELD_END};
static const cyaml_schema_value_t key_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct key, key_fields)};
static const cyaml_schema_field_t row_fields[] = {
    CYAML_FIELD_STRING_PTR("id", CYAML_FLAG_POINTER, struct row, id, 1, CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("keys", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct row, keys,
                         &key_value, 1, 2),
    CYAML_FIELD_END};
static const cyaml_schema_value_t row_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct row, row_fields)};
static const cyaml_schema_field_t top_fields[] = {
    CYAML_FIELD_STRING_PTR("text", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct top, text, 0,
                           CYAML_UNLIMITED),
    CYAML_FIELD_INT("number", CYAML_FLAG_OPTIONAL, struct top, number),
    CYAML_FIELD_UINT("small", CYAML_FLAG_OPTIONAL, struct top, small),
    CYAML_FIELD_BOOL("truth", CYAML_FLAG_OPTIONAL, struct top, truth),
    CYAML_FIELD_FLOAT("share", CYAML_FLAG_OPTIONAL, struct top, share),
    CYAML_FIELD_ENUM("word", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct top, word, words, 2),
    CYAML_FIELD_SEQUENCE("rows", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct top, rows,
                         &row_value, 0, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("maybe", CYAML_FLAG_POINTER_NULL | CYAML_FLAG_OPTIONAL, struct top,
                           maybe, 0, CYAML_UNLIMITED),
    CYAML_FIELD_END};
static const cyaml_schema_value_t top_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct top, top_fields)};

static const struct {
    const char *text;
    const char *fault; /* after the path */
} refused[] = {
    {"bad: 1\n", ":1:1: unknown key bad"},
    {"text: x\n\n\n# why\nbad: 1\n", ":5:1: unknown key bad"},
    {"rows:\n  - id: a\n    keys:\n      - hash: x\n        foo: y\n", ":5:9: unknown key foo"},
    {"rows:\n  - id: a\n  - keys: [{hash: x}]\n", ":3:5: the key id is missing"},
    {"rows:\n  - id: a\n    id: b\n", ":3:5: the key id is here twice"},
    {"bad: 1\nbad: 2\n", ":2:1: the key bad is here twice"},
    {"number: x\n", ":1:9: expected a whole number"},
    {"number:\n", ":1:8: expected a whole number"},
    {"number: '12'\n", ":1:9: expected a whole number"},
    {"number: 010\n", ":1:9: expected a whole number"},
    {"number: 0x10\n", ":1:9: expected a whole number"},
    {"number: 1.5\n", ":1:9: expected a whole number"},
    {"number: [1]\n", ":1:9: expected a single value, not a list"},
    {"number: 9223372036854775808\n", ":1:9: the number is too large"},
    {"number: -9223372036854775809\n", ":1:9: the number is too large"},
    {"number: 99999999999999999999999\n", ":1:9: the number is too large"},
    {"small: 256\n", ":1:8: the number is too large"},
    {"small: -1\n", ":1:8: expected a whole number"},
    {"truth: maybe\n", ":1:8: expected true or false"},
    {"truth:\n", ":1:7: expected true or false"},
    {"share: 1x\n", ":1:8: expected a number"},
    {"word: never\n", ":1:7: expected one of: stored, published"},
    {"text: {a: b}\n", ":1:7: expected a single value, not a mapping"},
    {"rows: x\n", ":1:7: expected a list, not a single value"},
    {"rows: {a: 1}\n", ":1:7: expected a list, not a mapping"},
    {"rows:\n  - x\n", ":2:5: expected a mapping, not a single value"},
    {"rows:\n  - id: ''\n", ":2:9: is empty"},
    {"rows:\n  - id: a\n    keys: []\n", ":3:11: needs at least 1 entries"},
    {"rows: [{id: a, keys: [{hash: 1},{hash: 2},{hash: 3}]}]", ":1:22: has over 2 entries"},
    {"rows: [{id: a, keys: [{hash: 123456789}]}]", ":1:30: has over 8 bytes"},
    {"- a\n", ":1:1: expected a mapping, not a list"},
    {"x\n", ":1:1: expected a mapping, not a single value"},
    {"text: &a x\nmaybe: *a\n", ":2:8: an alias (*) is not allowed"},
    {"text: &a [*a]\n", ":1:11: an alias (*) is not allowed"},
    {"text: !!int x\n", ":1:7: a tag (!) has no meaning here"},
    {"text: \"a\\0b\"\n", ":1:7: a NUL character"},
    {"text: x\n---\nbad: 1\n", ":2:1: a second document"},
    {"? [a]\n: x\n", ":1:3: a key must be plain text"},
    {"rows:\n\t- id: x\n", ":2:1: a tab: YAML is indented by blanks"},
    {"text: a: b\n", ":1:8: mapping values are not allowed in this context"},
    {"text: \"x\n", ":2:1: found unexpected end of stream"},
    {"text: \xff\n", ": invalid leading UTF-8 octet at byte 6"},
};

static void a_fault_names_the_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char path[SCRATCH_PATH_SIZE];
        struct fault why;
        void *value = NULL;
        scratch_text(path, refused[i].text);
        if (yaml_value_load(path, &top_value, &value, &why))
            fail_msg("taken: %s", refused[i].text);
        assert_int_equal(why.kind, FAULT_REFUSE);
        assert_string_equal(scratch_after_path(path, why.text), refused[i].fault);
        assert_null(value);
        (void)unlink(path);
    }
}

static struct top *load(const char *text)
{
    char path[SCRATCH_PATH_SIZE];
    struct fault why;
    void *value = NULL;
    scratch_text(path, text);
    if (!yaml_value_load(path, &top_value, &value, &why))
        fail_msg("%s", why.text);
    (void)unlink(path);
    return value;
}

static void every_type_is_loaded(void **state)
{
    (void)state;
    struct top *top =
        load("text: Phú Cường\nnumber: -9223372036854775808\nsmall: 255\ntruth: true\n"
             "share: 0.5\nword: published\nmaybe:\n"
             "rows:\n  - id: a\n    keys: [{hash: x}, {hash: y}]\n  - id: b\n");
    assert_string_equal(top->text, "Phú Cường");
    assert_int_equal(top->number, INT64_MIN);
    assert_int_equal(top->small, 255);
    assert_true(top->truth);
    assert_true(top->share > 0.4 && top->share < 0.6);
    assert_int_equal(top->word, 2);
    assert_null(top->maybe);
    assert_int_equal(top->rows_count, 2);
    assert_string_equal(top->rows[0].keys[1].hash, "y");
    assert_string_equal(top->rows[1].id, "b");
    yaml_value_free(&top_value, top);
}

static void a_file_with_nothing_in_it_is_an_empty_mapping(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "# only words\n", "---\n", "{}\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct top *top = load(texts[i]);
        assert_non_null(top);
        assert_null(top->text);
        assert_int_equal(top->number, 0);
        yaml_value_free(&top_value, top);
    }
}

static void a_missing_file_is_a_fault(void **state)
{
    (void)state;
    struct fault why;
    void *value;
    assert_false(yaml_value_load("/nonexistent/x.yaml", &top_value, &value, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_string_equal(why.text, "/nonexistent/x.yaml: No such file or directory");
}

static void a_file_over_the_limit_is_refused(void **state)
{
    (void)state;
    char path[SCRATCH_PATH_SIZE];
    struct fault why;
    void *value;
    char *large = malloc(YAML_FILE_LIMIT + 1);
    assert_non_null(large);
    memset(large, '#', YAML_FILE_LIMIT + 1);
    scratch_bytes(path, large, YAML_FILE_LIMIT + 1);
    assert_false(yaml_value_load(path, &top_value, &value, &why));
    assert_string_equal(scratch_after_path(path, why.text), ": over 1048576 bytes");
    (void)unlink(path);
    free(large);
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    char path[SCRATCH_PATH_SIZE], deep[20001];
    struct fault why;
    void *value;
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    scratch_text(path, deep);
    assert_false(yaml_value_load(path, &top_value, &value, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_names_the_place),
        cmocka_unit_test(every_type_is_loaded),
        cmocka_unit_test(a_file_with_nothing_in_it_is_an_empty_mapping),
        cmocka_unit_test(a_missing_file_is_a_fault),
        cmocka_unit_test(a_file_over_the_limit_is_refused),
        cmocka_unit_test(deep_nesting_is_refused),
    };
    return cmocka_run_group_tests_name("yaml_value", tests, NULL, NULL);
}
