/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "event/render.h"

ENDS_WITH_SCOPE(struct schema *, schema_free)
ENDS_WITH_SCOPE(json_t *, json_decref)

/** An event in which every text says which field it is, as "secret:PATH" or "plain:PATH". */
struct sample {
    struct schema *schema;
    avro_value_t event;
};

static void fill(const struct sample *sample, const char *path, avro_value_t *value);

static void fill_string(const struct sample *sample, const char *path, avro_value_t *value)
{
    char text[200];
    bool is_personal = schema_personal(sample->schema, path);
    snprintf(text, sizeof text, "%s:%s", is_personal ? "secret" : "plain", path);
    assert_int_equal(avro_value_set_string(value, text), 0);
}

static void fill_record(const struct sample *sample, const char *path, avro_value_t *value)
{
    struct fault why;
    size_t count = 0;
    if (*path)
        assert_true(schema_reset_record(sample->schema, value, &why));
    assert_int_equal(avro_value_get_size(value, &count), 0);
    for (size_t at = 0; at < count; at++) {
        avro_value_t field;
        const char *name = NULL;
        char below[100];
        assert_int_equal(avro_value_get_by_index(value, at, &field, &name), 0);
        snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", name);
        fill(sample, below, &field);
    }
}

static void fill_item(const struct sample *sample, const char *path, avro_value_t *value)
{
    avro_value_t item;
    char below[100];
    bool is_map = avro_value_get_type(value) == AVRO_MAP;
    snprintf(below, sizeof below, "%s%s", path, is_map ? "{}" : "[]");
    assert_int_equal(is_map ? avro_value_add(value, "key", &item, NULL, NULL)
                            : avro_value_append(value, &item, NULL),
                     0);
    fill(sample, below, &item);
}

static void fill(const struct sample *sample, const char *path, avro_value_t *value)
{
    avro_type_t type = avro_value_get_type(value);
    avro_value_t branch;
    if (type == AVRO_UNION) {
        assert_int_equal(avro_value_set_branch(value, 1, &branch), 0);
        fill(sample, path, &branch);
    } else if (type == AVRO_STRING)
        fill_string(sample, path, value);
    else if (type == AVRO_RECORD)
        fill_record(sample, path, value);
    else if (type == AVRO_ARRAY || type == AVRO_MAP)
        fill_item(sample, path, value);
    else if (type == AVRO_INT64)
        assert_int_equal(avro_value_set_long(value, 1747035900000), 0);
}

static int open_sample(void **state)
{
    static struct sample sample;
    struct fault why;
    sample.schema = schema_load("schemas/dossier-event.avsc", &why);
    if (!sample.schema || avro_generic_value_new(sample.schema->iface, &sample.event) != 0 ||
        !schema_reset(sample.schema, &sample.event, &why))
        return -1;
    fill(&sample, "", &sample.event);
    *state = &sample;
    return 0;
}

static int close_sample(void **state)
{
    struct sample *sample = *state;
    avro_value_decref(&sample->event);
    schema_free(sample->schema);
    return 0;
}

static char *shown(const struct sample *sample, enum render_mask mask)
{
    struct fault why;
    auto_free(json_decref) json_t *json = render_event(sample->schema, &sample->event, mask, &why);
    assert_non_null(json);
    return json_dumps(json, JSON_COMPACT);
}

static void nothing_that_is_marked_appears_masked(void **state)
{
    auto_free(free) char *text = shown(*state, RENDER_MASKED);
    assert_null(strstr(text, "secret"));
    assert_non_null(strstr(text, "plain:dossier_code"));
    assert_non_null(strstr(text, "plain:documents[].uri"));
}

static void everything_appears_unmasked(void **state)
{
    auto_free(free) char *text = shown(*state, RENDER_FULL);
    static const char *const personal[] = {
        "applicant.name", "applicant.id_number",    "applicant.phone", "applicant.email",
        "summary",        "supplement.content",     "step.officer",    "applicant.address",
        "reason",         "documents[].name",       "eform{}",         "source_extra{}",
        "handoff.note",   "outcome.signed_by",      "step.content",    "supplement.requested_by",
        "outcome.note",   "documents[].description"};
    for (size_t i = 0; i < sizeof personal / sizeof *personal; i++) {
        char marked[120];
        snprintf(marked, sizeof marked, "\"secret:%s\"", personal[i]);
        if (!strstr(text, marked))
            fail_msg("not marked as personal, or not shown: %s", personal[i]);
    }
}

