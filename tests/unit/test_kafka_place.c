/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "kafka/place.h"

#include <string.h>

enum { UNKNOWN = -1 };

static const struct row {
    const char *name;
    int64_t kafka;
    int64_t copy;
    int64_t highest;
    bool is_foreign;
    enum place_word word;
    enum place_choice choice;
    int64_t after;
} rows[] = {
    {"a first start", UNKNOWN, 0, 10, false, WORD_NONE, PLACE_KAFKA, 0},
    {"both agree", 7, 7, 10, false, WORD_NONE, PLACE_KAFKA, 7},
    {"killed before the copy was stored", 9, 7, 10, false, WORD_NONE, PLACE_KAFKA, 9},
    {"agreement needs no word", 9, 7, 10, false, WORD_FROM_SPOOL, PLACE_KAFKA, 9},
    {"another cluster", UNKNOWN, 7, 10, false, WORD_NONE, PLACE_HELD, 0},
    {"another cluster, from the spool", UNKNOWN, 7, 10, false, WORD_FROM_SPOOL, PLACE_SPOOL, 7},
    {"another cluster, from Kafka", UNKNOWN, 7, 10, false, WORD_FROM_KAFKA, PLACE_KAFKA, 0},
    {"Kafka behind", 5, 7, 10, false, WORD_NONE, PLACE_HELD, 0},
    {"Kafka behind, from the spool", 5, 7, 10, false, WORD_FROM_SPOOL, PLACE_SPOOL, 7},
    {"Kafka behind, from Kafka", 5, 7, 10, false, WORD_FROM_KAFKA, PLACE_KAFKA, 5},
    {"a new spool", 900, 0, 10, true, WORD_NONE, PLACE_HELD, 0},
    {"a new spool, from the spool", 900, 0, 10, true, WORD_FROM_SPOOL, PLACE_SPOOL, 0},
    {"a restored spool, from Kafka", 900, 7, 10, true, WORD_FROM_KAFKA, PLACE_KAFKA, 10},
    {"another spool with as many entries", 9, 7, 10, true, WORD_NONE, PLACE_HELD, 0},
};

static void the_place_follows_from_both_numbers_and_the_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        const struct place_facts facts = {
            .kafka = {.is_known = row->kafka != UNKNOWN, .number = row->kafka},
            .copy = row->copy,
            .highest = row->highest,
            .is_foreign = row->is_foreign,
        };
        struct fault why = {.kind = FAULT_NONE};
        int64_t after = 0;
        enum place_choice choice = place_choose(&facts, row->word, &after, &why);
        if (choice != row->choice || after != row->after)
            fail_msg("%s: choice %d after %d", row->name, (int)choice, (int)after);
        assert_int_equal(why.kind, choice == PLACE_HELD ? FAULT_BROKEN : FAULT_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_place_follows_from_both_numbers_and_the_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
