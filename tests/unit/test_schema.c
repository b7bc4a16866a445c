/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "event/canonical.h"
#include "event/schema.h"

ENDS_WITH_SCOPE(struct schema *, schema_free)

static struct schema *parse(const char *text)
{
    struct fault why;
    struct schema *schema = schema_parse(text, strlen(text), &why);
    if (!schema)
        fail_msg("%s", why.text);
    return schema;
}

static struct schema *load(const char *path)
{
    struct fault why;
    struct schema *schema = schema_load(path, &why);
    if (!schema)
        fail_msg("%s", why.text);
    return schema;
}

static avro_value_t new_value(const struct schema *schema)
{
    struct fault why;
    avro_value_t value;
    assert_int_equal(avro_generic_value_new(schema->iface, &value), 0);
    assert_true(schema_reset(schema, &value, &why));
    return value;
}

static avro_value_t field(avro_value_t *record, const char *name)
{
    avro_value_t value;
    assert_int_equal(avro_value_get_by_name(record, name, &value, NULL), 0);
    return value;
}

static const char *text_of(avro_value_t *value)
{
    const char *text = NULL;
    size_t size;
    assert_int_equal(avro_value_get_string(value, &text, &size), 0);
    return text;
}

static void our_schemas_load(void **state)
{
    (void)state;
    static const char *const paths[] = {"schemas/dossier-event.avsc", "schemas/dead-letter.avsc"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        auto_free(schema_free) struct schema *schema = load(paths[i]);
        assert_int_equal(schema->text[0], '{');
        assert_int_equal(schema->size, strlen(schema->text));
    }
}

