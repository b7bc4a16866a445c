/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/number.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct {
    const char *text;
    int64_t least, most;
    enum number_result result;
    int64_t number;
} numbers[] = {
    {"0", 0, 10, NUMBER_GOOD, 0},
    {"10", 0, 10, NUMBER_GOOD, 10},
    {"11", 0, 10, NUMBER_OUT_OF_RANGE, 0},
    {"4", 5, 10, NUMBER_OUT_OF_RANGE, 0},
    {"-5", -5, 10, NUMBER_GOOD, -5},
    {"-6", -5, 10, NUMBER_OUT_OF_RANGE, 0},
    {"-5", 0, 10, NUMBER_MALFORMED, 0},
    {"9223372036854775807", 0, INT64_MAX, NUMBER_GOOD, INT64_MAX},
    {"9223372036854775808", 0, INT64_MAX, NUMBER_OUT_OF_RANGE, 0},
    {"9223372036854775808", INT64_MIN, INT64_MAX, NUMBER_OUT_OF_RANGE, 0},
    {"-9223372036854775808", INT64_MIN, INT64_MAX, NUMBER_GOOD, INT64_MIN},
    {"-9223372036854775809", INT64_MIN, INT64_MAX, NUMBER_OUT_OF_RANGE, 0},
    {"99999999999999999999999999", 0, INT64_MAX, NUMBER_OUT_OF_RANGE, 0},
    {"", 0, 10, NUMBER_MALFORMED, 0},
    {"-", -5, 10, NUMBER_MALFORMED, 0},
    {"+5", 0, 10, NUMBER_MALFORMED, 0},
    {" 5", 0, 10, NUMBER_MALFORMED, 0},
    {"5 ", 0, 10, NUMBER_MALFORMED, 0},
    {"05", 0, 10, NUMBER_MALFORMED, 0},
    {"-0", -5, 10, NUMBER_MALFORMED, 0},
    {"0x5", 0, 10, NUMBER_MALFORMED, 0},
    {"5.0", 0, 10, NUMBER_MALFORMED, 0},
};

static void a_number_is_read_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        int64_t number = 42;
        enum number_result result = number_read(numbers[i].text, strlen(numbers[i].text),
                                                numbers[i].least, numbers[i].most, &number);
        if (result != numbers[i].result)
            fail_msg("%s: %d", numbers[i].text, result);
        assert_int_equal(number, result == NUMBER_GOOD ? numbers[i].number : 42);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_read_strictly),
    };
    return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
