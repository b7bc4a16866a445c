/* SPDX-License-Identifier: Apache-2.0 */
#include "workshop.h"

/* An adapter that names nothing but what it needs: all else shows in source_extra. */
static const char yaml[] = "name: test\n"
                           "title: test\n"
                           "syntax: xml\n"
                           "media_types: [application/xml]\n"
                           "xml:\n"
                           "  root: R\n"
                           "  namespaces: ['urn:x']\n"
                           "  prefixes:\n"
                           "    - {namespace: 'urn:p', prefix: p}\n"
                           "messages:\n"
                           "  - name: M\n"
                           "    format: TEST\n"
                           "    shapes: [{when: [{path: /Code}]}]\n"
                           "    native_id: [Code]\n"
                           "    event_type: {from: [Type], table: type.tsv}\n"
                           "    speaks_for: [{field: receiving_agency}]\n"
                           "    map:\n"
                           "      - {field: dossier_code, path: Code, required: true}\n";

#define R(inside) "<R xmlns='urn:x' xmlns:p='urn:p' xmlns:o='urn:o'><Code>C1</Code>" inside "</R>"

static int set_up(void **state)
{
    return workshop_set_up(state, yaml);
}

/* ---- what is seen ---- */

static const struct {
    const char *document;
    const char *key; /* of source_extra */
    const char *text;
} seen[] = {
    {R("<A>  x  </A>"), "A", "\"x\""},
    {R("<A><![CDATA[<x>]]></A>"), "A", "\"<x>\""},
    {R("<A>a<!-- no -->b<?no no?>c</A>"), "A", "\"abc\""},
    {R("<A>a&amp;b&#x20AC;</A>"), "A", "\"a&b\xE2\x82\xAC\""},
    {R("<A b=' y '/>"), "A/@b", "\"y\""},
    {R("<A b='&lt;&#10;x'/>"), "A/@b", "\"<\\nx\""},
    {R("<A>x<B>y</B>z</A>"), "A", "\"xz\""},
    {R("<A>1</A><A>2</A>"), "A[1]", "\"2\""},
    {R("<o:A>x</o:A>"), "{urn:o}A", "\"x\""},
    {R("<p:A>x</p:A>"), "p:A", "\"x\""},
    {R("<A p:b='x'/>"), "A/@p:b", "\"x\""},
    {R("<A o:b='x'/>"), "A/@{urn:o}b", "\"x\""},
    {R("<x:A xmlns:x='urn:x'>x</x:A>"), "A", "\"x\""},
    {R("<n:A xmlns:n='urn:a&amp;b'>x</n:A>"), "{urn:a&b}A", "\"x\""},
    {R("<A xmlns:n='urn:a&#38;b' n:b='x'/>"), "A/@{urn:a&b}b", "\"x\""},
    {R("<A xmlns=''>x</A>"), "{}A", "\"x\""},
    {"\xEF\xBB\xBF" R("<A>x</A>"), "A", "\"x\""},
    {"<?xml version='1.0' encoding='utf-8' standalone='yes'?>" R("<A>x</A>"), "A", "\"x\""},
};

static void elements_attributes_and_texts_become_nodes(void **state)
{
    for (size_t at = 0; at < sizeof seen / sizeof seen[0]; at++)
        workshop_sees(*state, seen[at].document, seen[at].key, seen[at].text);
}

static void empty_places_say_nothing(void **state)
{
    workshop_read_text(*state, R("<A/><B> \n </B><C d=''/><D><E/></D>"));
    workshop_problem(*state, 0, "");
    workshop_expect(*state, "source_extra", "{}");
}

/* ---- what is refused ---- */

static const struct {
    const char *document;
    const char *problem;
} refused[] = {
    {"<!DOCTYPE R>" R(""), "forbidden-xml /"},
    {"<!DOCTYPE R [<!ENTITY a 'b'>]>" R("<A>&a;</A>"), "forbidden-xml /"},
    {"<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;'>]><l>&c;</l>",
     "forbidden-xml /"},
    {"<!DOCTYPE R [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" R("<A>&x;</A>"), "forbidden-xml /"},
    {R("<!ENTITY a 'b'>"), "forbidden-xml /"},
    {R("<A>&nope;</A>"), "forbidden-xml /"},
    {R("<A>"), "syntax /"},
    {R("<A></B>"), "syntax /"},
    {R("<A b='1' b='2'/>"), "syntax /"},
    {R("<A b=1/>"), "syntax /"},
    {R("<A b/>"), "syntax /"},
    {R("<q:A/>"), "syntax /"},
    {R("<A>\xC0\x80</A>"), "syntax /"},
    {R("<A>\xED\xA0\x80</A>"), "syntax /"},
    {R("<A>\x01</A>"), "syntax /"},
    {R("<A>&#1;</A>"), "syntax /"},
    {R("") "<R/>", "syntax /"},
    {"", "syntax /"},
    {"  ", "syntax /"},
    {"hello", "syntax /"},
    {"<?xml version='1.0' encoding='ISO-8859-1'?>" R(""), "syntax /"},
    {"<?xml version='1.0' encoding='UTF-16'?>" R(""), "syntax /"},
    {"<R><Code>C1</Code></R>", "namespace /"},
    {"<R xmlns='urn:y'><Code>C1</Code></R>", "namespace /"},
    {"<S xmlns='urn:x'><Code>C1</Code></S>", "unrecognised /"},
    {"<R xmlns='urn:x'><A>x</A></R>", "unrecognised /"},
};

