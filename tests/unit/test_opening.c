/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/opening.h"

#define MARK "\xEF\xBB\xBF"
#define CASE(bytes, mark, first, is_xml)                                                           \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, mark, first, is_xml                                              \
    }

static const struct {
    const char *bytes;
    size_t size, mark, first;
    bool is_xml;
} openings[] = {
    CASE("", 0, 0, false),
    CASE("<a/>", 0, 0, true),
    CASE("{}", 0, 0, false),
    CASE(" \t\r\n<a/>", 0, 4, true),
    CASE(MARK "<a/>", 3, 3, true),
    CASE(MARK "\n []", 3, 5, false),
    CASE(MARK, 3, 3, false),
    CASE(" \n", 0, 2, false),
    CASE("\xEF\xBB", 0, 0, false),    /* cut */
    CASE("\xBF<", 0, 0, false),       /* no mark */
    CASE("\n" MARK "<", 0, 1, false), /* a mark stands at the start or is none */
    CASE("\v<", 0, 0, false),         /* no blank of XML or JSON */
    CASE("\0<", 0, 0, false),
};

static void what_a_document_begins_with_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
        const char *bytes = openings[i].bytes;
        assert_int_equal(opening_mark(bytes, openings[i].size), openings[i].mark);
        assert_int_equal(opening_first(bytes, openings[i].size), openings[i].first);
        assert_int_equal(opening_is_xml(bytes, openings[i].size), openings[i].is_xml);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_a_document_begins_with_is_found)};
    return cmocka_run_group_tests_name("opening", tests, NULL, NULL);
}
