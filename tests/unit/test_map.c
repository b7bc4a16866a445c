/* SPDX-License-Identifier: Apache-2.0 */
#include "workshop.h"

#define HEAD                                                                                       \
    "name: test\n"                                                                                 \
    "title: test\n"                                                                                \
    "syntax: json\n"                                                                               \
    "media_types: [application/json]\n"                                                            \
    "messages:\n"                                                                                  \
    "  - name: M\n"                                                                                \
    "    format: TEST\n"                                                                           \
    "    shapes: [{when: [{path: /list}], items: '/list[]'}, {when: [{path: /code}]}]\n"           \
    "    native_id: [code, '=hash:who']\n"                                                         \
    "    event_type: {from: [type], table: type.tsv}\n"                                            \
    "    speaks_for: [{field: receiving_agency}]\n"

static const char rows[] = HEAD
    "    arrays:\n"
    "      - {field: 'documents[]', path: 'parts[]', set: role, to: [SLIP]}\n"
    "      - {field: 'documents[]', path: 'results[]', set: role, to: [RESULT]}\n"
    "      - {field: 'documents[]', path: 'files[]', set: role, to: [SUBMITTED, OTHER], also: "
    "[SLIP]}\n"
    "    map:\n"
    "      - {path: /session, ignore: true}\n"
    "      - {path: /service, constant: Sync}\n"
    "      - {field: receiving_agency, path: /office, convert: agency}\n"
    "      - {field: dossier_code, path: code, convert: dossier-code, required: true}\n"
    "      - {field: procedure_code, path: procedure}\n"
    "      - {field: procedure_code, path: procedureOld, only: read}\n"
    "      - {field: channel, path: channel, table: channel.tsv}\n"
    "      - {field: field_code, path: field, default: F0}\n"
    "      - {field: applicant.name, path: who, absent: [none], always: true}\n"
    "      - {field: applicant.id_number, path: id, convert: identity}\n"
    "      - {field: applicant.kind, constant: '1', for: [RECEIVED]}\n"
    "      - {field: times.accepted_at, path: accepted, convert: time, form: yyyyMMddHHmmss}\n"
    "      - {field: reason, path: why, for: [WITHDRAWN]}\n"
    "      - {field: 'alias_codes[]', path: 'others[]'}\n"
    "      - {field: 'documents[].id', path: 'parts[]/files[]/id'}\n"
    "      - {field: 'documents[].component_code', path: 'parts[]/component'}\n"
    "      - {field: 'documents[].id', path: 'files[]/id'}\n"
    "      - {field: 'documents[].deleted', path: 'files[]/deleted', convert: boolean}\n"
    "      - {field: 'documents[].id', path: 'results[]/id'}\n"
    "      - {field: 'fees[].amount_vnd', path: 'fees[]/price', convert: integer, as: number}\n"
    "      - {field: 'eform{}', path: 'form/*'}\n"
    "      - {field: summary, path: summary, max: 3}\n"
    "      - {path: told, template: 'Code {dossier_code}', foreign: true}\n";

static int set_up(void **state)
{
    static struct workshop shop;
    struct fault why = {0};
    workshop_open(&shop);
    workshop_file(&shop, "adapter.yaml", rows);
    workshop_file(&shop, "type.tsv", "2\tRECEIVED\n7\tWITHDRAWN\n0\t-\n");
    workshop_file(&shop, "channel.tsv", "DIRECT\t1\nWEB\t2\n");
    if (!workshop_load(&shop, &workshop_limits, &why))
        fail_msg("%s", why.text);
    *state = &shop;
    return 0;
}

#define ITEM "\"code\": \"H09.40-250512-0037\", \"type\": \"2\""

