/* SPDX-License-Identifier: Apache-2.0 */
/* Which part of a file a request asks for. */
#include "http/range.h"

#include "base/number.h"

#include <string.h>
#include <strings.h>

/* Digits up to `size` of them, to a number; -1 when they are none. */
static int64_t read_place(const char *text, size_t size)
{
    int64_t number = -1;
    while (size > 1 && *text == '0') { /* allowed here */
        text++;
        size--;
    }
    if (number_read(text, size, 0, INT64_MAX, &number) != NUMBER_GOOD)
        return -1;
    return number;
}

/* "-500": the last 500 bytes. */
static enum range_fate read_last(const char *text, int64_t size, struct range *range)
{
    int64_t count = read_place(text, strlen(text));
    if (count < 0)
        return RANGE_WHOLE;
    if (count == 0 || size == 0)
        return RANGE_BEYOND;
    if (count > size)
        count = size;
    *range = (struct range){.first = size - count, .size = count};
    return RANGE_PIECE;
}

enum range_fate range_read(const char *text, int64_t size, struct range *range)
{
    static const char unit[] = "bytes=";
    if (strncasecmp(text, unit, sizeof unit - 1) != 0 || strchr(text, ','))
        return RANGE_WHOLE;
    text += sizeof unit - 1;
    const char *dash = strchr(text, '-');
    if (!dash)
        return RANGE_WHOLE;
    if (dash == text)
        return read_last(dash + 1, size, range);
    int64_t first = read_place(text, (size_t)(dash - text));
    int64_t last = dash[1] == '\0' ? INT64_MAX : read_place(dash + 1, strlen(dash + 1));
    if (first < 0 || last < first)
        return RANGE_WHOLE;
    if (first >= size)
        return RANGE_BEYOND;
    if (last >= size)
        last = size - 1;
    *range = (struct range){.first = first, .size = last - first + 1};
    return RANGE_PIECE;
}
