/* SPDX-License-Identifier: Apache-2.0 */
#include "base/opening.h"

#include <string.h>

size_t opening_mark(const char *bytes, size_t size)
{
    return size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

size_t opening_first(const char *bytes, size_t size)
{
    size_t at = opening_mark(bytes, size);
    while (at < size && memchr(" \t\r\n", bytes[at], 4))
        at++;
    return at;
}

bool opening_is_xml(const char *bytes, size_t size)
{
    size_t first = opening_first(bytes, size);
    return first < size && bytes[first] == '<';
}
