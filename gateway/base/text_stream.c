/* SPDX-License-Identifier: Apache-2.0 */
/* A growing text behind the C library's own buffer. */
#include "base/text_stream.h"

static ssize_t add(void *own, const char *bytes, size_t size)
{
    struct text_stream *stream = own;
    text_add(&stream->text, bytes, size);
    return stream->text.is_short ? 0 : (ssize_t)size; /* 0 is the error of a cookie's write */
}

FILE *text_stream_begin(struct text_stream *stream)
{
    *stream = (struct text_stream){.out = NULL};
    stream->out = fopencookie(stream, "w", (cookie_io_functions_t){.write = add});
    return stream->out;
}

char *text_stream_end(struct text_stream *stream, size_t *size)
{
    size_t unasked;
    bool is_broken = ferror(stream->out) != 0;
    is_broken = fclose(stream->out) != 0 || is_broken;
    stream->out = NULL;
    if (is_broken) {
        text_free(&stream->text);
        return NULL;
    }
    return text_take(&stream->text, size ? size : &unasked);
}
