/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/**
 * Text that grows at its end: what open_memstream does, for what is written a byte at a time and
 * often, without a stream's locks.  All zeros is an empty text.  Once memory is out nothing more is
 * added, and text_take says so.
 */
struct text {
    char *bytes;
    size_t size;
    size_t room;
    bool is_short; /**< of memory */
};

/** Makes room for `size` bytes more and a NUL; false when memory is out. */
bool text_reserve(struct text *text, size_t size);

static inline void text_put(struct text *text, char byte)
{
    if (text->room - text->size > 1 || text_reserve(text, 1))
        text->bytes[text->size++] = byte;
}

static inline void text_add(struct text *text, const char *bytes, size_t size)
{
    if (size == 0 || !(text->room - text->size > size || text_reserve(text, size)))
        return;
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
}

/** A whole string. */
static inline void text_say(struct text *text, const char *string)
{
    text_add(text, string, strlen(string));
}

/** The text with a NUL behind it, which the caller owns; NULL when memory was out.  The text is
 * empty then. */
char *text_take(struct text *text, size_t *size) __attribute__((warn_unused_result));
void text_free(struct text *text);

#endif
