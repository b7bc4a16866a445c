/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/moment.h"

#include <stdbool.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct {
    const char *text;
    const char *utc;
} accepted[] = {
    {"2025-05-12T14:45:00+07:00", "2025-05-12T07:45:00.000Z"},
    {"2025-05-12T14:45:00.5+0700", "2025-05-12T07:45:00.500Z"},
    {"2025-05-12T07:45:00Z", "2025-05-12T07:45:00.000Z"},
    {"2025-05-12T07:45Z", "2025-05-12T07:45:00.000Z"},
    {"2025-05-12 14:45", "2025-05-12T07:45:00.000Z"},
    {"2025-05-12T07:45:00-05:30", "2025-05-12T13:15:00.000Z"},
    {"2026-06-08T07:47:28.329", "2026-06-08T00:47:28.329Z"},
    {"2026-06-08T07:47:28.329999999", "2026-06-08T00:47:28.329Z"},
    {"2026-06-08T07:47:28.07", "2026-06-08T00:47:28.070Z"},
    {"2026-06-08 14:07:53", "2026-06-08T07:07:53.000Z"},
    {"2025-05-12", "2025-05-11T17:00:00.000Z"},
    {"20250512144500", "2025-05-12T07:45:00.000Z"},
    {"20250512", "2025-05-11T17:00:00.000Z"},
    {"2025/05/12 14:45:00", "2025-05-12T07:45:00.000Z"},
    {"2025/05/12", "2025-05-11T17:00:00.000Z"},
    {"12/05/2025 14:45:00", "2025-05-12T07:45:00.000Z"},
    {"12/05/2025", "2025-05-11T17:00:00.000Z"},
    {"2024-02-29", "2024-02-28T17:00:00.000Z"},
    {"2000-02-29", "2000-02-28T17:00:00.000Z"},
    {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},
    {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"},
    {"0001-01-01", "0000-12-31T17:00:00.000Z"},
    {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
};

static const char *const refused[] = {
    "",
    "2025",
    "05/2025",
    "2025-05",
    "2025-02-31",
    "2025-02-29",
    "1900-02-29",
    "2025-04-31",
    "2025-13-01",
    "2025-00-01",
    "2025-01-00",
    "0000-01-01",
    "31/02/2025",
    "20250231",
    "2025-05-12T24:00:00",
    "2025-05-12T24:00:01",
    "2025-05-12T23:60:00",
    "2025-05-12T23:59:60",
    "20250512144560",
    "2025-05-12T",
    "2025-05-12T14",
    "2025-05-12T1445",
    "2025-05-12T14:45:",
    "2025-05-12T14:45:00.",
    "2025-05-12T14:45:00.1234567890",
    "2025-05-12T14:45:00+7",
    "2025-05-12T14:45:00+07",
    "2025-05-12T14:45:00+07:60",
    "2025-05-12T14:45:00+14:01",
    "2025-05-12T14:45:00z",
    "2025-05-12t14:45:00",
    "2025-05-12T14:45:00Z ",
    " 2025-05-12",
    "2025-05-12  14:45:00",
    "2025-5-12",
    "2025/05/12T14:45:00",
    "2025/05/12 14:45",
    "2025/05/12 14:45:00Z",
    "12/05/2025 14:45",
    "12-05-2025",
    "202505121445",
    "2025051214450",
    "202505121445000",
    "+025-05-12",
    "2025-05-12T-1:00:00",
    "\xD9\xA2\xD9\xA0\xD9\xA2\xD9\xA5-05-12", /* Arabic digits */
};

static void every_known_form_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++) {
        int64_t moment;
        struct fault why;
        char utc[MOMENT_TEXT_SIZE];
        if (!moment_read(accepted[i].text, strlen(accepted[i].text), &moment, &why))
            fail_msg("%s: %s", accepted[i].text, why.text);
        assert_int_equal(moment_write(moment, MOMENT_ISO_UTC, utc), 24);
        assert_string_equal(utc, accepted[i].utc);
    }
}

static void what_does_not_exist_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        int64_t moment = 42;
        struct fault why;
        if (moment_read(refused[i], strlen(refused[i]), &moment, &why))
            fail_msg("\"%s\" was read", refused[i]);
        assert_int_equal(why.kind, FAULT_REFUSE);
        assert_int_equal(moment, 42);
    }
}

static void a_fault_does_not_repeat_the_value(void **state)
{
    (void)state;
    int64_t moment;
    struct fault why;
    assert_false(moment_read("19900231", 8, &moment, &why));
    assert_null(strstr(why.text, "1990"));
}

static void only_the_given_bytes_are_read(void **state)
{
    (void)state;
    int64_t whole, part;
    struct fault why;
    assert_true(moment_read("20250512", 8, &whole, &why));
    assert_true(moment_read("20250512xyz", 8, &part, &why));
    assert_int_equal(whole, part);
    assert_false(moment_read("2025-05-12\0", 11, &part, &why));
}

