/* SPDX-License-Identifier: Apache-2.0 */
/* What is UTF-8, and where its characters end. */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

/* RFC 3629, section 4: the first byte decides the length and the range of the second. */
static const struct shape {
    unsigned char first_from, first_to;
    unsigned char second_from, second_to;
    unsigned char length;
} shapes[] = {
    {0x00, 0x7F, 0x00, 0x00, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

static const struct shape *shape_of(unsigned char first)
{
    enum { ASCII, TWO, THREE };
    if (first < 0x80)
        return &shapes[ASCII];
    if (first < 0xC2)
        return NULL;
    if (first < 0xE0)
        return &shapes[TWO];
    for (size_t i = THREE; i < sizeof shapes / sizeof *shapes; i++)
        if (first >= shapes[i].first_from && first <= shapes[i].first_to)
            return &shapes[i];
    return NULL;
}

static bool is_between(char byte, unsigned char from, unsigned char to)
{
    return (unsigned char)byte >= from && (unsigned char)byte <= to;
}

size_t utf8_length(const char *bytes, size_t size)
{
    const struct shape *shape = size > 0 ? shape_of((unsigned char)bytes[0]) : NULL;
    if (!shape || shape->length > size)
        return 0;
    if (shape->length > 1 && !is_between(bytes[1], shape->second_from, shape->second_to))
        return 0;
    for (size_t i = 2; i < shape->length; i++)
        if (!is_between(bytes[i], 0x80, 0xBF))
            return 0;
    return shape->length;
}

/* Most texts are mostly ASCII: eight bytes at once, while none of them has its top bit set. */
static size_t skip_ascii(const char *bytes, size_t size)
{
    const uint64_t top_bits = UINT64_C(0x8080808080808080);
    size_t at = 0;
    for (uint64_t eight; size - at >= sizeof eight; at += sizeof eight) {
        memcpy(&eight, bytes + at, sizeof eight);
        if (eight & top_bits)
            break;
    }
    return at;
}

size_t utf8_valid(const char *bytes, size_t size)
{
    size_t at = skip_ascii(bytes, size);
    while (at < size) {
        if ((unsigned char)bytes[at] < 0x80) {
            at += skip_ascii(bytes + at, size - at);
            while (at < size && (unsigned char)bytes[at] < 0x80)
                at++;
            continue;
        }
        size_t length = utf8_length(bytes + at, size - at);
        if (length == 0)
            break;
        at += length;
    }
    return at;
}

void utf8_pass(struct utf8_spot *spot, const char *text, size_t size)
{
    const char *end = text + size;
    for (const char *line; (line = memchr(text, '\n', (size_t)(end - text))); text = line + 1)
        *spot = (struct utf8_spot){spot->line + 1, 1};
    for (; text < end; text++)
        spot->column += !is_between(*text, 0x80, 0xBF);
}

size_t utf8_cut(const char *text, size_t size, size_t limit)
{
    if (size <= limit)
        return size;
    size_t end = limit;
    while (end > 0 && is_between(text[end], 0x80, 0xBF)) /* text[limit] exists: size > limit */
        end--;
    return end;
}

size_t utf8_count(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += !is_between(*text, 0x80, 0xBF); /* all but bytes that go on */
    return count;
}
