/* SPDX-License-Identifier: Apache-2.0 */
/* Good documents while the library that parses them has no memory once: that is the gateway's
 * fault, and never the document's. */
#include "house.h"
#include "short.h"

#include <jansson.h>
#include <unistd.h>

static bool pass_over(void *own, const struct adapt_item *item, struct fault *why)
{
    (void)own, (void)item, (void)why;
    return true;
}

static void read_once(struct house *house, const struct adapt_document *document)
{
    struct reading reading;
    struct fault why = {0};
    if (adapt_read(house->bench, document, pass_over, NULL, &reading, &why)) {
        if (reading.problem_total)
            fail_msg("%s %s", reading.problems[0].path, reading.problems[0].hint);
    } else {
        assert_int_equal(why.kind, FAULT_BROKEN);
    }
}

/* The next reading is as good as ever. */
static void read_short(struct house *house, const char *adapter_name, const char *fixture)
{
    const struct adapter *adapter = house_adapter(house, adapter_name);
    struct adapt_document document = {.candidates = &adapter, .candidate_count = 1};
    auto_free(free) char *bytes = house_fixture(fixture, &document.size);
    document.bytes = bytes;
    short_left = -1;
    read_once(house, &document);
    for (long at = 0;; at++) {
        short_left = at;
        read_once(house, &document);
        if (short_left >= 0)
            return; /* it needed no more */
        read_once(house, &document);
    }
}

static void a_good_json_document_is_not_refused(void **state)
{
    json_set_alloc_funcs(short_malloc, free);
    read_short(*state, "dvcqg-json", "dvcqg-json/fixtures/accept/received-full.json");
    json_set_alloc_funcs(malloc, free);
}

static void a_good_xml_document_is_not_refused(void **state)
{
    FILE *said = tmpfile();
    int before = dup(STDERR_FILENO);
    assert_true(said && before >= 0 && dup2(fileno(said), STDERR_FILENO) >= 0);
    short_libxml(true);
    read_short(*state, "lienthong-xml", "lienthong-xml/fixtures/accept/handoff-full.xml");
    short_libxml(false);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    (void)close(before);
    (void)fseek(said, 0, SEEK_END);
    assert_int_equal(ftell(said), 0); /* of the document, of persons, nothing goes to the log */
    (void)fclose(said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_json_document_is_not_refused),
        cmocka_unit_test(a_good_xml_document_is_not_refused),
    };
    return cmocka_run_group_tests(tests, house_open, house_close);
}
