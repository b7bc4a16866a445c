/* SPDX-License-Identifier: Apache-2.0 */
#include "house.h"

#include "adapt/patch.h"

#define XML(text) "<HandoffMessage xmlns=\"urn:x-lienthong:handoff:1\">" text "</HandoffMessage>"

static const struct {
    const char *what;
    const char *adapter;
    struct patch_rule rule;
    const char *document;
    const char *expected; /* NULL: refused */
    size_t changed;
} rows[] = {
    {"every repetition of a JSON member, the rest as it stands",
     "dvcqg-json",
     {"/data[0]/MaDonVi", "H01", "H02"},
     "{ \"data\":[ {\"MaDonVi\" : \"H01\",\"n\": "
     "1.50},{\"MaDonVi\":\"H03\"},\n{\"MaDonVi\":\"H01\"}]}",
     "{ \"data\":[ {\"MaDonVi\" : \"H02\",\"n\": "
     "1.50},{\"MaDonVi\":\"H03\"},\n{\"MaDonVi\":\"H02\"}]}",
     2},
    {"a bare list",
     "dvcqg-json",
     {"/[2]/MaDonVi", "H01", "H02"},
     "[{\"MaDonVi\":\"H01\"}]",
     "[{\"MaDonVi\":\"H02\"}]",
     1},
    {"another place of the same name stays",
     "dvcqg-json",
     {"/data[]/MaDonVi", "H01", "H02"},
     "{\"MaDonVi\":\"H01\",\"data\":[{\"x\":{\"MaDonVi\":\"H01\"}}]}",
     "{\"MaDonVi\":\"H01\",\"data\":[{\"x\":{\"MaDonVi\":\"H01\"}}]}",
     0},
    {"an escaped text is what it says",
     "dvcqg-json",
     {"/a", "H/1", "say \"x\\y\""},
     "{\"a\":\"\\u0048\\/1\"}",
     "{\"a\":\"say \\\"x\\\\y\\\"\"}",
     1},
    {"a number stays one", "dvcqg-json", {"/a", "1", "2"}, "{\"a\":1}", "{\"a\":2}", 1},
    {"a number becomes no text", "dvcqg-json", {"/a", "1", "x"}, "{\"a\":1}", "{\"a\":1}", 0},
    {"an empty text, whatever it is, has no place to put a text",
     "dvcqg-json",
     {"/a", NULL, "x"},
     "{\"a\":\"y\"}",
     "{\"a\":\"x\"}",
     1},
    {"an element of XML, blanks around it kept",
     "lienthong-xml",
     {"/Dossier/ReceivingAgency", "H&1", "<H2>"},
     XML("<Dossier>\n <ReceivingAgency> H&amp;&#x31;\n</ReceivingAgency></Dossier>"),
     XML("<Dossier>\n <ReceivingAgency> &lt;H2&gt;\n</ReceivingAgency></Dossier>"),
     1},
    {"an attribute",
     "lienthong-xml",
     {"/@version", "1", "2"},
     "<HandoffMessage xmlns='urn:x-lienthong:handoff:1' version='1'/>",
     "<HandoffMessage xmlns='urn:x-lienthong:handoff:1' version='2'/>",
     1},
    {"a text in pieces stays",
     "lienthong-xml",
     {"/Dossier/ReceivingAgency", NULL, "H02"},
     XML("<Dossier><ReceivingAgency>H<!-- -->01</ReceivingAgency></Dossier>"),
     XML("<Dossier><ReceivingAgency>H<!-- -->01</ReceivingAgency></Dossier>"),
     0},
    {"what does not close", "lienthong-xml", {"/Dossier", "a", "b"}, "<HandoffMessage>", NULL, 0},
    {"half a document", "dvcqg-json", {"/a", "a", "b"}, "{\"a\":\"a\"", NULL, 0},
    {"a path from nowhere", "dvcqg-json", {"a", "a", "b"}, "{}", NULL, 0},
    {"all leaves", "dvcqg-json", {"/a/*", "a", "b"}, "{}", NULL, 0},
    {"a line end", "dvcqg-json", {"/a", "a", "b\n"}, "{}", NULL, 0},
};

static void a_text_is_put_where_the_rule_says_and_nowhere_else(void **state)
{
    const struct house *house = *state;
    for (size_t at = 0; at < sizeof rows / sizeof *rows; at++) {
        struct fault why = {0};
        struct patched patched = {.bytes = NULL};
        bool is_patched = adapt_patch(house_adapter(house, rows[at].adapter), rows[at].document,
                                      strlen(rows[at].document), &rows[at].rule, &patched, &why);
        print_message("%s\n", rows[at].what);
        assert_int_equal(is_patched, rows[at].expected != NULL);
        if (!is_patched) {
            assert_int_equal(why.kind, FAULT_REFUSE);
            continue;
        }
        assert_string_equal(patched.bytes, rows[at].expected);
        assert_int_equal(patched.size, strlen(rows[at].expected));
        assert_int_equal(patched.changed, rows[at].changed);
        free(patched.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_put_where_the_rule_says_and_nowhere_else),
    };
    return cmocka_run_group_tests(tests, house_open, house_close);
}
