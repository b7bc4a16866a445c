/* SPDX-License-Identifier: Apache-2.0 */
/* JSON strings written straight into a stream. */
#include "api/json_text.h"

#include <stdbool.h>
#include <string.h>

static bool is_plain(unsigned char byte)
{
    return byte >= ' ' && byte != '"' && byte != '\\';
}

void json_text_piece(FILE *out, const char *text, size_t size)
{
    for (size_t at = 0; at < size;) {
        size_t plain = at;
        while (plain < size && is_plain((unsigned char)text[plain]))
            plain++;
        (void)fwrite(text + at, 1, plain - at, out); /* the stream knows if memory is out */
        at = plain;
        if (at < size)
            (void)fprintf(out, "\\u%04x", (unsigned char)text[at++]);
    }
}

void json_text_write(FILE *out, const char *text)
{
    (void)putc('"', out);
    json_text_piece(out, text, strlen(text));
    (void)putc('"', out);
}
