/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_BASE64_RUN_H
#define INGEST_BASE64_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How a document writes blanks and slashes inside a text. */
enum run_syntax { RUN_XML, RUN_JSON };

/** By the first byte that is no blank: XML begins with `<`, JSON does not. */
enum run_syntax run_syntax_of(const char *bytes, size_t size);

enum { RUN_SEPARATOR_SIZE = 9, RUN_SHAPE_SIZE = 24 };

/** One value that is base64 from end to end, in canonical form (RFC 4648: padded, no spare bits),
 * so that encoding what it decodes to, in its shape, gives the same bytes again. */
struct base64_run {
    size_t begin, end; /**< from its first letter to behind its last, blanks around it left out */
    size_t decoded;    /**< bytes that it stands for */
    size_t line;       /**< letters of each line but the last; 0: it is in one line */
    char separator[RUN_SEPARATOR_SIZE]; /**< what stands between lines, a letter for each blank */
    bool escapes_slash;                 /**< every `/` is written `\/` */
};

/** Bytes of a document that are looked at. */
struct run_text {
    const char *bytes;
    size_t size;
    enum run_syntax syntax;
};

/**
 * Finds the next run of more than `above` decoded bytes from `*at` on, and sets `*at` behind it;
 * false when there is none.  One pass: each byte is looked at a bounded number of times.  What is
 * not base64, or is not wrapped evenly, is no run.
 */
bool run_find(const struct run_text *text, size_t *at, int64_t above, struct base64_run *run);

/** The blank or the run's letter at `at`: a step of the decoding. */
struct run_step {
    size_t size; /**< bytes of the document */
    int value;   /**< of a letter, 0 to 63; RUN_PAD, RUN_BLANK, RUN_OTHER */
    char name;   /**< of a blank, as in `separator` */
};
enum { RUN_PAD = -1, RUN_BLANK = -2, RUN_OTHER = -3 };
struct run_step run_step(const struct run_text *text, size_t at);

/** The bytes that a blank's name stands for; NULL when there is no such name. */
const char *run_blank(enum run_syntax syntax, char name);

#endif