static const struct {
    const char *name;
    const char *text;
} written[] = {
    {"iso", "2025-05-12T14:45:06+07:00"},           {"iso-utc", "2025-05-12T07:45:06.000Z"},
    {"yyyyMMddHHmmss", "20250512144506"},           {"yyyyMMdd", "20250512"},
    {"yyyy/MM/dd HH:mm:ss", "2025/05/12 14:45:06"}, {"yyyy/MM/dd", "2025/05/12"},
    {"yyyy-MM-dd HH:mm:ss", "2025-05-12 14:45:06"}, {"yyyy-MM-dd", "2025-05-12"},
    {"dd/MM/yyyy HH:mm:ss", "12/05/2025 14:45:06"}, {"dd/MM/yyyy", "12/05/2025"},
};

static void every_form_is_written_and_read_back(void **state)
{
    (void)state;
    const int64_t moment = INT64_C(1747035906000);
    for (size_t i = 0; i < COUNT(written); i++) {
        enum moment_form form;
        char text[MOMENT_TEXT_SIZE];
        int64_t again;
        struct fault why;
        assert_true(moment_form_named(written[i].name, &form));
        assert_int_equal(form, i);
        assert_int_equal(moment_write(moment, form, text), strlen(written[i].text));
        assert_string_equal(text, written[i].text);
        assert_true(moment_read(text, strlen(text), &again, &why));
        assert_int_equal(moment_day(again), 20250512);
    }
}

static void an_unknown_form_has_no_name(void **state)
{
    (void)state;
    enum moment_form form;
    assert_false(moment_form_named("yyyy", &form));
    assert_false(moment_form_named("", &form));
}

static void milliseconds_are_written_only_when_there_are_some(void **state)
{
    (void)state;
    char text[MOMENT_TEXT_SIZE];
    (void)moment_write(INT64_C(1747035906007), MOMENT_ISO, text);
    assert_string_equal(text, "2025-05-12T14:45:06.007+07:00");
}

static void a_moment_out_of_range_is_written_as_the_nearest(void **state)
{
    (void)state;
    char text[MOMENT_TEXT_SIZE];
    (void)moment_write(INT64_MAX, MOMENT_ISO, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999+07:00");
    (void)moment_write(INT64_MAX, MOMENT_ISO_UTC, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    (void)moment_write(INT64_MIN, MOMENT_ISO_UTC, text);
    assert_string_equal(text, "0000-01-01T00:00:00.000Z");
}

/* Against the C library's calendar, over every day of four centuries and more. */
static void every_day_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (time_t day = -200000; day < 200000; day++) {
        struct tm calendar;
        time_t seconds = day * 86400;
        assert_non_null(gmtime_r(&seconds, &calendar));
        int32_t expected =
            (calendar.tm_year + 1900) * 10000 + (calendar.tm_mon + 1) * 100 + calendar.tm_mday;
        int64_t midnight_in_vietnam = day * INT64_C(86400000) - INT64_C(25200000);
        assert_int_equal(moment_day(midnight_in_vietnam), expected);
        assert_true(moment_day_exists(expected));
    }
}

static void the_day_is_vietnams(void **state)
{
    (void)state;
    int64_t moment;
    struct fault why;
    assert_true(moment_read("2025-06-30T17:00:00Z", 20, &moment, &why));
    assert_int_equal(moment_day(moment), 20250701);
    assert_int_equal(moment_day(moment - 1), 20250630);
}

static void a_day_as_a_number_must_exist(void **state)
{
    (void)state;
    static const int32_t none[] = {0,         -1,        20250229, 20251301, 20250100,
                                   INT32_MIN, INT32_MAX, 101,      100000101};
    for (size_t i = 0; i < COUNT(none); i++)
        assert_false(moment_day_exists(none[i]));
    assert_true(moment_day_exists(99991231));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_known_form_is_read),
        cmocka_unit_test(what_does_not_exist_is_refused),
        cmocka_unit_test(a_fault_does_not_repeat_the_value),
        cmocka_unit_test(only_the_given_bytes_are_read),
        cmocka_unit_test(every_form_is_written_and_read_back),
        cmocka_unit_test(an_unknown_form_has_no_name),
        cmocka_unit_test(milliseconds_are_written_only_when_there_are_some),
        cmocka_unit_test(a_moment_out_of_range_is_written_as_the_nearest),
        cmocka_unit_test(every_day_agrees_with_the_c_library),
        cmocka_unit_test(the_day_is_vietnams),
        cmocka_unit_test(a_day_as_a_number_must_exist),
    };
    return cmocka_run_group_tests_name("moment", tests, NULL, NULL);
}
