/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "event/render.h"
#include "event/wire.h"

#include <pthread.h>

ENDS_WITH_SCOPE(struct schema *, schema_free)

static const struct wire_limits limits = {.text_size = 64, .items = 100, .depth = 8};

static struct schema *parse(const char *text)
{
    struct fault why;
    struct schema *schema = schema_parse(text, strlen(text), &why);
    if (!schema)
        fail_msg("%s", why.text);
    return schema;
}

/* ---- prefixes ---- */

static void a_confluent_prefix_is_a_zero_and_the_id(void **state)
{
    (void)state;
    struct wire_prefix prefix = wire_confluent(0x01020304);
    assert_int_equal(prefix.size, 5);
    assert_memory_equal(prefix.bytes, "\x00\x01\x02\x03\x04", 5);
}

/* The specification's own order: the fingerprint of "int" is 0x7275d51a3f395c8f. */
static void a_single_object_prefix_is_a_mark_and_the_fingerprint(void **state)
{
    (void)state;
    struct wire_prefix prefix = wire_single_object(UINT64_C(0x7275d51a3f395c8f));
    assert_int_equal(prefix.size, 10);
    assert_memory_equal(prefix.bytes, "\xC3\x01\x8f\x5c\x39\x3f\x1a\xd5\x75\x72", 10);
}

static void a_prefix_is_recognised_as_it_was_made(void **state)
{
    (void)state;
    int32_t id = 0;
    uint64_t fingerprint = 0;
    size_t size = 0;
    struct wire_prefix prefix = wire_confluent(INT32_MAX);
    assert_int_equal(wire_recognise(prefix.bytes, prefix.size, &id, &fingerprint, &size),
                     WIRE_CONFLUENT);
    assert_int_equal(id, INT32_MAX);
    assert_int_equal(size, 5);
    prefix = wire_single_object(UINT64_MAX - 1);
    assert_int_equal(wire_recognise(prefix.bytes, prefix.size, &id, &fingerprint, &size),
                     WIRE_SINGLE_OBJECT);
    assert_true(fingerprint == UINT64_MAX - 1);
    assert_int_equal(size, 10);
}

static void what_has_no_prefix_is_unknown(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {{"", 0},
                 {"\0\0\0\1", 4},
                 {"\xC3\x01"
                  "1234567",
                  9},
                 {"{\"a\": 1234567}", 14}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int32_t id = -7;
        uint64_t fingerprint = 7;
        size_t size = 77;
        assert_int_equal(wire_recognise(cases[i].bytes, cases[i].size, &id, &fingerprint, &size),
                         WIRE_UNKNOWN);
        assert_int_equal(id, -7);
        assert_int_equal(size, 77);
    }
}

/* ---- writing ---- */

static void an_encoded_value_decodes_to_an_equal_one(void **state)
{
    (void)state;
    struct fault why;
    auto_free(schema_free) struct schema *schema = schema_load("schemas/dossier-event.avsc", &why);
    avro_value_t event, again, code;
    assert_int_equal(avro_generic_value_new(schema->iface, &event), 0);
    assert_int_equal(avro_generic_value_new(schema->iface, &again), 0);
    assert_true(schema_reset(schema, &event, &why));
    assert_int_equal(avro_value_get_by_name(&event, "dossier_code", &code, NULL), 0);
    assert_int_equal(avro_value_set_string(&code, "000.12.40.H09-250512-0037"), 0);

    size_t size = 0;
    auto_free(free) char *bytes = wire_encode(schema, &event, &size, &why);
    assert_non_null(bytes);
    const struct wire_limits wide = {.text_size = 64, .items = 0, .depth = 8};
    assert_true(wire_decode(schema, bytes, size, &wide, &again, &why));
    assert_true(avro_value_equal(&event, &again));
    avro_value_decref(&event);
    avro_value_decref(&again);
}

static void an_enum_out_of_range_is_not_encoded(void **state)
{
    (void)state;
    struct fault why;
    auto_free(schema_free) struct schema *schema = schema_load("schemas/dossier-event.avsc", &why);
    avro_value_t event, type;
    assert_int_equal(avro_generic_value_new(schema->iface, &event), 0);
    assert_true(schema_reset(schema, &event, &why));
    assert_int_equal(avro_value_get_by_name(&event, "event_type", &type, NULL), 0);
    assert_int_equal(avro_value_set_enum(&type, 99), 0); /* avro-c takes it */
    size_t size = 0;
    assert_null(wire_encode(schema, &event, &size, &why));
    assert_non_null(strstr(why.text, "event_type"));
    avro_value_decref(&event);
}

static void a_text_that_is_not_utf8_is_not_encoded(void **state)
{
    (void)state;
    struct fault why;
    auto_free(schema_free) struct schema *schema = parse("{\"type\":\"string\"}");
    avro_value_t text;
    assert_int_equal(avro_generic_value_new(schema->iface, &text), 0);
    assert_int_equal(avro_value_set_string(&text, "\xC3"), 0);
    size_t size = 0;
    assert_null(wire_encode(schema, &text, &size, &why));
    avro_value_decref(&text);
}

