/* SPDX-License-Identifier: Apache-2.0 */
/* The form of tokens and keys, before the library that reads them. */
#include "base/jws_text.h"

#include <string.h>

enum { PARTS = 3 };

static bool is_letter(char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

/* How many of the bytes belong to a text in base64url that has a whole number of bytes in it; -1
 * when a letter is left over. */
static ptrdiff_t part_size(const char *text, size_t size)
{
    size_t letters = 0;
    while (letters < size && is_letter(text[letters]))
        letters++;
    return letters % 4 == 1 ? -1 : (ptrdiff_t)letters;
}

bool jws_text_is_compact(const char *text, size_t size)
{
    for (int part = 1;; part++) {
        ptrdiff_t letters = part_size(text, size);
        if (letters < 0)
            return false;
        text += letters;
        size -= (size_t)letters;
        if (part == PARTS)
            return size == 0;
        if (size == 0 || *text != '.')
            return false;
        text++;
        size--;
    }
}

bool jws_text_is_key(const json_t *key)
{
    static const char *const members[] = {"n", "e", "x", "y"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const json_t *member = json_object_get(key, members[i]);
        size_t size = json_string_length(member);
        if (member && (size == 0 || part_size(json_string_value(member), size) != (ptrdiff_t)size))
            return false;
    }
    return true;
}
