/* SPDX-License-Identifier: Apache-2.0 */
/* An entry of the record of acts, as it goes to Kafka. */
#include "unit.h"

#include "base/cleanup.h"
#include "event/wire.h"
#include "kafka/audit_record.h"

ENDS_WITH_SCOPE(struct schema *, schema_free)

static const struct wire_limits limits = {.text_size = 1 << 20, .items = 100, .depth = 8};

static void assert_json(const char *address, const char *expected)
{
    struct fault why;
    uint8_t hash[AUDIT_HASH_SIZE];
    size_t size = 0;
    avro_value_t value;
    char *json = NULL;
    auto_free(schema_free) struct schema *schema = schema_load("schemas/audit-entry.avsc", &why);
    assert_non_null(schema);
    memset(hash, 0xA5, sizeof hash);
    const struct spool_audited entry = {.number = 17,
                                        .record = {.actor = {"user:lan", address},
                                                   .act = "release",
                                                   .object = "entry:1",
                                                   .reason = "since this morning",
                                                   .outcome = "done",
                                                   .detail = "{}",
                                                   .at_ms = 1747035900000},
                                        .hash = hash};
    auto_free(free) char *datum = audit_record(schema, &entry, &size);
    assert_non_null(datum);
    assert_int_equal(avro_generic_value_new(schema->iface, &value), 0);
    assert_true(wire_decode(schema, datum, size, &limits, &value, &why));
    assert_int_equal(avro_value_to_json(&value, 1, &json), 0);
    assert_string_equal(json, expected);
    free(json);
    avro_value_decref(&value);
}

static void an_entry_of_the_record_is_told_whole(void **state)
{
    (void)state;
#define HASH "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"
    assert_json("127.0.0.1",
                "{\"number\": 17, \"at\": 1747035900000, \"actor\": \"user:lan\", \"address\": "
                "{\"string\": \"127.0.0.1\"}, \"act\": \"release\", \"object\": \"entry:1\", "
                "\"reason\": \"since this morning\", \"outcome\": \"done\", \"detail\": \"{}\", "
                "\"hash\": \"" HASH "\"}");
}

static void one_of_the_machine_itself_has_no_address(void **state)
{
    (void)state;
    assert_json(NULL,
                "{\"number\": 17, \"at\": 1747035900000, \"actor\": \"user:lan\", \"address\": "
                "null, \"act\": \"release\", \"object\": \"entry:1\", "
                "\"reason\": \"since this morning\", \"outcome\": \"done\", \"detail\": \"{}\", "
                "\"hash\": \"" HASH "\"}");
}

static void another_schema_is_no_crash(void **state)
{
    (void)state;
    struct fault why;
    size_t size = 0;
    uint8_t hash[AUDIT_HASH_SIZE] = {0};
    const struct spool_audited entry = {.number = 1, .hash = hash};
    auto_free(schema_free) struct schema *schema = schema_load("schemas/dead-letter.avsc", &why);
    assert_non_null(schema);
    assert_null(audit_record(schema, &entry, &size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_of_the_record_is_told_whole),
        cmocka_unit_test(one_of_the_machine_itself_has_no_address),
        cmocka_unit_test(another_schema_is_no_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
