/* SPDX-License-Identifier: Apache-2.0 */
/* The store as everybody sees it, over one place on disk or in a service. */
#include "files/store.h"

#include "base/cleanup.h"
#include "files/hasher.h"
#include "files/holds.h"
#include "files/incoming.h"
#include "files/local.h"
#include "files/near.h"
#include "files/s3.h"
#include "files/secret.h"

#include <errno.h>
#include <unistd.h>

ENDS_WITH_SCOPE(struct file_store *, file_store_close)
ENDS_WITH_SCOPE(struct file_reader *, file_reader_close)

enum { PIECE_SIZE = 64 * 1024 };

struct file_store {
    int64_t file_limit_bytes;
    uint8_t key[FILE_KEY_SIZE];
    struct incoming *incoming;
    struct holds *holds;
    struct near *near;
    const struct file_place *place;
    void *own; /* of the place */
};

struct file_reader {
    int descriptor;
    int64_t size, got;
    uint8_t sha256[SHA256_SIZE];
    struct hasher *hasher;
};

static bool open_place(struct file_store *store, const struct file_store_options *options,
                       struct fault *why)
{
    store->place = options->s3.endpoint ? &s3_place : &local_place;
    if (options->s3.endpoint)
        store->own = s3_open(options, store->incoming, why);
    else
        store->own = local_open(options->folder, why);
    return store->own != NULL;
}

struct file_store *file_store_open(const struct file_store_options *options, struct fault *why)
{
    auto_free(file_store_close) struct file_store *store = calloc(1, sizeof *store);
    if (!store) {
        (void)fault_memory(why);
        return NULL;
    }
    store->file_limit_bytes = options->file_limit_bytes;
    store->incoming = options->is_beside
                          ? incoming_beside(options->folder, why)
                          : incoming_open(options->folder, options->reserve_bytes, why);
    if (!store->incoming || !secret_load(options->folder, store->key, sizeof store->key, why))
        return NULL;
    store->holds = holds_new(why);
    store->near = near_new(why);
    return store->holds && store->near && open_place(store, options, why) ? steal(store) : NULL;
}

void file_store_close(struct file_store *store)
{
    if (!store)
        return;
    if (store->place)
        store->place->close(store->own);
    near_free(store->near);
    holds_free(store->holds);
    incoming_close(store->incoming);
    explicit_bzero(store->key, sizeof store->key);
    free(store);
}

void file_store_interrupt(struct file_store *store)
{
    if (store && store->place->interrupt)
        store->place->interrupt(store->own);
}

const char *file_store_name(const struct file_store *store)
{
    return store->place->name;
}

int64_t file_store_limit(const struct file_store *store)
{
    return store->file_limit_bytes;
}

const uint8_t *file_store_key(const struct file_store *store)
{
    return store->key;
}

int64_t file_store_free(const struct file_store *store, bool *is_low)
{
    return incoming_free(store->incoming, is_low);
}

