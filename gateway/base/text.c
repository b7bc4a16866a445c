/* SPDX-License-Identifier: Apache-2.0 */
/* Room that doubles. */
#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>

enum { FIRST_ROOM = 1024 };

static bool grow(struct text *text, size_t size)
{
    size_t room = text->room ? text->room : FIRST_ROOM;
    if (size >= PTRDIFF_MAX - text->size)
        return false;
    while (room <= text->size + size)
        room *= 2;
    char *larger = realloc(text->bytes, room);
    if (!larger)
        return false;
    text->bytes = larger;
    text->room = room;
    return true;
}

bool text_reserve(struct text *text, size_t size)
{
    if (text->room - text->size > size && !text->is_short)
        return true;
    if (text->is_short || !grow(text, size)) {
        text->is_short = true;
        text->size = text->room; /* so that whoever adds comes here */
        return false;
    }
    return true;
}

char *text_take(struct text *text, size_t *size)
{
    char *bytes = NULL;
    if (text_reserve(text, 0)) {
        text->bytes[text->size] = '\0';
        bytes = text->bytes;
        *size = text->size;
        text->bytes = NULL;
    }
    text_free(text);
    return bytes;
}

void text_free(struct text *text)
{
    free(text->bytes);
    *text = (struct text){.bytes = NULL};
}
