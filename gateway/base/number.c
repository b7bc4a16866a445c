/* SPDX-License-Identifier: Apache-2.0 */
/* Whole numbers from text, strictly. */
#include "base/number.h"

#include <stdbool.h>

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* Counts down from 0, since INT64_MIN has no positive twin; false when it would pass the end. */
static bool read_down(const char *digits, size_t count, int64_t *number)
{
    int64_t read = 0;
    for (size_t i = 0; i < count; i++)
        if (__builtin_mul_overflow(read, 10, &read) ||
            __builtin_sub_overflow(read, digits[i] - '0', &read))
            return false;
    *number = read;
    return true;
}

enum number_result number_read(const char *text, size_t size, int64_t least, int64_t most,
                               int64_t *number)
{
    bool is_negative = least < 0 && size > 0 && text[0] == '-';
    const char *digits = text + (is_negative ? 1 : 0);
    size_t count = size - (is_negative ? 1 : 0);
    if (count == 0 || (digits[0] == '0' && size > 1))
        return NUMBER_MALFORMED;
    for (size_t i = 0; i < count; i++)
        if (!is_digit(digits[i]))
            return NUMBER_MALFORMED;
    int64_t read = 0;
    if (!read_down(digits, count, &read) ||
        (!is_negative && __builtin_sub_overflow(0, read, &read)) || read < least || read > most)
        return NUMBER_OUT_OF_RANGE;
    *number = read;
    return NUMBER_GOOD;
}
