/* SPDX-License-Identifier: Apache-2.0 */
/* What avro-c 1.11.1 does with data of another version, and what event_carry does instead. */
#include "unit.h"

#include "base/cleanup.h"
#include "event/carry.h"
#include "event/render.h"
#include "event/wire.h"

ENDS_WITH_SCOPE(struct schema *, schema_free)
ENDS_WITH_SCOPE(json_t *, json_decref)

static const struct wire_limits limits = {.text_size = 100, .items = 100, .depth = 16};

#define RECORD(fields) "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}"
#define FIELD(type)    RECORD("{\"name\":\"a\",\"type\":" type "}")
#define ENUM(symbols, rest)                                                                        \
    FIELD("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[" symbols "]" rest "}")
#define BYTES(text) text, sizeof(text) - 1

struct trial {
    const char *name;
    const char *writer;
    const char *bytes;
    size_t size;
    const char *reader;
    const char *specified; /**< what the specification makes of it */
    const char *by_avro_c;
};

/* Beside each: what the specification makes of it, then what avro-c does; NULL is an error. */
static const struct trial trials[] = {
    {"a field with a default that the writer did not know", FIELD("\"int\""), BYTES("\x0E"),
     RECORD("{\"name\":\"a\",\"type\":\"int\"},{\"name\":\"b\",\"type\":\"string\",\"default\":"
            "\"x\"}"),
     "{\"a\":7,\"b\":\"x\"}", NULL},
    {"a field without a default that the writer did not know", FIELD("\"int\""), BYTES("\x0E"),
     RECORD("{\"name\":\"a\",\"type\":\"int\"},{\"name\":\"b\",\"type\":\"string\"}"), NULL, NULL},
    {"a field that the reader does not know",
     RECORD("{\"name\":\"z\",\"type\":\"string\"},{\"name\":\"a\",\"type\":\"int\"}"),
     BYTES("\x02q\x0E"), FIELD("\"int\""), "{\"a\":7}", "{\"a\":7}"},
    {"fields in another order",
     RECORD("{\"name\":\"b\",\"type\":\"int\"},{\"name\":\"a\",\"type\":\"int\"}"),
     BYTES("\x02\x04"),
     RECORD("{\"name\":\"a\",\"type\":\"int\"},{\"name\":\"b\",\"type\":\"int\"}"),
     "{\"a\":2,\"b\":1}", "{\"a\":2,\"b\":1}"},
    {"a field under its alias", FIELD("\"int\""), BYTES("\x0E"),
     RECORD("{\"name\":\"b\",\"type\":\"int\",\"aliases\":[\"x\",\"a\"]}"), "{\"b\":7}", NULL},
    {"a symbol that the reader does not know, with a default", ENUM("\"A\",\"B\"", ""),
     BYTES("\x02"), ENUM("\"U\",\"A\"", ",\"default\":\"U\""), "{\"a\":\"U\"}", "{\"a\":\"A\"}"},
    {"a symbol that the reader does not know, without a default", ENUM("\"A\",\"B\"", ""),
     BYTES("\x02"), ENUM("\"A\"", ""), NULL, NULL},
    {"symbols in another order", ENUM("\"A\",\"B\"", ""), BYTES("\x02"), ENUM("\"B\",\"A\"", ""),
     "{\"a\":\"B\"}", "{\"a\":\"A\"}"},
    {"int to long", FIELD("\"int\""), BYTES("\x0D"), FIELD("\"long\""), "{\"a\":-7}", "{\"a\":-7}"},
    {"int to double", FIELD("\"int\""), BYTES("\x0E"), FIELD("\"double\""), "{\"a\":7.0}",
     "{\"a\":7.0}"},
    {"long to float", FIELD("\"long\""), BYTES("\x0E"), FIELD("\"float\""), "{\"a\":7.0}",
     "{\"a\":7.0}"},
    {"float to double", FIELD("\"float\""), BYTES("\x00\x00\x00\x3F"), FIELD("\"double\""),
     "{\"a\":0.5}", "{\"a\":0.5}"},
    {"long to int", FIELD("\"long\""), BYTES("\x0E"), FIELD("\"int\""), NULL, NULL},
    {"int to string", FIELD("\"int\""), BYTES("\x0E"), FIELD("\"string\""), NULL, NULL},
    {"string to nullable string", FIELD("\"string\""), BYTES("\x02q"),
     FIELD("[\"null\",\"string\"]"), "{\"a\":\"q\"}", "{\"a\":\"q\"}"},
    {"int to nullable long", FIELD("\"int\""), BYTES("\x0E"), FIELD("[\"null\",\"long\"]"),
     "{\"a\":7}", "{\"a\":7}"},
    {"nullable string to string", FIELD("[\"null\",\"string\"]"), BYTES("\x02\x02q"),
     FIELD("\"string\""), "{\"a\":\"q\"}", "{\"a\":\"q\"}"},
    {"null to string", FIELD("[\"null\",\"string\"]"), BYTES("\x00"), FIELD("\"string\""), NULL,
     NULL},
    {"branches in another order", FIELD("[\"null\",\"int\"]"), BYTES("\x02\x0E"),
     FIELD("[\"int\",\"null\"]"), "{\"a\":7}", "{\"a\":7}"},
    {"a branch that the reader does not know", FIELD("[\"null\",\"boolean\"]"), BYTES("\x02\x01"),
     FIELD("[\"null\",\"int\"]"), NULL, NULL},
    {"items of an array and a map",
     FIELD("{\"type\":\"array\",\"items\":{\"type\":\"map\","
           "\"values\":\"int\"}}"),
     BYTES("\x02\x02\x02k\x0E\x00\x00"),
     FIELD("{\"type\":\"array\",\"items\":{\"type\":\"map\",\"values\":[\"null\",\"long\"]}}"),
     "{\"a\":[{\"k\":7}]}", "{\"a\":[{\"k\":7}]}"},
    {"bytes and fixed",
     RECORD("{\"name\":\"a\",\"type\":\"bytes\"},"
            "{\"name\":\"b\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}}"),
     BYTES("\x04\x00\xFF\x01\x02"),
     RECORD("{\"name\":\"b\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}},"
            "{\"name\":\"a\",\"type\":\"bytes\"}"),
     "{\"b\":\"0102\",\"a\":\"00ff\"}", "{\"b\":\"0102\",\"a\":\"00ff\"}"},
    {"a fixed of another size", FIELD("{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}"),
     BYTES("\x01\x02"), FIELD("{\"type\":\"fixed\",\"name\":\"F\",\"size\":3}"), NULL, NULL},
    {"a record of another name",
     FIELD("{\"type\":\"record\",\"name\":\"X\",\"fields\":[{\"name\":\"n\",\"type\":\"null\"}]}"),
     BYTES(""),
     FIELD("{\"type\":\"record\",\"name\":\"Y\",\"fields\":[{\"name\":\"n\",\"type\":\"null\"}]}"),
     NULL, NULL},
};

