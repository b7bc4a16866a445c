/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/**
 * How many bytes the character at the start takes; 0 when there is none: bytes that are not UTF-8
 * (RFC 3629: no overlong form, no surrogate, nothing over U+10FFFF), a cut character, or size 0.
 */
size_t utf8_length(const char *bytes, size_t size);

/** How many bytes from the start are whole characters; `size` when all are. */
size_t utf8_valid(const char *bytes, size_t size);

/** How many bytes the character at the start takes when no XML 1.0 document can hold it
 * (section 2.2: controls but tab, LF and CR; U+FFFE and U+FFFF); 0 when one can, and at the end.
 * The text is UTF-8. */
static inline size_t utf8_outside_xml(const char *text, size_t size)
{
    if (size == 0)
        return 0;
    unsigned char first = (unsigned char)text[0];
    if (first < 0x20)
        return first != '\t' && first != '\n' && first != '\r';
    bool is_outside = first == 0xEF && size > 2 && (unsigned char)text[1] == 0xBF &&
                      (unsigned char)text[2] >= 0xBE;
    return is_outside ? 3 : 0;
}

/** A place in a text as people look for it: from 1; columns are characters. */
struct utf8_spot {
    int line, column;
};

/** Moves the spot over a piece of the text. */
void utf8_pass(struct utf8_spot *spot, const char *text, size_t size);

/** How many characters a text has that is UTF-8. */
size_t utf8_count(const char *text);

/** The most bytes, at most `limit`, that can be kept of a UTF-8 text without cutting a character.
 */
size_t utf8_cut(const char *text, size_t size, size_t limit);

#endif
