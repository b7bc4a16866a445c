/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/stop.h"
#include "kafka/progress.h"
#include "mock_kafka.h"

#include <string.h>

static const char topic[] = "t.progress";

static void a_value_is_read_as_it_was_written(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        int64_t received_at_ms;
        const char *text;
    } rows[] = {
        {1, 0, "1 0"},
        {5000, 1747036800123, "5000 1747036800123"},
        {INT64_MAX, INT64_MAX, "9223372036854775807 9223372036854775807"},
        {7, -5, "7 -5"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[PROGRESS_TEXT_SIZE];
        struct fault why;
        struct progress progress = {.is_known = false};
        size_t size = progress_write(rows[i].number, rows[i].received_at_ms, text);
        assert_string_equal(text, rows[i].text);
        assert_int_equal(size, strlen(text));
        assert_true(progress_parse(text, size, &progress, &why));
        assert_true(progress.is_known);
        assert_int_equal(progress.number, rows[i].number);
        assert_int_equal(progress.received_at_ms, rows[i].received_at_ms);
    }
}

static void a_value_of_another_kind_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "1",
        "1 ",
        " 1 2",
        "01 2",
        "1  2",
        "0 2",
        "-1 2",
        "1 2 ",
        "1 2x",
        "one two",
        "+1 2",
        "99999999999999999999 1",
        "1 2\n",
        "123456789012345678901234567890123456789012345678901234567890",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct fault why = {.kind = FAULT_NONE};
        struct progress progress = {.is_known = false};
        assert_false(progress_parse(texts[i], strlen(texts[i]), &progress, &why));
        assert_int_equal(why.kind, FAULT_BROKEN);
        assert_false(progress.is_known);
    }
}

static struct progress read_progress(const struct mock_kafka *mock)
{
    struct stop stop;
    struct fault why = {.kind = FAULT_NONE};
    struct progress progress = {.number = -1};
    assert_true(stop_open(&stop, &why));
    if (!progress_read(&mock->options, &stop, &progress, &why))
        fail_msg("%s", why.text);
    stop_close(&stop);
    return progress;
}

static void the_last_record_under_our_id_counts(void **state)
{
    (void)state;
    struct mock_kafka mock;
    mock_open(&mock);
    assert_false(read_progress(&mock).is_known);

    mock_write(&mock, topic, "other", "900 1", 3);
    assert_false(read_progress(&mock).is_known);

    mock_write(&mock, topic, "gw", "17 5", 1);
    mock_write(&mock, topic, "gw", "18 6", 1);
    mock_write(&mock, topic, "gw-2", "950 1", 2);
    assert_int_equal(read_progress(&mock).number, 18);
    assert_int_equal(read_progress(&mock).received_at_ms, 6);
    mock_close(&mock);
}

static void our_record_is_found_far_behind_those_of_others(void **state)
{
    (void)state;
    struct mock_kafka mock;
    mock_open(&mock);
    mock_write(&mock, topic, "gw", "17 5", 1);
    mock_write(&mock, topic, "other", "900 1", 3000);
    assert_int_equal(read_progress(&mock).number, 17);
    mock_close(&mock);
}

static void a_record_without_a_value_takes_progress_back(void **state)
{
    (void)state;
    struct mock_kafka mock;
    mock_open(&mock);
    mock_write(&mock, topic, "gw", "17 5", 1);
    mock_write(&mock, topic, "gw", NULL, 1);
    assert_false(read_progress(&mock).is_known);
    mock_close(&mock);
}

static void a_foreign_value_under_our_id_is_a_fault(void **state)
{
    (void)state;
    struct mock_kafka mock;
    struct stop stop;
    struct fault why = {.kind = FAULT_NONE};
    struct progress progress;
    mock_open(&mock);
    mock_write(&mock, topic, "gw", "{\"ready_no\": 5}", 1);
    assert_true(stop_open(&stop, &why));
    assert_false(progress_read(&mock.options, &stop, &progress, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    stop_close(&stop);
    mock_close(&mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_read_as_it_was_written),
        cmocka_unit_test(a_value_of_another_kind_is_refused),
        cmocka_unit_test(the_last_record_under_our_id_counts),
        cmocka_unit_test(our_record_is_found_far_behind_those_of_others),
        cmocka_unit_test(a_record_without_a_value_takes_progress_back),
        cmocka_unit_test(a_foreign_value_under_our_id_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
