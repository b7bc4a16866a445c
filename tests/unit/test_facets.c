/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "api/member.h"
#include "event/schema.h"
#include "operate/facets.h"

#include <string.h>

enum { TEXT_SIZE = 400 };

struct house {
    struct schema *schema;
    avro_value_t event;
};

static int setup(void **state)
{
    static struct house house;
    struct fault why;
    house.schema = schema_load("schemas/dossier-event.avsc", &why);
    if (!house.schema || avro_generic_value_new(house.schema->iface, &house.event) != 0)
        return -1;
    *state = &house;
    return 0;
}

static int teardown(void **state)
{
    struct house *house = *state;
    avro_value_decref(&house->event);
    schema_free(house->schema);
    return 0;
}

/* "AGENCY=H09 TYPE=RESOLVED": as they are given. */
static bool write_facet(void *own, enum find_by by, const char *text)
{
    static const char *const names[] = {[FIND_AGENCY] = "agency",
                                        [FIND_PROCEDURE] = "procedure",
                                        [FIND_EVENT_TYPE] = "type",
                                        [FIND_ALIAS] = "alias",
                                        [FIND_PARTNER] = "partner"};
    char *all = own;
    size_t used = strlen(all);
    (void)snprintf(all + used, TEXT_SIZE - used, "%s%s=%s", used ? " " : "", names[by], text);
    return true;
}

static avro_value_t *fresh(struct house *house)
{
    struct fault why;
    assert_true(schema_reset(house->schema, &house->event, &why));
    assert_true(member_set_symbol(&house->event, "event_type", "RESOLVED"));
    return &house->event;
}

static void assert_facets(const avro_value_t *event, const char *expected)
{
    char all[TEXT_SIZE] = "";
    assert_true(facets_of(event, write_facet, all));
    assert_string_equal(all, expected);
}

static void each_agency_is_given_once(void **state)
{
    avro_value_t *event = fresh(*state);
    assert_true(member_set_text(event, "receiving_agency", "000.12.40.H09"));
    assert_true(member_set_text(event, "competent_agency", "000.12.40.H09"));
    assert_true(member_set_text(event, "holder_agency", "000.00.40.H09"));
    assert_facets(event, "agency=000.12.40.H09 agency=000.00.40.H09 type=RESOLVED");
}

static void a_procedure_is_also_known_by_its_national_code(void **state)
{
    static const struct {
        const char *code, *facets;
    } cases[] = {
        {"1.011442.000.00.00.H38",
         "procedure=1.011442.000.00.00.H38 procedure=1.011442 type=RESOLVED"},
        {"1.011442", "procedure=1.011442 type=RESOLVED"},
        {"TTHC-17", "procedure=TTHC-17 type=RESOLVED"},
        {"1.01144", "procedure=1.01144 type=RESOLVED"},
        {"X.011442.000", "procedure=X.011442.000 type=RESOLVED"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        avro_value_t *event = fresh(*state);
        assert_true(member_set_text(event, "procedure_code", cases[i].code));
        assert_facets(event, cases[i].facets);
    }
}

static void other_codes_are_given(void **state)
{
    avro_value_t list, item;
    avro_value_t *event = fresh(*state);
    assert_int_equal(avro_value_get_by_name(event, "alias_codes", &list, NULL), 0);
    assert_int_equal(avro_value_append(&list, &item, NULL), 0);
    assert_int_equal(avro_value_set_string(&item, "HS-1"), 0);
    assert_int_equal(avro_value_append(&list, &item, NULL), 0);
    assert_int_equal(avro_value_set_string(&item, "HS-2"), 0);
    assert_facets(event, "type=RESOLVED alias=HS-1 alias=HS-2");
}

static bool give_up(void *own, enum find_by by, const char *text)
{
    (void)by;
    (void)text;
    ++*(int *)own;
    return false;
}

static void it_ends_when_whoever_asked_has_enough(void **state)
{
    int given = 0;
    avro_value_t *event = fresh(*state);
    assert_true(member_set_text(event, "receiving_agency", "H09"));
    assert_false(facets_of(event, give_up, &given));
    assert_int_equal(given, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_agency_is_given_once),
        cmocka_unit_test(a_procedure_is_also_known_by_its_national_code),
        cmocka_unit_test(other_codes_are_given),
        cmocka_unit_test(it_ends_when_whoever_asked_has_enough),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