/* A member that says nothing of itself is left over; all of it comes back. */
static const struct {
    const char *document;
    const char *member;
    const char *expected;
} cases[] = {
    {"{" ITEM ", \"procedure\": \"a\", \"procedureOld\": \"b\"}", "procedure_code", "\"a\""},
    {"{" ITEM ", \"procedure\": \"a\", \"procedureOld\": \"b\"}", "source_extra|procedureOld",
     "\"b\""},
    {"{" ITEM ", \"procedureOld\": \"b\"}", "procedure_code", "\"b\""},
    {"{" ITEM ", \"channel\": \"WEB\"}", "channel", "\"2\""},
    {"{" ITEM "}", "field_code", "\"F0\""},
    {"{" ITEM ", \"who\": \"none\"}", "applicant|name", "null"},
    {"{" ITEM "}", "applicant|kind", "\"1\""},
    {"{" ITEM ", \"why\": \"x\"}", "source_extra|why", "\"x\""},
    {"{" ITEM ", \"accepted\": \"soon\"}", "tags", "[\"time-unreadable\"]"},
    {"{" ITEM ", \"accepted\": \"soon\"}", "source_extra|accepted", "\"soon\""},
    {"{" ITEM ", \"others\": [\"A\", \"B\"]}", "alias_codes", "[\"A\", \"B\"]"},
    {"{" ITEM ", \"form\": {\"a\": {\"b\": \"1\"}, \"c\": \"2\"}}", "eform",
     "{\"a/b\": \"1\", \"c\": \"2\"}"},
    {"{" ITEM ", \"fees\": [{\"price\": 0}]}", "fees|0|amount_vnd", "0"},
    {"{" ITEM ", \"fees\": [{\"price\": \"\"}, {}]}", "fees", "[]"},
    {"{" ITEM ", \"files\": [{\"id\": \"a\"}], \"results\": [{\"id\": \"b\"}]}", "documents|1|role",
     "\"RESULT\""},
    {"{" ITEM
     ", \"parts\": [{\"component\": \"c\", \"files\": [{\"id\": \"a\"}, {\"id\": \"b\"}]}]}",
     "documents|1|component_code", "\"c\""},
    {"{" ITEM ", \"parts\": [{\"component\": \"c\"}, {\"component\": \"d\"}]}",
     "documents|1|component_code", "\"d\""},
    {"{\"service\": \"Sync\", \"session\": \"s\", \"list\": [{" ITEM "}]}", "source_extra", "{}"},
    {"{\"service\": \"Other\", \"list\": [{" ITEM "}]}", "source_extra|/service", "\"Other\""},
    {"{\"office\": \"H09\", \"list\": [{" ITEM "}]}", "receiving_agency", "\"H09\""},
};

static void rows_read_and_write_as_documented(void **state)
{
    struct workshop *shop = *state;
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        workshop_read_text(shop, cases[at].document);
        workshop_problem(shop, 0, "");
        workshop_expect(shop, cases[at].member, cases[at].expected);
        workshop_back(shop, 0);
    }
}

static void every_item_has_its_own_problems(void **state)
{
    struct workshop *shop = *state;
    workshop_read_text(shop, "{\"office\": \"h9\", \"list\": [{" ITEM "}, {\"type\": \"9\"},"
                             " {" ITEM ", \"channel\": \"FAX\", \"fees\": [{\"price\": \"x\"}]}]}");
    assert_int_equal(shop->trial.count, 3);
    workshop_problem(shop, 0, "agency /office");
    workshop_problem(shop, 1, "missing /list[1]/code");
    workshop_problem(shop, 2, "code /list[1]/type");
    workshop_problem(shop, 3, "code /list[2]/channel");
    workshop_problem(shop, 4, "number /list[2]/fees[0]/price");
    workshop_problem(shop, 5, "");
}

static void a_personal_value_is_not_told(void **state)
{
    struct workshop *shop = *state;
    workshop_read_text(shop, "{" ITEM ", \"who\": \"Nguy\xE1\xBB\x85n\\u0001\"}");
    workshop_problem(shop, 0, "text /who");
    char *text = json_dumps(shop->trial.problems, 0);
    assert_null(strstr(text, "Nguy"));
    free(text);
}

