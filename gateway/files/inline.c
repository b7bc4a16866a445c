/* SPDX-License-Identifier: Apache-2.0 */
/* Takes base64 out of a document that is shortened where it lies, and writes references. */
#include "files/inline.h"

#include "base/cleanup.h"
#include "base/file_reference.h"
#include "base/number.h"
#include "base/opening.h"
#include "files/base64_run.h"
#include "files/proof.h"

#include <inttypes.h>

ENDS_WITH_SCOPE(struct file_writer *, file_writer_close)

static const char prefix[] = FILE_REFERENCE_PREFIX;

enum {
    PREFIX_SIZE = sizeof prefix - 1,
    HEX_SIZE = 2 * SHA256_SIZE,
    REFERENCE_SIZE = 192, /* prefix, hash, 19 digits, shape, mark and their colons */
    PIECE_SIZE = 48 * 1024,
};

static struct run_text look_at(const char *bytes, size_t size)
{
    return (struct run_text){bytes, size, run_syntax_of(bytes, size)};
}

/* Somebody writes as we do: nothing is moved out, lest theirs pass for ours. */
static bool has_prefix(const char *bytes, size_t size)
{
    return memmem(bytes, size, prefix, PREFIX_SIZE) != NULL;
}

bool inline_has(const char *bytes, size_t size, int64_t above_bytes)
{
    const struct run_text text = look_at(bytes, size);
    struct base64_run run;
    size_t at = 0;
    return run_find(&text, &at, above_bytes, &run) && !has_prefix(bytes, size);
}

/* Decoded bytes on their way to the store. */
struct decoder {
    struct file_writer *writer;
    uint8_t *piece;
    size_t size;
    uint32_t bits;
    int bit_count;
    bool has_begun;
    bool may_be_document;
};

static bool begins_as_document(const uint8_t *bytes, size_t size)
{
    size_t at = opening_first((const char *)bytes, size);
    return at < size && memchr("<{[", bytes[at], 3);
}

static bool flush(struct decoder *decoder, struct fault *why)
{
    size_t size = decoder->size;
    decoder->size = 0;
    if (!decoder->has_begun)
        decoder->may_be_document = begins_as_document(decoder->piece, size);
    decoder->has_begun = true;
    return file_writer_add(decoder->writer, decoder->piece, size, why);
}

static bool take_value(struct decoder *decoder, int value, struct fault *why)
{
    decoder->bits = decoder->bits << 6 | (uint32_t)value;
    decoder->bit_count += 6;
    if (decoder->bit_count < 8)
        return true;
    decoder->bit_count -= 8;
    decoder->piece[decoder->size++] = (uint8_t)(decoder->bits >> decoder->bit_count);
    return decoder->size < PIECE_SIZE || flush(decoder, why);
}

static bool decode(const struct run_text *text, const struct base64_run *run,
                   struct file_writer *writer, bool *may_be_document, struct fault *why)
{
    auto_free(free) uint8_t *piece = malloc(PIECE_SIZE);
    struct decoder decoder = {.writer = writer, .piece = piece};
    if (!piece)
        return fault_memory(why);
    for (size_t at = run->begin; at < run->end;) {
        struct run_step step = run_step(text, at);
        if (step.value >= 0 && !take_value(&decoder, step.value, why))
            return false;
        at += step.size;
    }
    if (!flush(&decoder, why))
        return false;
    *may_be_document = decoder.may_be_document;
    return true;
}

static bool add_file(struct inline_files *files, const struct inline_file *file, struct fault *why)
{
    for (size_t i = 0; i < files->count; i++)
        if (memcmp(files->items[i].sha256, file->sha256, SHA256_SIZE) == 0)
            return true;
    struct inline_file *items = reallocarray(files->items, files->count + 1, sizeof *items);
    if (!items)
        return fault_memory(why);
    files->items = items;
    if (!file_store_hold(files->store,
                         file->sha256)) /* its writer holds it too: it does not leave */
        return fault_memory(why);
    items[files->count++] = *file;
    return true;
}

/* Noted before it is there: a file that nobody knows of would never be removed. */
static bool keep(const struct inline_work *work, struct file_writer *writer,
                 struct inline_files *files, struct inline_file *file, struct fault *why)
{
    bool was_there = false;
    if (!file_writer_end(writer, file->sha256, &file->size, why))
        return false;
    if (work->note && !work->note(work->own, file, why))
        return false;
    return file_writer_keep(writer, NULL, &was_there, why) && add_file(files, file, why);
}

static bool store_run(const struct inline_work *work, const struct run_text *text,
                      const struct base64_run *run, struct inline_files *files,
                      struct inline_file *file, struct fault *why)
{
    auto_free(file_writer_close) struct file_writer *writer = file_writer_open(work->store, why);
    return writer && decode(text, run, writer, &file->may_be_document, why) &&
           keep(work, writer, files, file, why);
}

/* "76n": letters of a line, names of the blanks between, `/` at the end for escaped slashes. */
static void write_shape(const struct base64_run *run, char shape[RUN_SHAPE_SIZE])
{
    bool is_plain = run->line == 0 && !run->escapes_slash;
    shape[0] = '\0';
    if (!is_plain)
        (void)snprintf(shape, RUN_SHAPE_SIZE, ":%zu%s%s", run->line, run->separator,
                       run->escapes_slash ? "/" : "");
}

