/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "api/member.h"
#include "base/cleanup.h"
#include "deliver/tell.h"
#include "event/wire.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

ENDS_WITH_SCOPE(struct schema *, schema_free)

static const uint8_t event_id[UUID_SIZE] = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0x5d, 0xef,
                                            0x8a, 1,    2,    3,    4,    5,    6,    7};
static const uint8_t sha256[SHA256_SIZE] = {0xab, 0xcd};

static const struct spool_delivery delivery = {
    .delivery = 1025,
    .partner = "district",
    .agency = "H09.40",
    .reason = "handed over to H09.40",
    .source = "commune",
    .dossier_code = "H09.40.12-250512-0037",
    .event_type = "HANDED_OFF",
    .event_id = event_id,
};

struct desk {
    struct schema *receipt, *dead_letter;
    struct tell_schemas schemas;
};

static int open_desk(void **state)
{
    struct fault why;
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    desk->receipt = schema_load("schemas/delivery-receipt.avsc", &why);
    desk->dead_letter = schema_load("schemas/dead-letter.avsc", &why);
    assert_non_null(desk->receipt);
    assert_non_null(desk->dead_letter);
    desk->schemas = (struct tell_schemas){desk->receipt, 7, desk->dead_letter, 8};
    *state = desk;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;
    schema_free(desk->receipt);
    schema_free(desk->dead_letter);
    free(desk);
    return 0;
}

static struct tellings tell(const struct desk *desk, const struct spool_delivery *of,
                            const struct told *told)
{
    struct fault why;
    struct tellings tellings;
    if (!tell_outcome(&desk->schemas, of, told, &tellings, &why))
        fail_msg("%s", why.text);
    return tellings;
}

/* What a consumer reads; the test lets go of it. */
static avro_value_t read_back(const struct schema *schema, const struct spool_notice *notice)
{
    static const struct wire_limits limits = {.text_size = 1000, .items = 10, .depth = 5};
    struct fault why;
    avro_value_t record;
    assert_int_equal(avro_generic_value_new(schema->iface, &record), 0);
    if (!wire_decode(schema, notice->datum, notice->size, &limits, &record, &why))
        fail_msg("%s", why.text);
    return record;
}

static void check_text(const avro_value_t *record, const char *field, const char *expected)
{
    const char *text = member_text(record, field);
    if (!expected)
        assert_null(text);
    else
        assert_string_equal(text ? text : "(none)", expected);
}

static void check_number(const avro_value_t *record, const char *field, int64_t expected)
{
    int64_t number = -1;
    assert_true(member_number(record, field, &number));
    assert_int_equal(number, expected);
}

static void a_delivery_is_told_with_all_that_is_known(void **state)
{
    const struct desk *desk = *state;
    const struct told told = {.outcome = OUTCOME_DELIVERED,
                              .at_ms = 1747035900000,
                              .attempts = 3,
                              .status = 200,
                              .document_sha256 = sha256};
    struct tellings tellings = tell(desk, &delivery, &told);
    assert_int_equal(tellings.count, 1);
    const struct spool_notice *notice = &tellings.notices[0];
    assert_string_equal(notice->topic, "deliveries");
    assert_string_equal(notice->key, "H09.40.12-250512-0037");
    assert_int_equal(notice->schema_no, 7);
    avro_value_t record = read_back(desk->receipt, notice);
    check_text(&record, "delivery", "d-1025");
    check_text(&record, "event_id", "12345678-9abc-5def-8a01-020304050607");
    check_text(&record, "dossier_code", "H09.40.12-250512-0037");
    check_text(&record, "event_type", "HANDED_OFF");
    check_text(&record, "source", "commune");
    check_text(&record, "partner", "district");
    check_text(&record, "agency", "H09.40");
    assert_string_equal(member_symbol(&record, "outcome"), "DELIVERED");
    check_number(&record, "at", 1747035900000);
    check_number(&record, "attempts", 3);
    check_number(&record, "status", 200);
    check_text(&record, "cause", NULL);
    check_text(&record, "detail", NULL);
    check_text(&record, "document_sha256",
               "abcd000000000000000000000000000000000000000000000000000000000000");
    check_text(&record, "reason", "handed over to H09.40");
    avro_value_decref(&record);
    tell_free(&tellings);
}

static const struct {
    enum outcome outcome;
    const char *symbol;
    bool is_dead;
} outcomes[] = {
    {OUTCOME_DELIVERED, "DELIVERED", false}, {OUTCOME_REFUSED, "REFUSED", true},
    {OUTCOME_EXPIRED, "EXPIRED", true},      {OUTCOME_UNROUTABLE, "UNROUTABLE", true},
    {OUTCOME_DISCARDED, "DISCARDED", false}, {OUTCOME_RELEASED, "RELEASED", false},
    {OUTCOME_REROUTED, "REROUTED", false},
};