static void an_acknowledgement_publishes_nothing(void **state)
{
    struct workshop *shop = *state;
    workshop_read_text(shop, "{\"code\": \"\", \"type\": \"0\"}");
    assert_int_equal(shop->trial.count, 0);
}

static void a_document_without_items_is_told_so(void **state)
{
    workshop_read_text(*state, "{\"list\": []}");
    workshop_problem(*state, 0, "missing /list");
}

static void a_text_over_the_limit_is_refused(void **state)
{
    char text[2000] = "";
    (void)snprintf(text, sizeof text, "{" ITEM ", \"procedure\": \"%01200d\"}", 1);
    workshop_read_text(*state, text);
    workshop_problem(*state, 0, "text /procedure");
}

/* ---- what an adapter may not say ---- */

static const struct {
    const char *row;
    const char *fault;
} faults[] = {
    {"{field: dossier, path: a}", "the event has no field dossier"},
    {"{field: reason, path: a, convert: upper}", "no conversion is called upper"},
    {"{field: reason, path: a, convert: integer}", "integer cannot fill reason"},
    {"{field: occurred_at, path: a, convert: time, form: x}", "time has no such form"},
    {"{field: reason, path: a, table: nowhere.tsv}", "nowhere.tsv"},
    {"{field: reason, path: 'a//b'}", "a step has no name"},
    {"{field: 'documents[].id', path: a}", "documents[].id needs a repetition"},
    {"{field: 'eform{}', path: a}", "a map needs either"},
    {"{field: reason, constant: a, path: b}", "a constant is for a field or for a path"},
    {"{field: reason}", "the row needs a path or a constant"},
    {"{path: a}", "a path alone is for one of"},
    {"{path: a, template: '{nothing}'}", "the event has no field nothing"},
    {"{path: a, template: '{reason'}", "a brace is not closed"},
    {"{field: reason, path: a, for: [ARRIVED]}", "no event type is called ARRIVED"},
    {"{field: reason, path: a, open: true}", "open needs a table"},
    {"{field: reason, path: a, upper: true}", "unknown key upper"},
    {"{path: a, given: b, constant: c}", "a path alone is for one of"},
    {"{field: reason, path: a, given: b}", "template, given and ignore are for a path alone"},
    {"{path: 'a[]/b', given: c}", "given is not for repetitions"},
    {"{field: 'documents[].id', path: 'a[]/b', convert: file}", "file cannot fill"},
    {"{field: 'documents[].name', path: 'a[]/b', convert: file-url}", "file-url cannot fill"},
};

static void each_mistake_is_refused_with_its_place(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof faults / sizeof faults[0]; at++) {
        struct workshop shop;
        struct fault why = {0};
        char text[2000];
        (void)snprintf(text, sizeof text, HEAD "    map:\n      - %s\n", faults[at].row);
        workshop_open(&shop);
        workshop_file(&shop, "adapter.yaml", text);
        workshop_file(&shop, "type.tsv", "*\tRECEIVED\n");
        assert_false(workshop_load(&shop, &workshop_limits, &why));
        if (!strstr(why.text, faults[at].fault) || !strstr(why.text, "/test/"))
            fail_msg("%s: %s", faults[at].row, why.text);
        workshop_close(&shop);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_read_and_write_as_documented, set_up,
                                        workshop_tear_down),
        cmocka_unit_test_setup_teardown(every_item_has_its_own_problems, set_up,
                                        workshop_tear_down),
        cmocka_unit_test_setup_teardown(a_personal_value_is_not_told, set_up, workshop_tear_down),
        cmocka_unit_test_setup_teardown(an_acknowledgement_publishes_nothing, set_up,
                                        workshop_tear_down),
        cmocka_unit_test_setup_teardown(a_document_without_items_is_told_so, set_up,
                                        workshop_tear_down),
        cmocka_unit_test_setup_teardown(a_text_over_the_limit_is_refused, set_up,
                                        workshop_tear_down),
        cmocka_unit_test(each_mistake_is_refused_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
