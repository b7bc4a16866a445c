/* SPDX-License-Identifier: Apache-2.0 */
/* A posted document's files, on their way from the document to the store. */
#include "ingest/filing.h"

#include "base/cleanup.h"
#include "ingest/signing.h"
#include "ingest/state.h"
#include "spool/filing.h"

#include <string.h>

ENDS_WITH_SCOPE(struct file_reader *, file_reader_close)

/* Up to this a look for files costs less than another thread. */
enum { LOOK_SIZE = 256 * 1024 };

bool filing_is_needed(const struct handoff *handoff)
{
    size_t size = handoff->document.size;
    int64_t above = handoff->ingest->options.inline_above_bytes;
    if ((int64_t)size <= above)
        return false;
    return size > LOOK_SIZE || inline_has(handoff->bytes, size, above);
}

static bool note(void *own, const struct inline_file *file, struct fault *why)
{
    const struct handoff *handoff = own;
    const struct ingest *ingest = handoff->ingest;
    ingest_count_file(ingest, FILES_MOVED, file->size);
    return spool_note_upload(ingest->options.spool, handoff->caller.partner->id, file->sha256,
                             file->size, handoff->document.received_at_ms, why);
}

/* A document that one carries is loaded by the thread that reads, which must not wait for a
 * service. */
static bool bring_carried(struct handoff *handoff, struct fault *why)
{
    struct file_store *store = handoff->ingest->options.files;
    if (!file_store_is_far(store))
        return true;
    for (; handoff->brought < handoff->files.count; handoff->brought++) {
        const struct inline_file *file = &handoff->files.items[handoff->brought];
        if (file->may_be_document && !file_store_bring(store, file->sha256, why))
            return false;
    }
    return true;
}

void filing_end(struct handoff *handoff)
{
    for (size_t i = 0; i < handoff->brought; i++)
        if (handoff->files.items[i].may_be_document)
            file_store_drop(handoff->ingest->options.files, handoff->files.items[i].sha256);
    inline_free(&handoff->files);
}

/* The buffer was as large as the document came. */
static void shrink(struct handoff *handoff)
{
    size_t size = handoff->document.size;
    char *smaller = realloc(handoff->bytes, size > 0 ? size : 1);
    if (smaller)
        handoff->bytes = smaller;
}

/* What is kept has a digest of its own, and files without which it is not what was received. */
static bool describe_shortened(struct handoff *handoff, struct fault *why)
{
    struct spool_document *document = &handoff->document;
    const struct inline_files *files = &handoff->files;
    handoff->hashes = calloc(files->count, sizeof *handoff->hashes);
    if (!handoff->hashes)
        return fault_memory(why);
    for (size_t i = 0; i < files->count; i++)
        memcpy(handoff->hashes[i], files->items[i].sha256, SHA256_SIZE);
    digest_sha256(handoff->bytes, document->size, handoff->shortened_sha256);
    document->shortened_sha256 = handoff->shortened_sha256;
    document->files = (const uint8_t(*)[SHA256_SIZE])handoff->hashes;
    document->file_count = files->count;
    return true;
}

bool filing_now(struct handoff *handoff, struct fault *why)
{
    const struct ingest_options *options = &handoff->ingest->options;
    const struct inline_work work = {.store = options->files,
                                     .above_bytes = options->inline_above_bytes,
                                     .partner = handoff->caller.partner->id,
                                     .note = note,
                                     .own = handoff};
    struct spool_document *document = &handoff->document;
    if (!signing_judge(handoff, why))
        return false;
    digest_sha256(handoff->bytes, document->size, document->sha256);
    handoff->is_filed = true;
    if (signing_refuses(handoff))
        return true;
    if (!inline_move(&work, handoff->bytes, &document->size, &handoff->files, why))
        return false;
    if (handoff->files.count == 0)
        return true;
    shrink(handoff);
    return describe_shortened(handoff, why) && bring_carried(handoff, why);
}

static void run(void *own)
{
    struct handoff *handoff = own;
    struct fault why;
    if (!filing_now(handoff, &why))
        handoff->fault = why;
    handoff_resume(handoff, HANDOFF_FILING, HANDOFF_FILED);
    handoff_release(handoff);
}

bool filing_begin(struct handoff *handoff, struct fault *why)
{
    if (filer_do(handoff->ingest->options.filer, run, handoff_hold(handoff), why))
        return true;
    handoff_release(handoff);
    return false;
}

bool filing_find(void *own, const char *text, size_t size, uint8_t sha256[SHA256_SIZE],
                 int64_t *bytes)
{
    const struct handoff *handoff = own;
    struct inline_file file;
    if (!inline_find(&handoff->files, handoff->caller.partner->id, text, size, &file))
        return false;
    memcpy(sha256, file.sha256, SHA256_SIZE);
    *bytes = file.size;
    return true;
}

void filing_place(void *own, int *line, int *column)
{
    const struct handoff *handoff = own;
    inline_place(&handoff->files, line, column);
}

bool filing_load(void *own, const uint8_t sha256[SHA256_SIZE], char *bytes, size_t size,
                 struct fault *why)
{
    const struct handoff *handoff = own;
    int64_t whole = 0;
    size_t total = 0;
    auto_free(file_reader_close) struct file_reader *reader =
        file_reader_open(handoff->ingest->options.files, sha256, &whole, why);
    if (!reader)
        return false;
    for (size_t got = 1; got > 0 && total < size; total += got)
        if (!file_reader_read(reader, bytes + total, size - total, &got, why))
            return false;
    return total == size || fault_set(why, FAULT_BROKEN, "files: a file is not of its size");
}