static void fields_stand_in_the_order_of_the_schema(void **state)
{
    const struct sample *sample = *state;
    struct fault why;
    auto_free(json_decref) json_t *json =
        render_event(sample->schema, &sample->event, RENDER_FULL, &why);
    size_t at = 0;
    const char *key;
    json_t *member;
    json_object_foreach (json, key, member)
        assert_string_equal(key, sample->schema->shapes->root->fields[at++].name);
    assert_int_equal(at, sample->schema->shapes->root->count);
}

static void times_are_iso_and_numbers_are_numbers(void **state)
{
    auto_free(free) char *text = shown(*state, RENDER_FULL);
    assert_non_null(strstr(text, "\"occurred_at\":\"2025-05-12T07:45:00.000Z\""));
    assert_non_null(strstr(text, "\"due_at\":\"2025-05-12T07:45:00.000Z\""));
    assert_non_null(strstr(text, "\"amount_vnd\":1747035900000"));
    assert_non_null(strstr(text, "\"event_type\":\"UNKNOWN\""));
}

/* ---- other schemas ---- */

static char *show(const char *schema_text, void (*set)(avro_value_t *value), enum render_mask mask)
{
    struct fault why;
    auto_free(schema_free) struct schema *schema =
        schema_parse(schema_text, strlen(schema_text), &why);
    avro_value_t value, field;
    assert_int_equal(avro_generic_value_new(schema->iface, &value), 0);
    assert_true(schema_reset(schema, &value, &why));
    assert_int_equal(avro_value_get_by_index(&value, 0, &field, NULL), 0);
    set(&field);
    auto_free(json_decref) json_t *json = render_event(schema, &value, mask, &why);
    assert_non_null(json);
    avro_value_decref(&value);
    return json_dumps(json, JSON_COMPACT);
}

#define FIELD(type, marks)                                                                         \
    "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":" type marks "}]}"
#define PERSONAL ",\"pii\":\"basic\""

static void set_bytes(avro_value_t *value)
{
    static char bytes[] = {0x00, 0x7F, 0x00};
    assert_int_equal(avro_value_set_bytes(value, bytes, sizeof bytes), 0);
}

static void set_not_a_number(avro_value_t *value)
{
    assert_int_equal(avro_value_set_double(value, __builtin_nan("")), 0);
}

static void set_far_future(avro_value_t *value)
{
    assert_int_equal(avro_value_set_long(value, INT64_MAX), 0);
}

static void set_int(avro_value_t *value)
{
    assert_int_equal(avro_value_set_int(value, 1987), 0);
}

static void every_type_can_be_shown_and_masked(void **state)
{
    (void)state;
    static const struct {
        const char *schema;
        void (*set)(avro_value_t *value);
        const char *full, *masked;
    } cases[] = {
        {FIELD("\"bytes\"", ""), set_bytes, "{\"a\":\"007f00\"}", "{\"a\":\"007f00\"}"},
        {FIELD("\"bytes\"", PERSONAL), set_bytes, "{\"a\":\"007f00\"}", "{\"a\":\"[6]\"}"},
        {FIELD("\"double\"", ""), set_not_a_number, "{\"a\":\"not a number\"}",
         "{\"a\":\"not a number\"}"},
        {FIELD("\"int\"", PERSONAL), set_int, "{\"a\":1987}", "{\"a\":\"***\"}"},
        {FIELD("{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}", ""), set_far_future,
         "{\"a\":9223372036854775807}", "{\"a\":9223372036854775807}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        auto_free(free) char *full = show(cases[i].schema, cases[i].set, RENDER_FULL);
        auto_free(free) char *masked = show(cases[i].schema, cases[i].set, RENDER_MASKED);
        assert_string_equal(full, cases[i].full);
        assert_string_equal(masked, cases[i].masked);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_that_is_marked_appears_masked),
        cmocka_unit_test(everything_appears_unmasked),
        cmocka_unit_test(fields_stand_in_the_order_of_the_schema),
        cmocka_unit_test(times_are_iso_and_numbers_are_numbers),
        cmocka_unit_test(every_type_can_be_shown_and_masked),
    };
    return cmocka_run_group_tests(tests, open_sample, close_sample);
}
