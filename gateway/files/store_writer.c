/* SPDX-License-Identifier: Apache-2.0 */
/* A file on its way in. */
#include "base/cleanup.h"
#include "files/deposit.h"
#include "files/hasher.h"
#include "files/store_own.h"

#include <unistd.h>

struct file_writer {
    struct file_store *store;
    struct hasher *hasher;
    struct deposit *deposit;
    int64_t size; /* of the content */
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
    writer->file.is_sealed = store->keys != NULL;
    if (writer->file.descriptor >= 0)
        writer->deposit = deposit_new(writer->file.descriptor, store->keys, why);
    return writer->deposit ? steal(writer) : NULL;
}

static bool check_room(struct file_writer *writer, struct fault *why)
{
    if (writer->size - writer->checked < CHECK_EVERY)
        return true;
    writer->checked = writer->size;
    return incoming_check(writer->store->incoming, why);
}

bool file_writer_add(struct file_writer *writer, const void *bytes, size_t size, struct fault *why)
{
    if ((int64_t)size > writer->store->file_limit_bytes - writer->size)
        return fault_set(why, FAULT_REFUSE, "files: over the limit of a file");
    if (!check_room(writer, why) || !hasher_add(writer->hasher, bytes, size, why) ||
        !deposit_add(writer->deposit, bytes, size, why))
        return false;
    writer->size += (int64_t)size;
    return true;
}

static bool end(struct file_writer *writer, struct fault *why)
{
    writer->has_ended =
        writer->has_ended ||
        (hasher_end(writer->hasher, writer->file.sha256, why) &&
         deposit_end(writer->deposit, writer->file.sha256, &writer->file.size, why));
    return writer->has_ended;
}

/* Held from here on, so that an older copy of the same is not removed while this one counts on it.
 */
bool file_writer_end(struct file_writer *writer, uint8_t sha256[SHA256_SIZE], int64_t *size,
                     struct fault *why)
{
    if (!end(writer, why))
        return false;
    writer->is_held =
        writer->is_held || holds_take_waiting(writer->store->holds, writer->file.sha256);
    if (!writer->is_held)
        return fault_memory(why);
    memcpy(sha256, writer->file.sha256, SHA256_SIZE);
    *size = writer->size;
    return true;
}

static bool refuse_other(const struct file_writer *writer, struct fault *why)
{
    char hex[SHA256_HEX_SIZE];
    digest_hex(writer->file.sha256, SHA256_SIZE, hex);
    return fault_set(why, FAULT_REFUSE, "files: the hash of what came is %s", hex);
}

/* The sealed file is there for good before the one goes that was stored without keys. */
static bool keep_sealed(struct file_writer *writer, bool *was_there, struct fault *why)
{
    struct file_store *store = writer->store;
    const struct file_name plain = {writer->file.sha256, false};
    int64_t size = 0;
    bool was_plain = false;
    bool is_kept = store->place->look(store->own, &plain, &size, &was_plain, why) &&
                   store->place->keep(store->own, &writer->file, was_there, why) &&
                   (!was_plain || store->place->remove(store->own, &plain, why));
    *was_there = is_kept && (*was_there || was_plain);
    return is_kept;
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
    return writer->file.is_sealed
               ? keep_sealed(writer, was_there, why)
               : writer->store->place->keep(writer->store->own, &writer->file, was_there, why);
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
    deposit_free(writer->deposit);
    free(writer->path);
    free(writer);
}