static void a_value_whose_union_has_no_branch_is_not_encoded(void **state)
{
    (void)state;
    struct fault why;
    auto_free(schema_free) struct schema *schema = parse("[\"null\",\"string\"]");
    avro_value_t fresh;
    assert_int_equal(avro_generic_value_new(schema->iface, &fresh), 0);
    size_t size = 0;
    assert_null(wire_encode(schema, &fresh, &size, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    avro_value_decref(&fresh);
}

/* ---- reading ---- */

/* Bytes may hold NULs, so a case carries its size. */
#define BYTES(text) text, sizeof(text) - 1

struct datum {
    const char *schema;
    const char *bytes;
    size_t size;
    const char *fault; /**< part of the refusal; NULL where the datum is sound */
};

#define RECORD(fields) "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}"
#define ENUM           "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}"
#define STRING         "{\"type\":\"string\"}"
#define ARRAY(items)   "{\"type\":\"array\",\"items\":" items "}"
#define MAP(values)    "{\"type\":\"map\",\"values\":" values "}"
#define HUGE_COUNT     "\x80\x80\x80\x80\x80\x80\x80\x01" /* 2^48 */

static const struct datum data[] = {
    {"{\"type\":\"null\"}", BYTES(""), NULL},
    {"{\"type\":\"boolean\"}", BYTES("\x01"), NULL},
    {"{\"type\":\"boolean\"}", BYTES("\x02"), "boolean"},
    {"{\"type\":\"boolean\"}", BYTES(""), "ends early"},
    {"{\"type\":\"int\"}", BYTES("\xFF\xFF\xFF\xFF\x0F"), NULL},
    {"{\"type\":\"int\"}", BYTES("\x80\x80\x80\x80\x10"), "over 32 bits"},
    {"{\"type\":\"int\"}", BYTES("\x80"), "ends early"},
    {"{\"type\":\"long\"}", BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"), NULL},
    {"{\"type\":\"long\"}", BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"), "over 64 bits"},
    {"{\"type\":\"long\"}", BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), "over 64 bits"},
    {"{\"type\":\"float\"}", BYTES("1234"), NULL},
    {"{\"type\":\"float\"}", BYTES("123"), "ends early"},
    {"{\"type\":\"double\"}", BYTES("12345678"), NULL},
    {"{\"type\":\"double\"}", BYTES("1234567"), "ends early"},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":3}", BYTES("abc"), NULL},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":3}", BYTES("ab"), "ends early"},
    {"{\"type\":\"bytes\"}", BYTES("\x04\xFF\xFE"), NULL},
    {"{\"type\":\"bytes\"}", BYTES("\x01"), "negative"},
    {"{\"type\":\"bytes\"}", BYTES("\x80\x80\x80\x80\x08"), "longer than allowed"}, /* 1 GiB */
    {STRING, BYTES("\x06\xE1\xBB\x99"), NULL},
    {STRING, BYTES("\x04\xE1\xBB"), "UTF-8"},
    {STRING, BYTES("\x04\xC0\x80"), "UTF-8"},
    {STRING, BYTES("\x06\xED\xA0\x80"), "UTF-8"},
    {STRING,
     BYTES("\x06"
           "ab"),
     "ends early"},
    {STRING,
     BYTES("\x02"
           "ab"),
     "left over"},
    {ENUM, BYTES("\x02"), NULL},
    {ENUM, BYTES("\x04"), "symbols"},
    {ENUM, BYTES("\x01"), "symbols"},
    {ENUM, BYTES("\xA0\x8D\x06"), "symbols"},
    {"[\"null\",\"int\"]", BYTES("\x02\x0E"), NULL},
    {"[\"null\",\"int\"]", BYTES("\x04\x0E"), "branches"},
    {"[\"null\",\"int\"]", BYTES("\x01"), "branches"},
    {ARRAY("\"int\""), BYTES("\x04\x02\x04\x02\x06\x00"), NULL},
    {ARRAY("\"int\""), BYTES("\x03\x04\x02\x04\x00"), NULL}, /* -2 items in 2 bytes */
    {ARRAY("\"int\""), BYTES("\x03\x06\x02\x04\x00"), "not of the size"},
    {ARRAY("\"int\""), BYTES("\x03\x08\x02\x04\x00"), "longer than the datum"},
    {ARRAY("\"int\""), BYTES("\x03\x01\x02\x04\x00"), "longer than the datum"},
    {ARRAY("\"int\""), BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\x00\x00"), "out of range"},
    {ARRAY("\"int\""), BYTES("\x04\x02\x04"), "ends early"},
    {ARRAY("\"null\""), BYTES(HUGE_COUNT "\x00"), "more items"},
    {ARRAY(RECORD("{\"name\":\"a\",\"type\":\"null\"}")), BYTES(HUGE_COUNT "\x00"), "more items"},
    {ARRAY("\"null\""), BYTES("\xC8\x01\x00"), NULL}, /* exactly the limit of 100 */
    {ARRAY("\"null\""), BYTES("\xC8\x01\x02\x00"), "more items"},
    {MAP("\"int\""), BYTES("\x02\x02k\x0E\x00"), NULL},
    {MAP("\"int\""), BYTES("\x02\x02\xFF\x0E\x00"), "UTF-8"},
    {MAP("\"null\""), BYTES(HUGE_COUNT "\x00"), "more items"},
    {RECORD("{\"name\":\"a\",\"type\":\"int\"},{\"name\":\"b\",\"type\":" ENUM "}"),
     BYTES("\x02\x04"), "b: "},
};

static void foreign_data_are_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof data / sizeof *data; i++) {
        struct fault why = {0};
        auto_free(schema_free) struct schema *schema = parse(data[i].schema);
        /* A copy of the very size: a sanitizer sees any byte read beyond it. */
        auto_free(free) char *bytes = malloc(data[i].size + !data[i].size);
        memcpy(bytes, data[i].bytes, data[i].size);
        bool is_sound = wire_check(schema, bytes, data[i].size, &limits, &why);
        if (is_sound != !data[i].fault)
            fail_msg("case %zu: %s", i, is_sound ? "taken" : why.text);
        if (!is_sound && !strstr(why.text, data[i].fault))
            fail_msg("case %zu: %s", i, why.text);
    }
}

