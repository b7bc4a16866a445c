/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/tempo.h"
#include "unit.h"

static void few_records_wait_for_a_part_of_the_pace_and_many_for_all_of_it(void **state)
{
    (void)state;
    static const struct {
        struct tempo tempo;
        int64_t count, gap_ms;
    } rows[] = {
        {{200, 2000}, 0, 50},     {{200, 2000}, 1, 50},      {{200, 2000}, 50, 50},
        {{200, 2000}, 67, 66},    {{200, 2000}, 134, 133},   {{200, 2000}, 201, 200},
        {{200, 2000}, 2000, 200}, {{60000, 2000}, 1, 15000}, {{0, 2000}, 500, 0},
        {{200, 1}, 0, 50},        {{200, 1}, 1, 200},        {{1, 2000}, 1, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(tempo_gap_ms(&rows[i].tempo, rows[i].count), rows[i].gap_ms);
}

static void the_gap_never_shrinks_as_more_records_come(void **state)
{
    (void)state;
    const struct tempo tempo = {200, 2000};
    for (int64_t count = 1; count <= 2000; count++)
        assert_true(tempo_gap_ms(&tempo, count) >= tempo_gap_ms(&tempo, count - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_records_wait_for_a_part_of_the_pace_and_many_for_all_of_it),
        cmocka_unit_test(the_gap_never_shrinks_as_more_records_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
