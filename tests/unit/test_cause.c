/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "adapt/problem.h"
#include "deliver/finding.h"
#include "deliver/outcome.h"
#include "operate/cause.h"

#include <glob.h>
#include <librdkafka/rdkafka.h>
#include <regex.h>

/* Where causes come from, for the search below. */
static const char *const places[] = {
    "gateway/deliver/*.c",   "gateway/kafka/*.c",  "gateway/spool/*.c",
    "gateway/spool/store.h", "gateway/ingest/*.c", "gateway/api/*.[ch]",
};

static void must_know(const char *cause, const char *where)
{
    if (!cause_is_known(cause))
        fail_msg("%s: operate/cause.c has no words for \"%s\"", where, cause);
}

static void every_rule_of_documents_has_words(void **state)
{
    (void)state;
    for (int rule = 0; rule < RULE_COUNT_; rule++) {
        char cause[80];
        must_know(rule_code((enum rule)rule), "adapt/problem.h");
        (void)snprintf(cause, sizeof cause, "%s /data[0]/MaHoSo", rule_code((enum rule)rule));
        must_know(cause, "adapt/problem.h");
    }
}

static void every_reason_for_finding_nobody_has_words(void **state)
{
    (void)state;
    const char *others = cause_text("route", LANGUAGE_EN);
    must_know(finding_cause(MISS_NONE, false), "deliver/finding.h");
    for (int miss = MISS_MISSING; miss <= MISS_NOBODY; miss++)
        for (int is_return = 0; is_return < 2; is_return++) {
            const char *cause = finding_cause((enum miss)miss, is_return != 0);
            if (cause_text(cause, LANGUAGE_EN) == others)
                fail_msg("operate/cause.c has no words for \"%s\"", cause);
        }
}

static void every_failure_of_a_connection_has_words(void **state)
{
    (void)state;
    const struct outcome_settings settings = {1000, 1000, 1000, 1000};
    for (int result = CURLE_OK + 1; result < CURL_LAST; result++) {
        const struct attempt attempt = {.result = (CURLcode)result};
        must_know(outcome_judge(&attempt, &settings).cause, "deliver/outcome.c");
    }
}

static void every_error_of_kafka_has_words(void **state)
{
    (void)state;
    const struct rd_kafka_err_desc *errors;
    size_t count;
    rd_kafka_get_err_descs(&errors, &count);
    for (size_t i = 0; i < count; i++) {
        char cause[120];
        (void)snprintf(cause, sizeof cause, "kafka:%s", errors[i].name ? errors[i].name : "");
        must_know(cause, "kafka/carrier.c");
    }
}

/* Every text in the source that has the form of a cause: a word, a colon, words of letters. */
static size_t look_through(const char *path, const regex_t *form)
{
    char line[1024];
    size_t found = 0;
    FILE *source = fopen(path, "r");
    assert_non_null(source);
    while (fgets(line, sizeof line, source)) {
        regmatch_t match[2];
        for (const char *at = line; regexec(form, at, 2, match, 0) == 0; at += match[0].rm_eo) {
            char cause[120];
            (void)snprintf(cause, sizeof cause, "%.*s", (int)(match[1].rm_eo - match[1].rm_so),
                           at + match[1].rm_so);
            must_know(cause, path);
            found++;
        }
    }
    assert_int_equal(fclose(source), 0);
    return found;
}

static void every_cause_in_the_sources_has_words(void **state)
{
    (void)state;
    regex_t form;
    size_t found = 0;
    assert_int_equal(regcomp(&form, "\"([a-z]+:[a-z_][a-z0-9_=-]+)\"", REG_EXTENDED), 0);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        glob_t files;
        assert_int_equal(glob(places[i], 0, NULL, &files), 0);
        for (size_t at = 0; at < files.gl_pathc; at++)
            found += look_through(files.gl_pathv[at], &form);
        globfree(&files);
    }
    regfree(&form);
    assert_in_range(found, 30, 1000); /* else the search finds nothing any more */
}

static void every_cause_that_adapters_name_has_words_of_its_own(void **state)
{
    (void)state;
    regex_t form;
    glob_t files;
    const char *others = cause_text("answer:whatever", LANGUAGE_EN);
    assert_int_equal(regcomp(&form, "cause: ([a-z-]+)", REG_EXTENDED), 0);
    assert_int_equal(glob("adapters/*/adapter.yaml", 0, NULL, &files), 0);
    for (size_t at = 0; at < files.gl_pathc; at++) {
        char line[1024];
        FILE *source = fopen(files.gl_pathv[at], "r");
        assert_non_null(source);
        while (fgets(line, sizeof line, source)) {
            regmatch_t match[2];
            char cause[120];
            if (regexec(&form, line, 2, match, 0) != 0)
                continue;
            (void)snprintf(cause, sizeof cause, "answer:%.*s",
                           (int)(match[1].rm_eo - match[1].rm_so), line + match[1].rm_so);
            if (cause_text(cause, LANGUAGE_EN) == others)
                fail_msg("%s: operate/cause.c has no words for \"%s\"", files.gl_pathv[at], cause);
        }
        assert_int_equal(fclose(source), 0);
    }
    globfree(&files);
    regfree(&form);
}

static void the_nearest_words_are_given(void **state)
{
    (void)state;
    static const struct {
        const char *cause, *begins;
    } cases[] = {
        {"missing /data[0]/MaHoSo", "A required value"},
        {"answer:status=401", "The partner's system does not take our name"},
        {"answer:status=502", "The partner's system failed"},
        {"answer:status=422", "The partner's system refuses"},
        {"answer:error_code=-3", "The partner's system refused it with a code"},
        {"route /handoff/to_agency nobody", "No system speaks"},
        {"route /handoff/to_agency", "It is not known where"},
        {"kafka:MSG_SIZE_TOO_LARGE", "The event is larger"},
        {"kafka:INVALID_RECORD", "Kafka does not take"},
        {"missingness", "There are no words"},
        {"", "No cause"},
        {NULL, "No cause"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (strncmp(cause_text(cases[i].cause, LANGUAGE_EN), cases[i].begins,
                    strlen(cases[i].begins)) != 0)
            fail_msg("%s: %s", cases[i].cause ? cases[i].cause : "NULL",
                     cause_text(cases[i].cause, LANGUAGE_EN));
}

static void both_languages_say_something_of_their_own(void **state)
{
    (void)state;
    const char *vi = cause_text("code /procedure", LANGUAGE_VI);
    assert_non_null(strstr(vi, "danh mục"));
    assert_null(strstr(cause_text("code /procedure", LANGUAGE_EN), "danh mục"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_of_documents_has_words),
        cmocka_unit_test(every_reason_for_finding_nobody_has_words),
        cmocka_unit_test(every_failure_of_a_connection_has_words),
        cmocka_unit_test(every_error_of_kafka_has_words),
        cmocka_unit_test(every_cause_in_the_sources_has_words),
        cmocka_unit_test(every_cause_that_adapters_name_has_words_of_its_own),
        cmocka_unit_test(the_nearest_words_are_given),
        cmocka_unit_test(both_languages_say_something_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