static void what_is_sound_is_decoded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof data / sizeof *data; i++) {
        struct fault why = {0};
        auto_free(schema_free) struct schema *schema = parse(data[i].schema);
        avro_value_t value;
        assert_int_equal(avro_generic_value_new(schema->iface, &value), 0);
        bool is_read = wire_decode(schema, data[i].bytes, data[i].size, &limits, &value, &why);
        if (is_read != !data[i].fault)
            fail_msg("case %zu: %s", i, is_read ? "taken" : why.text);
        avro_value_decref(&value);
    }
}

static void the_limits_count_over_the_whole_datum(void **state)
{
    (void)state;
    struct fault why;
    auto_free(schema_free) struct schema *schema = parse(ARRAY(ARRAY("\"null\"")));
    const struct wire_limits four = {.text_size = 0, .items = 4, .depth = 8};
    assert_true(wire_check(schema, BYTES("\x04\x02\x00\x02\x00\x00"), &four, &why));
    assert_false(wire_check(schema, BYTES("\x04\x02\x00\x04\x00\x00"), &four, &why));
    const struct wire_limits shallow = {.text_size = 0, .items = 4, .depth = 2};
    assert_false(wire_check(schema, BYTES("\x00"), &shallow, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
}

/* ---- threads ---- */

static bool go_round(const struct schema *schema, avro_value_t *event)
{
    struct fault why;
    size_t size = 0;
    if (!schema_reset(schema, event, &why))
        return false;
    auto_free(free) char *bytes = wire_encode(schema, event, &size, &why);
    if (!bytes || !wire_decode(schema, bytes, size, &limits, event, &why))
        return false;
    json_t *json = render_event(schema, event, RENDER_MASKED, &why);
    json_decref(json);
    return json;
}

static void *go_round_often(void *own)
{
    const struct schema *schema = own;
    avro_value_t event;
    bool is_well = avro_generic_value_new(schema->iface, &event) == 0;
    for (int round = 0; is_well && round < 200; round++)
        is_well = go_round(schema, &event);
    avro_value_decref(&event);
    return is_well ? own : NULL;
}

static void threads_share_a_schema(void **state)
{
    (void)state;
    struct fault why;
    auto_free(schema_free) struct schema *schema = schema_load("schemas/dossier-event.avsc", &why);
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, go_round_often, schema), 0);
    for (size_t i = 0; i < 4; i++) {
        void *well = NULL;
        assert_int_equal(pthread_join(threads[i], &well), 0);
        assert_non_null(well);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_confluent_prefix_is_a_zero_and_the_id),
        cmocka_unit_test(a_single_object_prefix_is_a_mark_and_the_fingerprint),
        cmocka_unit_test(a_prefix_is_recognised_as_it_was_made),
        cmocka_unit_test(what_has_no_prefix_is_unknown),
        cmocka_unit_test(an_encoded_value_decodes_to_an_equal_one),
        cmocka_unit_test(an_enum_out_of_range_is_not_encoded),
        cmocka_unit_test(a_text_that_is_not_utf8_is_not_encoded),
        cmocka_unit_test(a_value_whose_union_has_no_branch_is_not_encoded),
        cmocka_unit_test(foreign_data_are_checked),
        cmocka_unit_test(what_is_sound_is_decoded),
        cmocka_unit_test(the_limits_count_over_the_whole_datum),
        cmocka_unit_test(threads_share_a_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