static size_t write_reference(const struct inline_work *work, const struct base64_run *run,
                              const struct inline_file *file, char reference[REFERENCE_SIZE])
{
    char hex[SHA256_HEX_SIZE], shape[RUN_SHAPE_SIZE], mark[PROOF_MARK_SIZE];
    digest_hex(file->sha256, SHA256_SIZE, hex);
    write_shape(run, shape);
    int size =
        snprintf(reference, REFERENCE_SIZE, "%s%s:%" PRId64 "%s", prefix, hex, file->size, shape);
    proof_mark(file_store_key(work->store), work->partner, reference, (size_t)size, mark);
    return (size_t)size +
           (size_t)snprintf(reference + size, REFERENCE_SIZE - (size_t)size, ":%s", mark);
}

static bool add_cut(struct inline_files *files, const struct inline_cut *cut, struct fault *why)
{
    struct inline_cut *cuts = reallocarray(files->cuts, files->cut_count + 1, sizeof *cuts);
    if (!cuts)
        return fault_memory(why);
    files->cuts = cuts;
    cuts[files->cut_count++] = *cut;
    return true;
}

/* Written behind what is read already: a reference is shorter than what it stands for. */
static bool move_runs(const struct inline_work *work, const struct run_text *text, char *bytes,
                      size_t *size, struct inline_files *files, struct fault *why)
{
    struct base64_run run;
    struct inline_cut cut = {{1, 1}, {1, 1}};
    size_t at = 0, copied = 0, written = 0;
    for (size_t count = 0; count < INLINE_FILES; count++) {
        char reference[REFERENCE_SIZE];
        struct inline_file file;
        if (!run_find(text, &at, work->above_bytes, &run))
            break;
        if ((int64_t)run.decoded > file_store_limit(work->store))
            continue;
        if (!store_run(work, text, &run, files, &file, why))
            return false;
        size_t reference_size = write_reference(work, &run, &file, reference);
        utf8_pass(&cut.now, bytes + copied, run.begin - copied);
        utf8_pass(&cut.now, reference, reference_size);
        utf8_pass(&cut.then, bytes + copied, run.end - copied);
        if (!add_cut(files, &cut, why))
            return false;
        memmove(bytes + written, bytes + copied, run.begin - copied);
        written += run.begin - copied;
        memcpy(bytes + written, reference, reference_size);
        written += reference_size;
        copied = run.end;
    }
    memmove(bytes + written, bytes + copied, *size - copied);
    *size = written + *size - copied;
    return true;
}

bool inline_move(const struct inline_work *work, char *bytes, size_t *size,
                 struct inline_files *files, struct fault *why)
{
    const struct run_text text = look_at(bytes, *size);
    struct inline_files moved = {.store = work->store};
    if (has_prefix(bytes, *size) || move_runs(work, &text, bytes, size, &moved, why)) {
        *files = moved;
        return true;
    }
    inline_free(&moved);
    return false;
}

void inline_free(struct inline_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        file_store_let_go(files->store, files->items[i].sha256);
    free(files->items);
    free(files->cuts);
    *files = (struct inline_files){.store = NULL};
}

void inline_place(const struct inline_files *files, int *line, int *column)
{
    const struct inline_cut *last = NULL;
    for (size_t i = 0; i < files->cut_count; i++) {
        const struct utf8_spot *spot = &files->cuts[i].now;
        if (spot->line < *line || (spot->line == *line && spot->column <= *column))
            last = &files->cuts[i];
    }
    if (!last)
        return;
    if (last->now.line == *line)
        *column += last->then.column - last->now.column;
    *line += last->then.line - last->now.line;
}

/* --- references --- */

static bool read_hash(const char *text, uint8_t sha256[SHA256_SIZE])
{
    char hex[SHA256_HEX_SIZE];
    memcpy(hex, text, HEX_SIZE);
    hex[HEX_SIZE] = '\0';
    return digest_unhex(hex, SHA256_SIZE, sha256);
}

/* From the size on: "SIZE" or "SIZE:SHAPE". */
static bool read_size(const char *text, size_t size, struct inline_file *file)
{
    const char *colon = memchr(text, ':', size);
    return number_read(text, colon ? (size_t)(colon - text) : size, 0, INT64_MAX, &file->size) ==
           NUMBER_GOOD;
}

static void trim(const char **text, size_t *size)
{
    static const char blanks[] = " \t\r\n";
    while (*size > 0 && memchr(blanks, **text, sizeof blanks - 1)) {
        ++*text;
        --*size;
    }
    while (*size > 0 && memchr(blanks, (*text)[*size - 1], sizeof blanks - 1))
        --*size;
}

bool inline_read(const uint8_t key[FILE_KEY_SIZE], const char *partner, const char *text,
                 size_t size, struct inline_file *file)
{
    const size_t head = PREFIX_SIZE + HEX_SIZE + 1, tail = 1 + PROOF_MARK_HEX;
    trim(&text, &size);
    if (size <= head + tail || size >= REFERENCE_SIZE || memcmp(text, prefix, PREFIX_SIZE) != 0)
        return false;
    size_t marked = size - tail;
    struct inline_file found;
    if (text[head - 1] != ':' || text[marked] != ':' ||
        !proof_is_mark(key, partner, text, marked, text + marked + 1) ||
        !read_hash(text + PREFIX_SIZE, found.sha256) ||
        !read_size(text + head, marked - head, &found))
        return false;
    *file = found;
    return true;
}

bool inline_find(const struct inline_files *files, const char *partner, const char *text,
                 size_t size, struct inline_file *file)
{
    struct inline_file read;
    if (files->count == 0 || !inline_read(file_store_key(files->store), partner, text, size, &read))
        return false;
    for (size_t i = 0; i < files->count; i++) {
        if (memcmp(files->items[i].sha256, read.sha256, SHA256_SIZE) == 0) {
            *file = read;
            return true;
        }
    }
    return false;
}
