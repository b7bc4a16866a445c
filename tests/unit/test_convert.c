/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "adapt/base64.h"
#include "adapt/convert.h"

#include <inttypes.h>
#include <stdio.h>

/* What a text reads as: "= text", "= 12", "= true", "absent", or the rule's code; then the tag. */
static const struct {
    const char *conversion;
    const char *text;
    const char *result;
} reads[] = {
    {"text", "a b\tc\r\nd", "= a b\tc\r\nd"},
    {"text", "a\x01", "text"},
    {"text", "a\x7F", "text"},
    {"text", "\xEF\xBF\xBF", "text"}, /* no partner's XML could hold it */
    {"text", "a\xEF\xBF\xBE", "text"},
    {"text", "\xEF\xBC\x81", "= \xEF\xBC\x81"},

    {"time", "20250512144500", "= 1747035900000"},
    {"time", "2025-05-12T14:45:00+07:00", "= 1747035900000"},
    {"time", "2025/05/12", "= 1746982800000"},
    {"time", "0001-01-01T00:00:00", "absent"},
    {"time", "0001-01-01T00:00:00Z", "absent"},
    {"time", "01/01/0001", "absent"},
    {"time", "31/02/2025", "time"},
    {"time", "soon", "time"},

    {"integer", "80000", "= 80000"},
    {"integer", "-1", "= -1"},
    {"integer", "80000.0", "= 80000"},
    {"integer", "9223372036854775807", "= 9223372036854775807"},
    {"integer", "-9223372036854775808", "= -9223372036854775808"},
    {"integer", "9223372036854775808", "number"},
    {"integer", "80.000", "number"},
    {"integer", "1e3", "number"},
    {"integer", ".0", "number"},
    {"integer", "-", "number"},
    {"integer", "+1", "number"},

    {"boolean", "true", "= true"},
    {"boolean", "False", "= false"},
    {"boolean", "1", "= true"},
    {"boolean", "NO", "= false"},
    {"boolean", "maybe", "boolean"},
    {"flag", "True", "= 1"},
    {"flag", "0", "= 0"},
    {"flag", "2", "boolean"},

    {"status", "1", "= 1"},
    {"status", "10", "= 10"},
    {"status", "0", "code"},
    {"status", "11", "code"},
    {"status", "x", "code"},

    {"dossier-code", "000.12.40.H09-250512-0037", "= 000.12.40.H09-250512-0037"},
    {"dossier-code", "G09.20-20260609-0092637", "= G09.20-20260609-0092637"},
    {"dossier-code", "H15.50.05.13-261008-0975", "= H15.50.05.13-261008-0975"},
    {"dossier-code", "H09-250231-0001", "= H09-250231-0001 code-nonstandard"},
    {"dossier-code", "H09-250512-001", "= H09-250512-001 code-nonstandard"},
    {"dossier-code", "HS-0001", "= HS-0001 code-nonstandard"},
    {"dossier-code", "000.00.04.G18", "text"},
    {"dossier-code", "H09", "text"},

    {"dossier-code-in-text", "HS 000.12.40.H09-250512-0037, TTHC", "= 000.12.40.H09-250512-0037"},
    {"dossier-code-in-text", "000.12.40.H09-250512-0037", "= 000.12.40.H09-250512-0037"},
    {"dossier-code-in-text", "a-250512-0037 H09.40-250512-00371", "= H09.40-250512-00371"},
    {"dossier-code-in-text", "H09-250512-00371234", "absent"},
    {"dossier-code-in-text", "no code - here", "absent"},
    {"agency-of-dossier", "x H09.40-250512-0037 y", "= H09.40"},
    {"agency-of-dossier", "H09.40", "absent"},

    {"agency", "000.12.40.H09", "= 000.12.40.H09"},
    {"agency", "H37.DN.001", "= H37.DN.001"},
    {"agency", "H09", "= H09"},
    {"agency", "H9", "agency"},
    {"agency", "000.12.40.h09", "agency"},
    {"agency", "H09.1", "agency"},
    {"agency", "H09.12345", "agency"},
    {"agency", "H09.", "agency"},
    {"agency", "000.12.40.H09.1", "agency"},
    {"agency", "H09.40.40.40.40.40.40.40", "agency"},

    {"identity", "074190000001", "= 074190000001"},
    {"identity", "099190000001", "= 099190000001 identity-implausible"},
    {"identity", "074990000001", "= 074990000001 identity-implausible"},
    {"identity", "3700000001", "= 3700000001"},
    {"identity", "3700000001-001", "= 3700000001-001"},
    {"identity", "000000001", "= 000000001 identity-implausible"},
    {"identity", "280000001", "= 280000001"},
    {"identity", "B1234567", "= B1234567 identity-implausible"},

    {"sha256", "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08",
     "= 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
    {"sha256", "9f86", "hash"},
    {"sha256", "gf86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "hash"},

    {"cid", "cid:a-b", "= a-b"},
    {"cid", "a-b", "= a-b"},

    {"base64-size", "aGVsbG8=", "= 5"},
    {"base64-size", "aGVs\r\n bG8=", "= 5"},
    {"base64-size", "aGVsbG8", "base64"},
    {"base64-size", "aGVsbG8==", "base64"},
    {"base64-size", "aGVs!G8=", "base64"},
    {"base64-sha256",
     "aGVsbG8=", "= 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"},
};

static void show(enum convert_result result, const struct value *value, enum rule rule, char *text,
                 size_t size)
{
    const char *tag = value->tag ? value->tag : "";
    const char *space = value->tag ? " " : "";
    if (result == CONVERT_BAD)
        (void)snprintf(text, size, "%s", rule_code(rule));
    else if (result == CONVERT_ABSENT)
        (void)snprintf(text, size, "absent");
    else if (value->kind == VALUE_NUMBER)
        (void)snprintf(text, size, "= %" PRId64, value->number);
    else if (value->kind == VALUE_TRUTH)
        (void)snprintf(text, size, "= %s", value->is_true ? "true" : "false");
    else
        (void)snprintf(text, size, "= %.*s%s%s", (int)value->size, value->text, space, tag);
}

static void texts_are_read_as_documented(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t at = 0; at < sizeof reads / sizeof reads[0]; at++) {
        const struct conversion *conversion = conversion_find(reads[at].conversion);
        assert_non_null(conversion);
        struct value value = {.kind = conversion->kind};
        enum rule rule = RULE_COUNT_;
        char text[200];
        enum convert_result result =
            conversion->read(reads[at].text, strlen(reads[at].text), &arena, &value, &rule);
        show(result, &value, rule, text, sizeof text);
        if (strcmp(text, reads[at].result) != 0)
            fail_msg("%s of \"%s\": expected \"%s\", got \"%s\"", reads[at].conversion,
                     reads[at].text, reads[at].result, text);
    }
    arena_free(&arena);
}

static const struct {
    const char *conversion;
    const char *form;
    struct value value;
    const char *text; /* NULL: it cannot be written */
} writes[] = {
    {"text", NULL, {.text = "abc", .size = 3}, "abc"},
    {"time", NULL, {.number = 1747035900000}, "2025-05-12T14:45:00+07:00"},
    {"time", "iso-utc", {.number = 1747035900000}, "2025-05-12T07:45:00.000Z"},
    {"time", "yyyyMMddHHmmss", {.number = 1747035900000}, "20250512144500"},
    {"time", "yyyy/MM/dd", {.number = 1747035900000}, "2025/05/12"},
    {"time", "dd/MM/yyyy", {.number = 1747035900000}, "12/05/2025"},
    {"integer", NULL, {.number = -5}, "-5"},
    {"boolean", NULL, {.is_true = true}, "true"},
    {"boolean", "True/False", {.is_true = false}, "False"},
    {"boolean", "1/0", {.is_true = true}, "1"},
    {"flag", "True/False", {.text = "1", .size = 1}, "True"},
    {"flag", "1/0", {.text = "true", .size = 4}, "1"},
    {"flag", "1/0", {.text = "x", .size = 1}, NULL},
    {"status", NULL, {.number = 4}, "4"},
    {"status", NULL, {.number = 0}, NULL},
    {"cid", NULL, {.text = "a", .size = 1}, "a"},
    {"cid", "cid:", {.text = "a", .size = 1}, "cid:a"},
};

static void values_are_written_by_their_form(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t at = 0; at < sizeof writes / sizeof writes[0]; at++) {
        const struct conversion *conversion = conversion_find(writes[at].conversion);
        int option = 0;
        const char *text = NULL;
        size_t size = 0;
        assert_true(conversion->prepare(writes[at].form, &option));
        bool is_written = conversion->write(option, &writes[at].value, &arena, &text, &size);
        assert_int_equal(is_written, writes[at].text != NULL);
        if (!is_written)
            continue;
        assert_int_equal(size, strlen(writes[at].text));
        assert_memory_equal(text, writes[at].text, size);
    }
    arena_free(&arena);
}

static void forms_that_are_not_known_are_refused(void **state)
{
    static const char *const forms[][2] = {
        {"text", "x"}, {"time", "yyyy"}, {"boolean", "ja/nein"}, {"cid", "x"}, {"integer", "x"}};
    (void)state;
    for (size_t at = 0; at < sizeof forms / sizeof forms[0]; at++) {
        int option;
        assert_false(conversion_find(forms[at][0])->prepare(forms[at][1], &option));
    }
    assert_null(conversion_find("uppercase"));
}

static void base64_comes_back(void **state)
{
    (void)state;
    struct arena arena = {0};
    char bytes[256];
    for (size_t size = 0; size < sizeof bytes; size++) {
        bytes[size] = (char)(size * 7);
        size_t text_size = 0, again_size = 0;
        char *text = base64_encode(bytes, size, &arena, &text_size);
        char *again = base64_decode(text, text_size, &arena, &again_size);
        assert_non_null(again);
        assert_int_equal(again_size, size);
        assert_memory_equal(again, bytes, size);
    }
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read_as_documented),
        cmocka_unit_test(values_are_written_by_their_form),
        cmocka_unit_test(forms_that_are_not_known_are_refused),
        cmocka_unit_test(base64_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
