/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/bilingual.h"
#include "deliver/outcome.h"
#include "operate/detail.h"
#include "spool/store.h"

#include <string.h>

static void must_show(const char *detail, enum http_language language, const char *wanted)
{
    json_t *shown = detail_shown(detail, language);
    assert_string_equal(json_string_value(shown), wanted);
    json_decref(shown);
}

static void a_detail_in_both_languages_is_shown_in_the_readers(void **state)
{
    (void)state;
    must_show("/a: thiếu" BILINGUAL_MARK "/a: missing", LANGUAGE_VI, "/a: thiếu");
    must_show("/a: thiếu" BILINGUAL_MARK "/a: missing", LANGUAGE_EN, "/a: missing");
}

static void a_detail_of_before_and_one_of_a_partner_stay_as_they_are(void **state)
{
    (void)state;
    must_show("/a: thiếu giá trị bắt buộc", LANGUAGE_EN, "/a: thiếu giá trị bắt buộc");
    must_show("no such procedure", LANGUAGE_VI, "no such procedure");
}

static void nothing_and_what_is_no_text_is_null(void **state)
{
    (void)state;
    json_t *nothing = detail_shown(NULL, LANGUAGE_VI);
    json_t *bytes = detail_shown("\xff", LANGUAGE_VI);
    assert_true(json_is_null(nothing));
    assert_true(json_is_null(bytes));
}

static void must_be_translated(const char *detail)
{
    json_t *shown = detail_shown(detail, LANGUAGE_VI);
    if (strcmp(json_string_value(shown), detail) == 0)
        fail_msg("operate/detail.c has no Vietnamese for \"%s\"", detail);
    json_decref(shown);
    must_show(detail, LANGUAGE_EN, detail);
}

/* libcurl's own sentences stay in English; it has hundreds. */
static void what_the_courier_says_is_translated(void **state)
{
    (void)state;
    const struct outcome_settings settings = {1000, 1000, 1000, 1000};
    const struct attempt redirect = {.result = CURLE_OK, .status = 302};
    const struct attempt login = {.result = CURLE_OK, .status = 401, .meaning = ANSWER_LOGIN};
    must_be_translated(outcome_judge(&redirect, &settings).detail);
    must_be_translated(outcome_judge(&login, &settings).detail);
    for (int result = CURLE_OK + 1; result < CURL_LAST; result++) {
        const struct attempt attempt = {.result = (CURLcode)result};
        const struct ruling ruling = outcome_judge(&attempt, &settings);
        if (strcmp(ruling.cause, "connect:failed") != 0)
            must_be_translated(ruling.detail);
    }
    must_be_translated(CONFLICT_DETAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_detail_in_both_languages_is_shown_in_the_readers),
        cmocka_unit_test(a_detail_of_before_and_one_of_a_partner_stay_as_they_are),
        cmocka_unit_test(nothing_and_what_is_no_text_is_null),
        cmocka_unit_test(what_the_courier_says_is_translated),
    };
    return cmocka_run_group_tests_name("detail", tests, NULL, NULL);
}
