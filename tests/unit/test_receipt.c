/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "spool/receipt.h"

static const uint8_t key[RECEIPT_KEY_SIZE] = {1, 2, 3};

static void a_receipt_reads_back_as_its_entry(void **state)
{
    (void)state;
    static const int64_t entries[] = {1, 42, 1234567, INT64_MAX};
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        char text[RECEIPT_TEXT_SIZE];
        int64_t entry = 0;
        receipt_write(key, entries[i], text);
        assert_true(receipt_read(key, text, &entry));
        assert_int_equal(entry, entries[i]);
    }
}

static void the_same_entry_has_the_same_receipt(void **state)
{
    (void)state;
    char first[RECEIPT_TEXT_SIZE];
    char second[RECEIPT_TEXT_SIZE];
    receipt_write(key, 7, first);
    receipt_write(key, 7, second);
    assert_string_equal(first, second);
    assert_int_equal(strlen(first), strlen("7-0123456789abcdef"));
}

static void a_receipt_of_another_spool_is_none(void **state)
{
    (void)state;
    static const uint8_t other[RECEIPT_KEY_SIZE] = {1, 2, 4};
    char text[RECEIPT_TEXT_SIZE];
    int64_t entry = -1;
    receipt_write(other, 7, text);
    assert_false(receipt_read(key, text, &entry));
    assert_int_equal(entry, -1);
}

/* One receipt has one spelling, and anything may be asked for. */
static void other_spellings_are_no_receipts(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
        int kept; /* of the receipt */
    } spellings[] = {{"0", "", 18}, {"+", "", 18}, {" ", "", 18}, {"", " ", 18},
                     {"", "0", 18}, {"-", "", 18}, {"", "", 10}};
    static const char *const others[] = {"",
                                         "-",
                                         "7",
                                         "7-",
                                         "0-0000000000000000",
                                         "-1-0000000000000000",
                                         "7-zzzzzzzzzzzzzzzz",
                                         "99999999999999999999-0000000000000000"};
    char text[RECEIPT_TEXT_SIZE];
    int64_t entry;
    receipt_write(key, 7, text);
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        char other[RECEIPT_TEXT_SIZE];
        (void)snprintf(other, sizeof other, "%s%.*s%s", spellings[i].before, spellings[i].kept,
                       text, spellings[i].after);
        assert_false(receipt_read(key, other, &entry));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(receipt_read(key, others[i], &entry));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receipt_reads_back_as_its_entry),
        cmocka_unit_test(the_same_entry_has_the_same_receipt),
        cmocka_unit_test(a_receipt_of_another_spool_is_none),
        cmocka_unit_test(other_spellings_are_no_receipts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