/* The expected values are fastavro 1.13's, which gives the fingerprint's bytes lowest first. */
static void the_canonical_form_and_its_fingerprint_follow_the_specification(void **state)
{
    (void)state;
    static const struct {
        const char *schema, *canonical;
        uint64_t fingerprint;
    } cases[] = {
        {"{\"type\":\"null\"}", "\"null\"", UINT64_C(0x63dd24e7cc258f8a)},
        {"{\"type\":\"int\",\"logicalType\":\"date\"}", "\"int\"", UINT64_C(0x7275d51a3f395c8f)},
        {"{\"type\":\"record\",\"name\":\"E\",\"namespace\":\"a.b\",\"doc\":\"d\",\"fields\":["
         "{\"name\":\"x\",\"type\":{\"type\":\"enum\",\"name\":\"F\",\"symbols\":[\"A\",\"B\"],"
         "\"default\":\"A\"},\"default\":\"A\"},"
         "{\"name\":\"y\",\"type\":[\"null\",\"F\"]},"
         "{\"name\":\"z\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"map\","
         "\"values\":{\"type\":\"fixed\",\"name\":\"q.Fx\",\"size\":4}}}}]}",
         "{\"name\":\"a.b.E\",\"type\":\"record\",\"fields\":["
         "{\"name\":\"x\",\"type\":{\"name\":\"a.b.F\",\"type\":\"enum\",\"symbols\":[\"A\",\"B\"]}"
         "},"
         "{\"name\":\"y\",\"type\":[\"null\",\"a.b.F\"]},"
         "{\"name\":\"z\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"map\","
         "\"values\":{\"name\":\"q.Fx\",\"type\":\"fixed\",\"size\":4}}}}]}",
         UINT64_C(0xa85feee705d37d5a)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fault why;
        size_t size = 0;
        auto_free(schema_free) struct schema *schema = parse(cases[i].schema);
        auto_free(free) char *canonical = canonical_write(schema->shapes, &size, &why);
        assert_string_equal(canonical, cases[i].canonical);
        assert_int_equal(schema->fingerprint, cases[i].fingerprint);
    }
}

static void a_reset_value_holds_the_defaults(void **state)
{
    (void)state;
    auto_free(schema_free) struct schema *schema = load("schemas/dossier-event.avsc");
    avro_value_t event = new_value(schema);
    avro_value_t type = field(&event, "event_type");
    int index = -1;
    assert_int_equal(avro_value_get_enum(&type, &index), 0);
    assert_int_equal(index, 0);
    avro_value_t applicant = field(&event, "applicant");
    assert_int_equal(avro_value_get_discriminant(&applicant, &index), 0);
    assert_int_equal(index, 0);
    avro_value_t source = field(&event, "source");
    avro_value_t system = field(&source, "system");
    assert_string_equal(text_of(&system), "");
    avro_value_decref(&event);
}

static void a_value_used_before_is_reset_whole(void **state)
{
    (void)state;
    struct fault why;
    auto_free(schema_free) struct schema *schema = load("schemas/dossier-event.avsc");
    avro_value_t event = new_value(schema), branch, item;
    avro_value_t summary = field(&event, "summary"), tags = field(&event, "tags");
    avro_value_t eform = field(&event, "eform"), code = field(&event, "dossier_code");
    assert_int_equal(avro_value_set_branch(&summary, 1, &branch), 0);
    assert_int_equal(avro_value_set_string(&branch, "text"), 0);
    assert_int_equal(avro_value_append(&tags, &item, NULL), 0);
    assert_int_equal(avro_value_set_string(&item, "tag"), 0);
    assert_int_equal(avro_value_add(&eform, "key", &item, NULL, NULL), 0);
    assert_int_equal(avro_value_set_string(&item, "value"), 0);
    assert_int_equal(avro_value_set_string(&code, "H09-1"), 0);

    assert_true(schema_reset(schema, &event, &why));
    int index = -1;
    size_t count = 9;
    assert_int_equal(avro_value_get_discriminant(&summary, &index), 0);
    assert_int_equal(index, 0);
    assert_int_equal(avro_value_get_size(&tags, &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(avro_value_get_size(&eform, &count), 0);
    assert_int_equal(count, 0);
    assert_string_equal(text_of(&code), "");
    avro_value_decref(&event);
}

static void a_record_in_a_union_or_a_list_is_reset_by_its_name(void **state)
{
    (void)state;
    struct fault why;
    auto_free(schema_free) struct schema *schema = load("schemas/dossier-event.avsc");
    avro_value_t event = new_value(schema), outcome, document;
    avro_value_t place = field(&event, "outcome"), documents = field(&event, "documents");
    assert_int_equal(avro_value_set_branch(&place, 1, &outcome), 0);
    assert_true(schema_reset_record(schema, &outcome, &why));
    avro_value_t kind = field(&outcome, "kind");
    assert_string_equal(text_of(&kind), "OTHER");

    assert_int_equal(avro_value_append(&documents, &document, NULL), 0);
    assert_true(schema_reset_record(schema, &document, &why));
    avro_value_t role = field(&document, "role");
    assert_string_equal(text_of(&role), "OTHER");

    assert_false(schema_reset_record(schema, &documents, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    avro_value_decref(&event);
}

static void defaults_of_every_type_are_set(void **state)
{
    (void)state;
    auto_free(schema_free) struct schema *schema = parse(
        "{\"type\":\"record\",\"name\":\"D\",\"fields\":["
        "{\"name\":\"flag\",\"type\":\"boolean\",\"default\":true},"
        "{\"name\":\"whole\",\"type\":\"int\",\"default\":-7},"
        "{\"name\":\"wide\",\"type\":\"long\",\"default\":9007199254740993},"
        "{\"name\":\"real\",\"type\":\"double\",\"default\":2},"
        "{\"name\":\"small\",\"type\":\"float\",\"default\":0.5},"
        "{\"name\":\"raw\",\"type\":\"bytes\",\"default\":\"A\\u00ff\\u0080\"},"
        "{\"name\":\"four\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":2},"
        "\"default\":\"\\u00fez\"},"
        "{\"name\":\"list\",\"type\":{\"type\":\"array\",\"items\":\"int\"},\"default\":[3,4]},"
        "{\"name\":\"table\",\"type\":{\"type\":\"map\",\"values\":\"int\"},\"default\":{\"k\":5}},"
        "{\"name\":\"pick\",\"type\":[\"string\",\"null\"],\"default\":\"first\"},"
        "{\"name\":\"inner\",\"type\":{\"type\":\"record\",\"name\":\"I\",\"fields\":["
        "{\"name\":\"a\",\"type\":\"string\"},{\"name\":\"b\",\"type\":\"string\",\"default\":"
        "\"B\"}]},"
        "\"default\":{\"a\":\"A\"}}]}");
    avro_value_t value = new_value(schema);
    char *json = NULL;
    assert_int_equal(avro_value_to_json(&value, 1, &json), 0);
    assert_string_equal(json, "{\"flag\": true, \"whole\": -7, \"wide\": 9007199254740993, "
                              "\"real\": 2.0, \"small\": 0.5, \"raw\": \"A\\u00FF\\u0080\", "
                              "\"four\": \"\\u00FEz\", \"list\": [3, 4], \"table\": {\"k\": 5}, "
                              "\"pick\": {\"string\": \"first\"}, "
                              "\"inner\": {\"a\": \"A\", \"b\": \"B\"}}");
    free(json);
    avro_value_decref(&value);
}

static void marks_are_found_by_path(void **state)
{
    (void)state;
    auto_free(schema_free) struct schema *schema = load("schemas/dossier-event.avsc");
    static const struct {
        const char *path, *mark;
    } cases[] = {
        {"applicant.name", "basic"}, {"documents[].name", "free"}, {"eform{}", "free"},
        {"step.officer", "staff"},   {"summary", "free"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(schema_personal(schema, cases[i].path), cases[i].mark);
    assert_null(schema_personal(schema, "dossier_code"));
    assert_null(schema_personal(schema, "documents[].uri"));
    assert_null(schema_personal(schema, "no.such.field"));
    assert_null(schema_personal(schema, ""));
}

#define RECORD(fields) "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}"

/* Each of these is taken, or crashes, in avro-c 1.11.1 alone. */
static void a_schema_that_is_not_sound_is_refused(void **state)
{
    (void)state;
    static const char *const schemas[] = {
        "",
        "{",
        "{}",
        "7",
        "[]",
        "{\"type\":\"record\",\"type\":\"enum\",\"name\":\"R\"}",
        "{\"type\":\"record\",\"name\":\"R\"}",
        "{\"type\":\"record\",\"name\":\"R S\",\"fields\":[]}",
        "{\"type\":\"record\",\"name\":\"int\",\"fields\":[]}",
        "{\"type\":\"record\",\"name\":\"R\",\"namespace\":\"a..b\",\"fields\":[]}",
        "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[]}",
        "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"A\"]}",
        "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"],\"default\":\"B\"}",
        "{\"type\":\"fixed\",\"name\":\"F\",\"size\":-5}",
        "{\"type\":\"fixed\",\"name\":\"F\",\"size\":9223372036854775807}",
        "{\"type\":\"array\"}",
        "{\"type\":\"map\",\"values\":\"Nowhere\"}",
        "[\"int\",\"int\"]",
        "[\"int\",[\"null\"]]",
        RECORD(""),
        RECORD("{\"name\":\"a\"}"),
        RECORD("{\"name\":\"a\",\"type\":\"int\"},{\"name\":\"a\",\"type\":\"int\"}"),
        RECORD("{\"name\":\"a\",\"type\":\"R\"}"),
        RECORD("{\"name\":\"a\",\"type\":[\"null\",\"R\"]}"),
        RECORD("{\"name\":\"a\",\"type\":{\"type\":\"array\",\"items\":\"R\"}}"),
        RECORD("{\"name\":\"a\",\"type\":\"int\",\"default\":\"x\"}"),
        RECORD("{\"name\":\"a\",\"type\":\"int\",\"default\":2147483648}"),
        RECORD("{\"name\":\"a\",\"type\":[\"null\",\"int\"],\"default\":7}"),
        RECORD("{\"name\":\"a\",\"type\":\"bytes\",\"default\":\"\\u0100\"}"),
        RECORD("{\"name\":\"a\",\"type\":\"int\",\"aliases\":[1]}"),
    };
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
        struct fault why = {0};
        struct schema *schema = schema_parse(schemas[i], strlen(schemas[i]), &why);
        if (schema)
            fail_msg("taken: %s", schemas[i]);
        assert_int_equal(why.kind, FAULT_REFUSE);
    }
}

static char *nested_arrays(size_t depth)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; i < depth; i++)
        fputs("{\"type\":\"array\",\"items\":", out);
    fputs("\"int\"", out);
    for (size_t i = 0; i < depth; i++)
        fputc('}', out);
    (void)fclose(out);
    return text;
}

static void nesting_has_an_end(void **state)
{
    (void)state;
    struct fault why;
    auto_free(free) char *deep = nested_arrays(31);
    auto_free(schema_free) struct schema *schema = parse(deep);
    auto_free(free) char *deeper = nested_arrays(32);
    assert_null(schema_parse(deeper, strlen(deeper), &why));
    auto_free(free) char *deepest = nested_arrays(30000);
    assert_null(schema_parse(deepest, strlen(deepest), &why));
}

/* Ten fields of a type with ten fields of a type ...: small to write, ruinous to allocate. */
static void a_schema_that_multiplies_itself_is_refused(void **state)
{
    (void)state;
    auto_free(free) char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    fputs("{\"type\":\"record\",\"name\":\"Top\",\"fields\":[", out);
    for (int level = 0; level < 12; level++) {
        fprintf(out,
                "%s{\"name\":\"l%d\",\"type\":{\"type\":\"record\",\"name\":\"L%d\",\"fields\":[",
                level ? "," : "", level, level);
        for (int i = 0; i < 10; i++)
            level
                ? fprintf(out, "%s{\"name\":\"f%d\",\"type\":\"L%d\"}", i ? "," : "", i, level - 1)
                : fprintf(out, "%s{\"name\":\"f%d\",\"type\":\"int\"}", i ? "," : "", i);
        fputs("]}}", out);
    }
    fputs("]}", out);
    (void)fclose(out);
    struct fault why;
    assert_null(schema_parse(text, size, &why));
    assert_non_null(strstr(why.text, "would hold"));
}

static void the_fault_of_a_file_names_it(void **state)
{
    (void)state;
    struct fault why;
    assert_null(schema_load("schemas/none.avsc", &why));
    assert_non_null(strstr(why.text, "schemas/none.avsc"));
    assert_null(schema_load("Makefile", &why));
    assert_non_null(strstr(why.text, "Makefile"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_schemas_load),
        cmocka_unit_test(the_canonical_form_and_its_fingerprint_follow_the_specification),
        cmocka_unit_test(a_reset_value_holds_the_defaults),
        cmocka_unit_test(a_value_used_before_is_reset_whole),
        cmocka_unit_test(a_record_in_a_union_or_a_list_is_reset_by_its_name),
        cmocka_unit_test(defaults_of_every_type_are_set),
        cmocka_unit_test(marks_are_found_by_path),
        cmocka_unit_test(a_schema_that_is_not_sound_is_refused),
        cmocka_unit_test(nesting_has_an_end),
        cmocka_unit_test(a_schema_that_multiplies_itself_is_refused),
        cmocka_unit_test(the_fault_of_a_file_names_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
