/* SPDX-License-Identifier: Apache-2.0 */
/* A file on its way out. */
#include "base/cleanup.h"
#include "files/hasher.h"
#include "files/store_own.h"

#include <unistd.h>

ENDS_WITH_SCOPE(struct file_reader *, file_reader_close)

enum { PIECE_SIZE = 64 * 1024 };

struct file_reader {
    struct content *content;
    int64_t size, got;
    uint8_t sha256[SHA256_SIZE];
    struct hasher *hasher;
};

/* One that was replaced or removed just when it was opened has no key any more: then what is there
 * now is it.  Each turn is another's whole writing, so that as many in a row are a damaged file. */
static struct content *open_content(struct file_store *store, const uint8_t *sha256,
                                    struct fault *why)
{
    enum { TURNS = 30 };
    for (int i = 0; i < TURNS; i++) {
        struct stored_file file;
        if (!near_open(store->near, sha256, &file) && !store_fetch(store, sha256, &file, why))
            return NULL;
        struct content *content = content_open(&file, store->keys, sha256, why);
        if (content)
            return content;
        bool is_another_there = content_has_lost_key(&file);
        (void)close(file.descriptor); /* only read from */
        if (!is_another_there)
            return NULL;
    }
    return NULL;
}

struct file_reader *file_reader_open(struct file_store *store, const uint8_t sha256[SHA256_SIZE],
                                     int64_t *size, struct fault *why)
{
    auto_free(file_reader_close) struct file_reader *reader = calloc(1, sizeof *reader);
    if (!reader) {
        (void)fault_memory(why);
        return NULL;
    }
    memcpy(reader->sha256, sha256, SHA256_SIZE);
    reader->hasher = hasher_new(why);
    if (!reader->hasher)
        return NULL;
    reader->content = open_content(store, sha256, why);
    if (!reader->content)
        return NULL;
    *size = reader->size = content_size(reader->content);
    return steal(reader);
}

static bool refuse_damaged(const struct file_reader *reader, struct fault *why)
{
    char hex[SHA256_HEX_SIZE];
    digest_hex(reader->sha256, SHA256_SIZE, hex);
    return fault_set(why, FAULT_BROKEN, "files: %s is damaged", hex);
}

static bool check_end(struct file_reader *reader, struct fault *why)
{
    uint8_t sha256[SHA256_SIZE];
    if (!hasher_end(reader->hasher, sha256, why))
        return false;
    return memcmp(sha256, reader->sha256, SHA256_SIZE) == 0 || refuse_damaged(reader, why);
}

/* The last bytes of a damaged file are not given out: what was sent of it then ends too soon. */
bool file_reader_read(struct file_reader *reader, void *bytes, size_t size, size_t *got,
                      struct fault *why)
{
    size_t count = 0;
    if (!content_read(reader->content, reader->got, bytes, size, &count, why))
        return false;
    bool is_at_end = reader->got + (int64_t)count >= reader->size;
    if (!is_at_end && count == 0 && size > 0)
        return refuse_damaged(reader, why);
    if (count > 0 && !hasher_add(reader->hasher, bytes, count, why))
        return false;
    if (is_at_end && count > 0 && !check_end(reader, why))
        return false;
    if (reader->size == 0 && !check_end(reader, why))
        return false;
    reader->got += (int64_t)count;
    *got = count;
    return true;
}

bool file_reader_read_at(struct file_reader *reader, int64_t at, void *bytes, size_t size,
                         size_t *got, struct fault *why)
{
    return content_read(reader->content, at, bytes, size, got, why);
}

int file_reader_take_descriptor(struct file_reader *reader)
{
    return content_take_descriptor(reader->content);
}

bool file_reader_rewind(struct file_reader *reader, struct fault *why)
{
    uint8_t forgotten[SHA256_SIZE];
    reader->got = 0;
    return hasher_end(reader->hasher, forgotten, why);
}

void file_reader_close(struct file_reader *reader)
{
    if (!reader)
        return;
    content_close(reader->content);
    hasher_free(reader->hasher);
    free(reader);
}

static bool read_whole(struct file_reader *reader, struct fault *why)
{
    auto_free(free) char *piece = malloc(PIECE_SIZE);
    if (!piece)
        return fault_memory(why);
    for (size_t got = 1; got > 0;)
        if (!file_reader_read(reader, piece, PIECE_SIZE, &got, why))
            return false;
    return true;
}

struct file_reader *file_store_lend(struct file_store *store, const uint8_t sha256[SHA256_SIZE],
                                    int64_t *size, struct fault *why)
{
    int64_t whole = 0;
    auto_free(file_reader_close) struct file_reader *reader =
        file_reader_open(store, sha256, &whole, why);
    if (!reader || !read_whole(reader, why))
        return NULL;
    *size = whole;
    return steal(reader);
}