static void what_waits_for_a_person_is_a_dead_letter_too(void **state)
{
    const struct desk *desk = *state;
    for (size_t i = 0; i < COUNT(outcomes); i++) {
        const struct told told = {.outcome = outcomes[i].outcome, .cause = "c", .detail = "d"};
        struct tellings tellings = tell(desk, &delivery, &told);
        avro_value_t record = read_back(desk->receipt, &tellings.notices[0]);
        assert_string_equal(member_symbol(&record, "outcome"), outcomes[i].symbol);
        assert_int_equal(tellings.count, outcomes[i].is_dead ? 2 : 1);
        avro_value_decref(&record);
        tell_free(&tellings);
    }
}

static void a_dead_letter_names_the_delivery_and_carries_no_content(void **state)
{
    const struct desk *desk = *state;
    const struct told told = {.outcome = OUTCOME_REFUSED,
                              .at_ms = 1747035900000,
                              .cause = "answer /error_code",
                              .detail = "no such procedure"};
    struct tellings tellings = tell(desk, &delivery, &told);
    const struct spool_notice *notice = &tellings.notices[1];
    assert_string_equal(notice->topic, "dead-letters");
    assert_string_equal(notice->key, "H09.40.12-250512-0037");
    assert_int_equal(notice->schema_no, 8);
    avro_value_t record = read_back(desk->dead_letter, notice);
    check_text(&record, "receipt", "d-1025");
    check_text(&record, "partner", "commune");
    check_text(&record, "dossier_code", "H09.40.12-250512-0037");
    check_number(&record, "died_at", 1747035900000);
    check_text(&record, "cause", "answer /error_code");
    check_text(&record, "detail", "no such procedure");
    check_text(&record, "payload_sha256", NULL);
    check_text(&record, "delivery", "d-1025");
    check_text(&record, "event_id", "12345678-9abc-5def-8a01-020304050607");
    check_text(&record, "target", "district");
    check_text(&record, "agency", "H09.40");
    avro_value_decref(&record);
    tell_free(&tellings);
}

static void a_reroute_names_the_new_partner(void **state)
{
    const struct desk *desk = *state;
    const struct told told = {.outcome = OUTCOME_REROUTED, .detail = "closed", .partner = "city"};
    struct tellings tellings = tell(desk, &delivery, &told);
    avro_value_t record = read_back(desk->receipt, &tellings.notices[0]);
    check_text(&record, "partner", "city");
    check_text(&record, "agency", "H09.40");
    check_text(&record, "detail", "closed");
    avro_value_decref(&record);
    tell_free(&tellings);
}

/* A record that could not be read has neither sender nor dossier. */
static void what_is_not_known_is_empty(void **state)
{
    const struct desk *desk = *state;
    const struct spool_delivery unread = {.delivery = 2048, .reason = "event: no schema"};
    const struct told told = {.outcome = OUTCOME_UNROUTABLE, .cause = "event:schema"};
    struct tellings tellings = tell(desk, &unread, &told);
    assert_int_equal(tellings.count, 2);
    assert_string_equal(tellings.notices[0].key, "d-2048");
    avro_value_t record = read_back(desk->receipt, &tellings.notices[0]);
    check_text(&record, "event_id", "00000000-0000-0000-0000-000000000000");
    check_text(&record, "source", NULL);
    check_text(&record, "partner", NULL);
    avro_value_decref(&record);
    record = read_back(desk->dead_letter, &tellings.notices[1]);
    check_text(&record, "partner", NULL);
    check_text(&record, "target", NULL);
    avro_value_decref(&record);
    tell_free(&tellings);
    tell_free(&tellings); /* all zero by now */
}

static void a_schema_that_lacks_a_field_is_our_fault(void **state)
{
    const struct desk *desk = *state;
    struct fault why;
    struct tellings tellings;
    const struct told told = {.outcome = OUTCOME_DELIVERED};
    struct tell_schemas wrong = desk->schemas;
    wrong.receipt = desk->dead_letter;
    assert_false(tell_outcome(&wrong, &delivery, &told, &tellings, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
}

static void a_delivery_has_a_name_in_text(void **state)
{
    (void)state;
    static const char *const none[] = {
        "", "d-", "d-0", "d--1", "1025", "d-01", "d-1x", "D-1", "d-99999999999999999999"};
    char text[DELIVERY_TEXT_SIZE];
    int64_t number;
    delivery_text(INT64_MAX, text);
    assert_string_equal(text, "d-9223372036854775807");
    assert_true(delivery_read(text, &number));
    assert_int_equal(number, INT64_MAX);
    for (size_t i = 0; i < COUNT(none); i++)
        assert_false(delivery_read(none[i], &number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delivery_is_told_with_all_that_is_known),
        cmocka_unit_test(what_waits_for_a_person_is_a_dead_letter_too),
        cmocka_unit_test(a_dead_letter_names_the_delivery_and_carries_no_content),
        cmocka_unit_test(a_reroute_names_the_new_partner),
        cmocka_unit_test(what_is_not_known_is_empty),
        cmocka_unit_test(a_schema_that_lacks_a_field_is_our_fault),
        cmocka_unit_test(a_delivery_has_a_name_in_text),
    };
    return cmocka_run_group_tests_name("tell", tests, open_desk, close_desk);
}