static void what_is_not_safe_xml_is_refused(void **state)
{
    for (size_t at = 0; at < sizeof refused / sizeof refused[0]; at++)
        workshop_refuses(*state, refused[at].document, refused[at].problem);
}

static void bytes_that_are_no_utf8_are_refused(void **state)
{
    static const char sixteen[] = "\xFF\xFE<\0R\0/\0>\0";
    static const char other_end[] = "\0<\0R\0/\0>";
    static const char with_nul[] = "<R xmlns='urn:x'><Code>C\0001</Code></R>";
    workshop_read(*state, sixteen, sizeof sixteen - 1);
    workshop_problem(*state, 0, "syntax /");
    workshop_read(*state, other_end, sizeof other_end - 1);
    workshop_problem(*state, 0, "syntax /");
    workshop_read(*state, with_nul, sizeof with_nul - 1);
    workshop_problem(*state, 0, "syntax /");
}

static void a_problem_has_its_line_and_no_value(void **state)
{
    struct workshop *shop = *state;
    workshop_read_text(shop, "<R xmlns='urn:x'>\n<Code>C1</Code>\n<Name>Secret</Nam>\n</R>");
    const json_t *problem = json_array_get(shop->trial.problems, 0);
    assert_int_equal(json_integer_value(json_object_get(problem, "line")), 3);
    char *text = json_dumps(problem, 0);
    assert_null(strstr(text, "Secret"));
    free(text);
}

/* ---- bombs ---- */

static void each_bomb_is_refused_in_little_time(void **state)
{
    static const struct bomb bombs[] = {
        {"<R xmlns='urn:x' ", "a#='1' ", 40000, "/>"},
        {"<R xmlns='urn:x'>", "<n#/>", 60000, "</R>"},
        {"<R xmlns='urn:x'>", "<a>", 10000, ""},
        {"<R xmlns='urn:x'>", "<!---->", 100000, "</R>"},
        {"<R xmlns='urn:x'>", "<![CDATA[]]>", 60000, "</R>"},
        {"<R xmlns='urn:x'>", "<?a?>", 100000, "</R>"},
        {"<R xmlns='urn:x'>", "<a b='#' c='#'/>", 15000, "</R>"},
    };
    for (size_t at = 0; at < sizeof bombs / sizeof bombs[0]; at++)
        workshop_defuses(*state, &bombs[at]);
}

static void too_many_names_are_refused_in_little_time(void **state)
{
    static const struct bomb bomb = {"<R xmlns='urn:x'>", "<n#/>", 3000, "</R>"};
    struct workshop *shop = *state;
    workshop_read_bomb(shop, &bomb);
    workshop_problem(shop, 0, "limit /");
    const json_t *problem = json_array_get(shop->trial.problems, 0);
    assert_string_equal(json_string_value(json_object_get(problem, "hint")), "names");
}

static void a_document_over_the_limit_is_not_parsed(void **state)
{
    static const struct bomb bomb = {"<R xmlns='urn:x'>", "1234567890", 105000, "</R>"};
    workshop_read_bomb(*state, &bomb);
    workshop_problem(*state, 0, "limit /");
}

static void names_of_many_documents_do_not_pile_up(void **state)
{
    for (int at = 0; at < 60; at++) {
        char piece[32];
        const struct bomb bomb = {"<R xmlns='urn:x'><Code>C1</Code>", piece, 1000, "</R>"};
        (void)snprintf(piece, sizeof piece, "<n%dx#/>", at);
        workshop_read_bomb(*state, &bomb);
        workshop_problem(*state, 0, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_attributes_and_texts_become_nodes),
        cmocka_unit_test(empty_places_say_nothing),
        cmocka_unit_test(what_is_not_safe_xml_is_refused),
        cmocka_unit_test(bytes_that_are_no_utf8_are_refused),
        cmocka_unit_test(a_problem_has_its_line_and_no_value),
        cmocka_unit_test(each_bomb_is_refused_in_little_time),
        cmocka_unit_test(too_many_names_are_refused_in_little_time),
        cmocka_unit_test(a_document_over_the_limit_is_not_parsed),
        cmocka_unit_test(names_of_many_documents_do_not_pile_up),
    };
    return cmocka_run_group_tests(tests, set_up, workshop_tear_down);
}
