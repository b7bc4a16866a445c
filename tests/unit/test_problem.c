/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "adapt/findings.h"
#include "adapt/problem.h"

#include <string.h>

static void every_rule_speaks_both_languages(void **state)
{
    (void)state;
    for (int at = 0; at < RULE_COUNT_; at++) {
        struct problem problem = {.rule = (enum rule)at, .path = "/a"};
        char vietnamese[200], english[200];
        problem_write(&problem, "vi", vietnamese, sizeof vietnamese);
        problem_write(&problem, "en", english, sizeof english);
        assert_true(strlen(rule_code(problem.rule)) > 0);
        assert_true(strlen(vietnamese) > strlen("/a: "));
        assert_true(strlen(english) > strlen("/a: "));
        assert_string_not_equal(vietnamese, english);
        for (int other = 0; other < at; other++)
            assert_string_not_equal(rule_code(problem.rule), rule_code((enum rule)other));
    }
}

static void a_sentence_names_place_hint_and_value(void **state)
{
    (void)state;
    struct problem problem = {.rule = RULE_CODE,
                              .path = "/data[0]/TrangThai",
                              .line = 12,
                              .value = "99",
                              .hint = "status.tsv"};
    char text[200];
    problem_write(&problem, "en", text, sizeof text);
    assert_string_equal(text, "/data[0]/TrangThai (line 12): the code is not in the list; "
                              "expected: status.tsv; got: \"99\"");
    problem_write(&problem, "vi", text, sizeof text);
    assert_string_equal(text, "/data[0]/TrangThai (dòng 12): mã không có trong danh mục; "
                              "cần: status.tsv; nhận được: \"99\"");
}

static void what_is_expected_is_said_in_the_readers_language(void **state)
{
    (void)state;
    static const struct {
        const char *hint, *vi;
    } cases[] = {
        {"an agency of that day", "cơ quan có hiệu lực vào ngày đó"},
        {"an agency of the sender", "cơ quan của bên gửi"},
        {"one of {'A', 'B'}", "một trong {'A', 'B'}"},
        {"length at most 20", "độ dài nhiều nhất 20"},
        {"length 20", "độ dài 20"},
        {"nodes.tsv", "nodes.tsv"}, /* a list's name that begins as a row does */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct problem problem = {.rule = RULE_AGENCY, .path = "/a", .hint = cases[i].hint};
        char text[240], wanted[120];
        problem_write(&problem, "vi", text, sizeof text);
        (void)snprintf(wanted, sizeof wanted, "; cần: %s", cases[i].vi);
        assert_string_equal(strstr(text, "; cần"), wanted);
        problem_write(&problem, "en", text, sizeof text);
        (void)snprintf(wanted, sizeof wanted, "; expected: %s", cases[i].hint);
        assert_string_equal(strstr(text, "; expected"), wanted);
    }
}

static void a_sentence_is_cut_at_a_whole_character(void **state)
{
    (void)state;
    struct problem problem = {.rule = RULE_MISSING, .path = "/ă"};
    for (size_t size = 1; size < 40; size++) {
        char text[40];
        problem_write(&problem, "vi", text, size);
        assert_true(strlen(text) < size);
        size_t end = strlen(text);
        if (end && (text[end - 1] & 0x80)) /* the last character must be whole */
            assert_true((text[end - 1] & 0xC0) == 0x80);
    }
}

static void values_are_masked_when_personal(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct findings findings = {.arena = &arena};
    static const struct {
        const char *personal, *text, *shown;
    } values[] = {
        {NULL, "99", "99"},
        {NULL, "a\nb", "a?b"},
        {"basic", "099190000001", "099******001"},
        {"basic", "Nguyễn Thị Mẫu", "***"},
        {"staff", "ab", "**"},
        {"free", "250512-0037", "***"},
        {"basic", "12345678", "***"},
    };
    for (size_t at = 0; at < sizeof values / sizeof values[0]; at++)
        assert_string_equal(findings_value(&findings, values[at].personal, values[at].text,
                                           strlen(values[at].text)),
                            values[at].shown);
    char long_text[300];
    memset(long_text, 'x', sizeof long_text);
    assert_true(strlen(findings_value(&findings, NULL, long_text, sizeof long_text)) < 100);
    arena_free(&arena);
}

/* A list for three. */
static struct findings three(struct arena *arena, struct problem *list, uint32_t *places)
{
    struct findings findings = {.list = list, .places = places, .limit = 3, .arena = arena};
    findings_clear(&findings);
    return findings;
}

static void findings_stand_in_the_order_of_the_document(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct problem list[3];
    uint32_t places[3];
    struct findings findings = three(&arena, list, places);
    findings.place = 7;
    findings_add(&findings, &(struct problem){.rule = RULE_TIME, .path = "/b"});
    findings_begin(&findings, 0);
    findings.place = 5;
    findings_add(&findings, &(struct problem){.rule = RULE_TIME, .path = "/d"});
    findings.place = 2;
    findings_add(&findings, &(struct problem){.rule = RULE_TIME, .path = "/c"});
    assert_string_equal(list[0].path, "/b");
    assert_string_equal(list[1].path, "/c");
    assert_string_equal(list[2].path, "/d");
    assert_int_equal(list[0].item, -1);
    assert_int_equal(list[2].item, 0);
    arena_free(&arena);
}

static void a_rule_is_told_once_at_a_place(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct problem list[3];
    uint32_t places[3];
    struct findings findings = three(&arena, list, places);
    findings_add(&findings, &(struct problem){.rule = RULE_TIME, .path = "/a"});
    findings_add(&findings, &(struct problem){.rule = RULE_TIME, .path = "/a"});
    findings_add(&findings, &(struct problem){.rule = RULE_MISSING, .path = "/a"});
    assert_int_equal(findings.total, 1);
    findings_add(&findings, &(struct problem){.rule = RULE_CODE, .path = "/a"});
    assert_int_equal(findings.total, 2);
    arena_free(&arena);
}

static void findings_over_the_limit_are_counted(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct problem list[3];
    uint32_t places[3];
    static const char *const paths[] = {"/a", "/b", "/c", "/d", "/e"};
    struct findings findings = three(&arena, list, places);
    findings_begin(&findings, 0);
    for (size_t at = 0; at < 5; at++)
        findings_add(&findings, &(struct problem){.rule = RULE_TIME, .path = paths[at]});
    assert_int_equal(findings.count, 3);
    assert_int_equal(findings.total, 5);
    assert_true(findings_name(&findings, 4)); /* what is not listed may be anybody's */
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_speaks_both_languages),
        cmocka_unit_test(a_sentence_names_place_hint_and_value),
        cmocka_unit_test(what_is_expected_is_said_in_the_readers_language),
        cmocka_unit_test(a_sentence_is_cut_at_a_whole_character),
        cmocka_unit_test(values_are_masked_when_personal),
        cmocka_unit_test(findings_stand_in_the_order_of_the_document),
        cmocka_unit_test(a_rule_is_told_once_at_a_place),
        cmocka_unit_test(findings_over_the_limit_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
