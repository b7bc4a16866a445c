/* SPDX-License-Identifier: Apache-2.0 */
#include "house.h"

#include "operate/job_shown.h"

ENDS_WITH_SCOPE(json_t *, json_decref)

/* The rule of a job's options, as it is shown. */
static void expect_rule(const struct house *house, const char *options, const char *expected)
{
    const struct spool_job job = {.kind = "entries",
                                  .filter = "{\"filter\":{}}",
                                  .options = options,
                                  .author = "user:an",
                                  .reason = "r"};
    auto_free(json_decref) json_t *shown = job_shown(&job, house->adapters, true, LANGUAGE_EN);
    const json_t *rule = json_object_get(json_object_get(shown, "options"), "rule");
    auto_free(free) char *text = json_dumps(rule, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, expected);
}

static void the_texts_of_a_rule_are_shown_where_its_place_is(void **state)
{
    static const char rule[] =
        "{\"from\":null,\"path\":\"/Dossier/ReceivingAgency\",\"to\":\"000.00.35.H09\"}";
    char options[200];
    (void)snprintf(options, sizeof options, "{\"rule\":%s}", rule);
    expect_rule(*state, options, rule);
}

static void a_rule_that_was_kept_of_what_is_personal_is_masked(void **state)
{
    expect_rule(*state,
                "{\"rule\":{\"path\":\"/Dossier/Applicant/FullName\",\"from\":\"Nguyễn Thị "
                "Mẫu\",\"to\":\"Mẫu\"}}",
                "{\"from\":\"[14]\",\"path\":\"/Dossier/Applicant/FullName\",\"to\":\"[3]\"}");
    expect_rule(*state, "{\"rule\":{\"path\":\"/Dossier[\",\"from\":null,\"to\":\"Mẫu\"}}",
                "{\"from\":null,\"path\":\"/Dossier[\",\"to\":\"[3]\"}");
}

static void the_record_has_of_a_rule_its_place_and_digest(void **state)
{
    (void)state;
    static const char rule[] = "{\"from\":null,\"path\":\"/a\",\"to\":\"Mẫu\"}";
    char hex[SHA256_HEX_SIZE], expected[200];
    uint8_t sha256[SHA256_SIZE];
    digest_sha256(rule, strlen(rule), sha256);
    digest_hex(sha256, sizeof sha256, hex);
    (void)snprintf(expected, sizeof expected,
                   "{\"rate_per_s\":7,\"rule\":{\"path\":\"/a\",\"sha256\":\"%s\"}}", hex);
    auto_free(json_decref) json_t *recorded = job_options_recorded(
        "{\"rule\":{\"to\":\"Mẫu\",\"path\":\"/a\",\"from\":null},\"rate_per_s\":7}");
    auto_free(free) char *text = json_dumps(recorded, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_texts_of_a_rule_are_shown_where_its_place_is),
        cmocka_unit_test(a_rule_that_was_kept_of_what_is_personal_is_masked),
        cmocka_unit_test(the_record_has_of_a_rule_its_place_and_digest),
    };
    return cmocka_run_group_tests(tests, house_open, house_close);
}
