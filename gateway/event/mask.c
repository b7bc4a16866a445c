/* SPDX-License-Identifier: Apache-2.0 */
/* What a person may see of personal data without having asked for it. */
#include "event/mask.h"

#include "base/text_stream.h"
#include "base/utf8.h"

#include <stdbool.h>

/* At least half of a number stays hidden: of the old identity numbers' nine digits, the six first.
 */
enum { ENDS_SHOWN = 3, ENDS_SIZE_MIN = 12, TAIL_SIZE_MIN = 7, INITIALS_LIMIT = 8 };

static size_t character_count(const char *text, size_t size)
{
    size_t count = 0;
    for (size_t at = 0; at < size; count++) {
        size_t length = utf8_length(text + at, size - at);
        at += length > 0 ? length : 1;
    }
    return count;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool is_ascii(const char *text, size_t size)
{
    for (size_t at = 0; at < size; at++)
        if ((unsigned char)text[at] >= 0x80)
            return false;
    return true;
}

static void write_length(FILE *out, const char *text, size_t size)
{
    fprintf(out, "[%zu]", character_count(text, size));
}

/* A name of one word alone would be told by its initial and nothing else: that is well. */
static void write_initials(FILE *out, const char *text, size_t size)
{
    size_t shown = 0;
    for (size_t at = 0; at < size && shown < INITIALS_LIMIT; at++) {
        bool is_start = !is_blank(text[at]) && (at == 0 || is_blank(text[at - 1]));
        size_t length = is_start ? utf8_length(text + at, size - at) : 0;
        if (length == 0)
            continue;
        fprintf(out, "%.*s.", (int)length, text + at);
        shown++;
    }
}

/** Shows `head` bytes at the start and `tail` at the end of a text that is long enough. */
static void write_ends(FILE *out, const char *text, size_t size, size_t head, size_t tail)
{
    for (size_t at = 0; at < size; at++)
        fputc(at < head || at >= size - tail ? text[at] : '*', out);
}

static void write_tail(FILE *out, const char *text, size_t size)
{
    if (size < TAIL_SIZE_MIN || !is_ascii(text, size))
        fputs("***", out);
    else
        write_ends(out, text, size, 0, ENDS_SHOWN);
}

static void write_number(FILE *out, const char *text, size_t size)
{
    if (size < ENDS_SIZE_MIN || !is_ascii(text, size))
        write_tail(out, text, size);
    else
        write_ends(out, text, size, ENDS_SHOWN, ENDS_SHOWN);
}

typedef void mask_writer(FILE *out, const char *text, size_t size);

static const struct {
    const char *name;
    mask_writer *write;
} masks[] = {
    {"initials", write_initials},
    {"ends", write_number},
    {"tail", write_tail},
};

static mask_writer *writer_named(const char *name)
{
    for (size_t at = 0; name && at < sizeof masks / sizeof *masks; at++)
        if (strcmp(masks[at].name, name) == 0)
            return masks[at].write;
    return write_length;
}

char *mask_text(const char *mask, const char *text, size_t size)
{
    struct text_stream stream;
    FILE *out = text_stream_begin(&stream);
    if (!out)
        return NULL;
    if (size > 0) /* an absent text and an empty one look alike: nothing is known, nothing hidden */
        writer_named(mask)(out, text, size);
    return text_stream_end(&stream, NULL);
}