struct file_reader *file_reader_open(struct file_store *store, const uint8_t sha256[SHA256_SIZE],
                                     int64_t *size, struct fault *why)
{
    auto_free(file_reader_close) struct file_reader *reader = calloc(1, sizeof *reader);
    if (!reader) {
        (void)fault_memory(why);
        return NULL;
    }
    reader->descriptor = -1;
    memcpy(reader->sha256, sha256, SHA256_SIZE);
    reader->hasher = hasher_new(why);
    if (!reader->hasher)
        return NULL;
    reader->descriptor = near_open(store->near, sha256, &reader->size);
    if (reader->descriptor < 0)
        reader->descriptor = store->place->fetch(store->own, sha256, &reader->size, why);
    if (reader->descriptor < 0)
        return NULL;
    *size = reader->size;
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
    ssize_t count = pread(reader->descriptor, bytes, size, reader->got);
    if (count < 0)
        return fault_set(why, FAULT_BROKEN, "files: a file cannot be read");
    bool is_at_end = reader->got + count >= reader->size;
    if (!is_at_end && count == 0 && size > 0)
        return refuse_damaged(reader, why);
    if (count > 0 && !hasher_add(reader->hasher, bytes, (size_t)count, why))
        return false;
    if (is_at_end && count > 0 && !check_end(reader, why))
        return false;
    if (reader->size == 0 && !check_end(reader, why))
        return false;
    reader->got += count;
    *got = (size_t)count;
    return true;
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
    if (reader->descriptor >= 0)
        (void)close(reader->descriptor); /* only read from */
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

int file_store_lend(struct file_store *store, const uint8_t sha256[SHA256_SIZE], int64_t *size,
                    struct fault *why)
{
    int64_t whole = 0;
    auto_free(file_reader_close) struct file_reader *reader =
        file_reader_open(store, sha256, &whole, why);
    if (!reader || !read_whole(reader, why))
        return -1;
    int descriptor = reader->descriptor;
    reader->descriptor = -1;
    *size = whole;
    return descriptor;
}

bool file_store_has(struct file_store *store, const uint8_t sha256[SHA256_SIZE], int64_t *size,
                    bool *has, struct fault *why)
{
    return near_look(store->near, sha256, size, has) ||
           store->place->look(store->own, sha256, size, has, why);
}

bool file_store_is_far(const struct file_store *store)
{
    return store->place == &s3_place;
}

bool file_store_bring(struct file_store *store, const uint8_t sha256[SHA256_SIZE],
                      struct fault *why)
{
    struct fault absent;
    int64_t size = 0;
    if (!file_store_is_far(store) || near_hold(store->near, sha256))
        return true;
    int descriptor = store->place->fetch(store->own, sha256, &size, &absent);
    if (descriptor >= 0 || absent.kind == FAULT_REFUSE)
        return near_keep(store->near, sha256, descriptor, size, why);
    *why = absent;
    return false;
}

void file_store_drop(struct file_store *store, const uint8_t sha256[SHA256_SIZE])
{
    near_drop(store->near, sha256);
}

bool file_store_hold(struct file_store *store, const uint8_t sha256[SHA256_SIZE])
{
    return holds_take(store->holds, sha256);
}

void file_store_let_go(struct file_store *store, const uint8_t sha256[SHA256_SIZE])
{
    holds_drop(store->holds, sha256);
}

bool file_store_remove(struct file_store *store, const uint8_t sha256[SHA256_SIZE],
                       const struct file_removal *removal, bool *is_removed, struct fault *why)
{
    *is_removed = false;
    if (!holds_leave(store->holds, sha256))
        return true; /* in use at this moment */
    bool is_good = true;
    if (!removal->is_unused || removal->is_unused(removal->own, sha256)) {
        is_good = store->place->remove(store->own, sha256, why);
        *is_removed = is_good;
        if (is_good && removal->removed)
            removal->removed(removal->own, sha256);
    }
    holds_left(store->holds, sha256);
    return is_good;
}

/* --- writing --- */

struct file_writer {
    struct file_store *store;
    struct hasher *hasher;
    struct arrived_file file;
    char *path;
    int64_t checked; /* the size at which the disk was last asked for room */
    bool has_ended;
    bool is_held;
};

/* So much is written between two looks at the free space. */
enum { CHECK_EVERY = 4 * 1024 * 1024 };

ENDS_WITH_SCOPE(struct file_writer *, file_writer_close)

struct file_writer *file_writer_open(struct file_store *store, struct fault *why)
{
    if (!incoming_check(store->incoming, why))
        return NULL;
    auto_free(file_writer_close) struct file_writer *writer = calloc(1, sizeof *writer);
    if (!writer) {
        (void)fault_memory(why);
        return NULL;
    }
    writer->store = store;
    writer->file.descriptor = -1;
    writer->hasher = hasher_new(why);
    if (!writer->hasher)
        return NULL;
    writer->file.descriptor = incoming_make(store->incoming, &writer->path, why);
    writer->file.path = writer->path;
    return writer->file.descriptor >= 0 ? steal(writer) : NULL;
}

static bool check_room(struct file_writer *writer, struct fault *why)
{
    if (writer->file.size - writer->checked < CHECK_EVERY)
        return true;
    writer->checked = writer->file.size;
    return incoming_check(writer->store->incoming, why);
}

bool file_writer_add(struct file_writer *writer, const void *bytes, size_t size, struct fault *why)
{
    const char *at = bytes;
    if ((int64_t)size > writer->store->file_limit_bytes - writer->file.size)
        return fault_set(why, FAULT_REFUSE, "files: over the limit of a file");
    if (!check_room(writer, why) || !hasher_add(writer->hasher, bytes, size, why))
        return false;
    while (size > 0) {
        ssize_t count = write(writer->file.descriptor, at, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return local_fault(why, count < 0 ? errno : ENOSPC, "write a file");
        at += count;
        size -= (size_t)count;
        writer->file.size += count;
    }
    return true;
}

/* Held from here on, so that an older copy of the same is not removed while this one counts on it.
 */
bool file_writer_end(struct file_writer *writer, uint8_t sha256[SHA256_SIZE], int64_t *size,
                     struct fault *why)
{
    if (!writer->has_ended && !hasher_end(writer->hasher, writer->file.sha256, why))
        return false;
    writer->has_ended = true;
    writer->is_held =
        writer->is_held || holds_take_waiting(writer->store->holds, writer->file.sha256);
    if (!writer->is_held)
        return fault_memory(why);
    memcpy(sha256, writer->file.sha256, SHA256_SIZE);
    *size = writer->file.size;
    return true;
}

static bool refuse_other(const struct file_writer *writer, struct fault *why)
{
    char hex[SHA256_HEX_SIZE];
    digest_hex(writer->file.sha256, SHA256_SIZE, hex);
    return fault_set(why, FAULT_REFUSE, "files: the hash of what came is %s", hex);
}

bool file_writer_keep(struct file_writer *writer, const uint8_t *expected, bool *was_there,
                      struct fault *why)
{
    uint8_t sha256[SHA256_SIZE];
    int64_t size = 0;
    if (!file_writer_end(writer, sha256, &size, why))
        return false;
    if (expected && memcmp(expected, sha256, SHA256_SIZE) != 0)
        return refuse_other(writer, why);
    return writer->store->place->keep(writer->store->own, &writer->file, was_there, why);
}

void file_writer_close(struct file_writer *writer)
{
    if (!writer)
        return;
    if (writer->path)
        (void)unlink(writer->path); /* gone already when it was moved in */
    if (writer->file.descriptor >= 0)
        (void)close(writer->file.descriptor); /* synced, or not wanted */
    if (writer->is_held)
        holds_drop(writer->store->holds, writer->file.sha256);
    hasher_free(writer->hasher);
    free(writer->path);
    free(writer);
}