static struct schema *parse(const char *text)
{
    struct fault why;
    struct schema *schema = schema_parse(text, strlen(text), &why);
    if (!schema)
        fail_msg("%s: %s", why.text, text);
    return schema;
}

static char *shown(const struct schema *schema, const avro_value_t *value)
{
    struct fault why;
    auto_free(json_decref) json_t *json = render_event(schema, value, RENDER_FULL, &why);
    return json ? json_dumps(json, JSON_COMPACT) : NULL;
}

static void assert_same(const char *trial, const char *given, const char *expected)
{
    const char *error = "an error";
    given = given ? given : error;
    expected = expected ? expected : error;
    if (strcmp(given, expected) != 0)
        fail_msg("%s: %s instead of %s", trial, given, expected);
}

/* ---- what avro-c does ---- */

static bool resolve(const struct trial *trial, const struct schema *writer,
                    const struct schema *reader, avro_value_t *value)
{
    avro_value_t resolved;
    avro_value_iface_t *resolver = avro_resolved_writer_new(writer->avro, reader->avro);
    if (!resolver)
        return false;
    bool is_read = false;
    avro_reader_t source = avro_reader_memory(trial->bytes, (int64_t)trial->size);
    if (avro_resolved_writer_new_value(resolver, &resolved) == 0) {
        avro_resolved_writer_set_dest(&resolved, value);
        is_read = avro_value_read(source, &resolved) == 0;
        avro_value_decref(&resolved);
    }
    avro_reader_free(source);
    avro_value_iface_decref(resolver);
    return is_read;
}

/* It hands an enum's number through, so a symbol silently becomes another one.  Where this test
 * fails after an upgrade, avro-c has learned something, and event/carry.c may shrink. */
static void avro_c_resolves_only_a_part(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof trials / sizeof *trials; i++) {
        const struct trial *trial = &trials[i];
        auto_free(schema_free) struct schema *writer = parse(trial->writer);
        auto_free(schema_free) struct schema *reader = parse(trial->reader);
        avro_value_t value;
        assert_int_equal(avro_generic_value_new(reader->iface, &value), 0);
        auto_free(free) char *text =
            resolve(trial, writer, reader, &value) ? shown(reader, &value) : NULL;
        assert_same(trial->name, text, trial->by_avro_c);
        avro_value_decref(&value);
    }
}

/* ---- what event_carry does ---- */

static void carrying_follows_the_specification(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof trials / sizeof *trials; i++) {
        const struct trial *trial = &trials[i];
        struct fault why = {0};
        auto_free(schema_free) struct schema *writer = parse(trial->writer);
        auto_free(schema_free) struct schema *reader = parse(trial->reader);
        avro_value_t old, value;
        assert_int_equal(avro_generic_value_new(writer->iface, &old), 0);
        assert_int_equal(avro_generic_value_new(reader->iface, &value), 0);
        assert_true(wire_decode(writer, trial->bytes, trial->size, &limits, &old, &why));
        bool is_carried = event_carry(writer, &old, reader, &value, &why);
        auto_free(free) char *text = is_carried ? shown(reader, &value) : NULL;
        assert_same(trial->name, text, trial->specified);
        if (!is_carried)
            assert_int_equal(why.kind, FAULT_REFUSE);
        avro_value_decref(&old);
        avro_value_decref(&value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(avro_c_resolves_only_a_part),
        cmocka_unit_test(carrying_follows_the_specification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
