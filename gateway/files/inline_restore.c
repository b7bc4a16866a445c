/* SPDX-License-Identifier: Apache-2.0 */
/* The other way: a document as it was received, from its shortened form and the store. */
#include "base/cleanup.h"
#include "base/file_reference.h"
#include "base/number.h"
#include "base/text_stream.h"
#include "files/base64_run.h"
#include "files/inline.h"
#include "files/proof.h"

ENDS_WITH_SCOPE(struct file_reader *, file_reader_close)

enum { PIECE_SIZE = 48 * 1024, GROUP = 3 };

static const char prefix[] = FILE_REFERENCE_PREFIX;

/* The text that grows. */
struct output {
    FILE *stream;
    size_t size, limit;
};

/* How a run was written, and how far it is. */
struct shape {
    enum run_syntax syntax;
    int64_t line;
    const char *separator;
    size_t separator_size;
    bool escapes_slash;
    int64_t column;
};

static bool put(struct output *output, const char *bytes, size_t size, struct fault *why)
{
    if (size > output->limit - output->size)
        return fault_set(why, FAULT_REFUSE, "the document as it was received is over the limit");
    output->size += size;
    return fwrite(bytes, 1, size, output->stream) == size || fault_memory(why);
}

static bool put_letter(struct output *output, struct shape *shape, char letter, struct fault *why)
{
    if (shape->line > 0 && shape->column == shape->line) {
        shape->column = 0;
        for (size_t i = 0; i < shape->separator_size; i++) {
            const char *blank = run_blank(shape->syntax, shape->separator[i]);
            if (!blank || !put(output, blank, strlen(blank), why))
                return false;
        }
    }
    shape->column++;
    if (letter == '/' && shape->escapes_slash && !put(output, "\\", 1, why))
        return false;
    return put(output, &letter, 1, why);
}

/* One to three bytes as four letters. */
static bool put_group(struct output *output, struct shape *shape, const uint8_t *bytes, size_t size,
                      struct fault *why)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = (uint32_t)bytes[0] << 16 | (size > 1 ? (uint32_t)bytes[1] << 8 : 0) |
                    (size > 2 ? (uint32_t)bytes[2] : 0);
    for (size_t i = 0; i < 4; i++) {
        char letter = i <= size ? letters[bits >> (18 - 6 * i) & 63] : '=';
        if (!put_letter(output, shape, letter, why))
            return false;
    }
    return true;
}

/* Pieces are whole groups, so padding stands at the end alone. */
static bool put_file(struct file_store *store, const struct inline_file *file,
                     struct output *output, struct shape *shape, struct fault *why)
{
    int64_t size = 0;
    auto_free(free) uint8_t *piece = malloc(PIECE_SIZE);
    auto_free(file_reader_close) struct file_reader *reader =
        file_reader_open(store, file->sha256, &size, why);
    if (!reader)
        return false;
    if (!piece)
        return fault_memory(why);
    for (size_t got = PIECE_SIZE; got == PIECE_SIZE;) {
        if (!file_reader_read(reader, piece, PIECE_SIZE, &got, why))
            return false;
        for (size_t at = 0; at < got; at += GROUP)
            if (!put_group(output, shape, piece + at, got - at < GROUP ? got - at : GROUP, why))
                return false;
    }
    return true;
}

/* What stands between the size and the mark of a reference that is known to be ours. */
static struct shape read_shape(const char *reference, size_t size, enum run_syntax syntax)
{
    const size_t head = sizeof prefix - 1 + 2 * SHA256_SIZE + 1;
    const char *end = reference + size - 1 - PROOF_MARK_HEX;
    const char *colon = memchr(reference + head, ':', (size_t)(end - reference) - head);
    struct shape shape = {.syntax = syntax};
    if (!colon)
        return shape;
    const char *at = colon + 1;
    size_t digits = strspn(at, "0123456789");
    (void)number_read(at, digits, 0, INT64_MAX, &shape.line); /* we wrote it */
    shape.separator = at + digits;
    shape.escapes_slash = end[-1] == '/';
    shape.separator_size = (size_t)(end - shape.separator) - (shape.escapes_slash ? 1 : 0);
    return shape;
}

/* A reference ends where none of its characters goes on. */
static size_t reference_size(const char *text, size_t size)
{
    static const char characters[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:-/";
    size_t count = 0;
    while (count < size && text[count] != '\0' && strchr(characters, text[count]))
        count++;
    return count;
}

struct restoring {
    const struct inline_shortened *from;
    enum run_syntax syntax;
    struct output output;
};

/* The text up to the next reference of ours and the file that it stands for; `*at` behind it. */
static bool restore_next(struct restoring *restoring, size_t *at, struct fault *why)
{
    struct inline_file file;
    const struct inline_shortened *from = restoring->from;
    size_t look = *at;
    for (const char *found = NULL;
         (found = memmem(from->bytes + look, from->size - look, prefix, sizeof prefix - 1));) {
        size_t begin = (size_t)(found - from->bytes);
        size_t length = reference_size(found, from->size - begin);
        if (!inline_read(file_store_key(from->store), from->partner, found, length, &file)) {
            look = begin + 1;
            continue;
        }
        struct shape shape = read_shape(found, length, restoring->syntax);
        if (!put(&restoring->output, from->bytes + *at, begin - *at, why) ||
            !put_file(from->store, &file, &restoring->output, &shape, why))
            return false;
        *at = begin + length;
        return true;
    }
    bool is_put = put(&restoring->output, from->bytes + *at, from->size - *at, why);
    *at = from->size;
    return is_put;
}

char *inline_restore(const struct inline_shortened *shortened, size_t limit, size_t *restored,
                     struct fault *why)
{
    struct text_stream stream;
    struct restoring restoring = {.from = shortened,
                                  .syntax = run_syntax_of(shortened->bytes, shortened->size),
                                  .output = {.limit = limit}};
    restoring.output.stream = text_stream_begin(&stream);
    if (!restoring.output.stream) {
        (void)fault_memory(why);
        return NULL;
    }
    bool is_good = true;
    for (size_t at = 0; at < shortened->size && is_good;)
        is_good = restore_next(&restoring, &at, why);
    auto_free(free) char *text = text_stream_end(&stream, restored);
    if (is_good && !text)
        is_good = fault_memory(why);
    return is_good ? steal(text) : NULL;
}
