/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_TEXT_STREAM_H
#define BASE_TEXT_STREAM_H

#include "base/text.h"

#include <stdio.h>

/**
 * A stream whose text stays in memory, for what is written with fprintf and its like.  It stands in
 * the place of open_memstream, which leaves out what it has no memory for and tells of it neither
 * by ferror nor by fclose (glibc 2.36, measured): half a document would pass for a whole one.
 *
 * Single writes need not be looked at: text_stream_end says whether all of them held.
 */
struct text_stream {
    struct text text; /**< what came out of `out` so far */
    FILE *out;
};

/** The stream to write to; NULL without memory, and then there is nothing to end.  `stream` stays
 * where it is until text_stream_end. */
FILE *text_stream_begin(struct text_stream *stream) __attribute__((warn_unused_result));

/** Closes it.  What was written, with a NUL behind it, which the caller owns, and how long that is
 * unless `size` is NULL; NULL when memory was out at any time. */
char *text_stream_end(struct text_stream *stream, size_t *size) __attribute__((warn_unused_result));

#endif
