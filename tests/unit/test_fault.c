/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/fault.h"
#include "base/utf8.h"

static void a_fault_says_what_to_do_and_why(void **state)
{
    (void)state;
    struct fault why = {.kind = FAULT_NONE};
    assert_false(fault_set(&why, FAULT_RETRY, "%s: %d tries", "broker", 3));
    assert_int_equal(why.kind, FAULT_RETRY);
    assert_string_equal(why.text, "broker: 3 tries");
}

static void a_prefix_keeps_the_kind(void **state)
{
    (void)state;
    struct fault why;
    (void)fault_set(&why, FAULT_REFUSE, "no such field");
    assert_false(fault_prefix(&why, "row %d", 7));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_string_equal(why.text, "row 7: no such field");
}

static void memory_is_ours_to_mend(void **state)
{
    (void)state;
    struct fault why;
    assert_false(fault_memory(&why));
    assert_int_equal(why.kind, FAULT_BROKEN);
}

/* Characters of 1 to 4 bytes, so that the cut falls into each at some offset. */
static void a_long_text_is_cut_at_a_whole_character(void **state)
{
    (void)state;
    static const char *const characters[] = {"a", "ờ", "ư", "€", "😀", "Đ"};
    for (size_t i = 0; i < sizeof characters / sizeof *characters; i++) {
        for (size_t offset = 0; offset < 5; offset++) {
            struct fault why;
            char text[600] = "abcde";
            text[offset] = '\0';
            while (strlen(text) < 500)
                memcpy(text + strlen(text), characters[i], strlen(characters[i]) + 1);
            (void)fault_set(&why, FAULT_REFUSE, "%s", text);
            size_t size = strlen(why.text);
            assert_true(size < sizeof why.text && size >= sizeof why.text - 5);
            assert_int_equal(utf8_valid(why.text, size), size);
            assert_memory_equal(why.text, text, size);
        }
    }
}

static void a_prefix_that_is_too_long_is_cut(void **state)
{
    (void)state;
    struct fault why;
    char long_text[400];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    (void)fault_set(&why, FAULT_RETRY, "inner");
    (void)fault_prefix(&why, "%s", long_text);
    assert_int_equal(strlen(why.text), sizeof why.text - 1);
    assert_int_equal(why.kind, FAULT_RETRY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_says_what_to_do_and_why),
        cmocka_unit_test(a_prefix_keeps_the_kind),
        cmocka_unit_test(memory_is_ours_to_mend),
        cmocka_unit_test(a_long_text_is_cut_at_a_whole_character),
        cmocka_unit_test(a_prefix_that_is_too_long_is_cut),
    };
    return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
