/* SPDX-License-Identifier: Apache-2.0 */
/* The store as everybody sees it, over one place on disk or in a service. */
#include "files/store.h"

#include "base/cleanup.h"
#include "files/local.h"
#include "files/s3.h"
#include "files/secret.h"
#include "files/store_own.h"

#include <unistd.h>

ENDS_WITH_SCOPE(struct file_store *, file_store_close)
ENDS_WITH_SCOPE(struct file_writer *, file_writer_close)

enum { PIECE_SIZE = 64 * 1024 };

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

static bool open_keys(struct file_store *store, const struct file_store_options *options,
                      struct fault *why)
{
    if (!file_keys_open(options->folder, options->masters, options->is_beside, &store->keys, why))
        return false;
    if (!store->keys)
        return secret_load(options->folder, store->key, sizeof store->key, why);
    memcpy(store->key, file_keys_signing(store->keys), sizeof store->key);
    return true;
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
    if (!store->incoming || !open_keys(store, options, why))
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
    file_keys_close(store->keys);
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

/* What is not sealed may come to be at any moment, and never the other way: who finds neither looks
 * once more for the sealed one. */
static const bool forms[] = {true, false, true};
enum { FORMS = sizeof forms / sizeof forms[0] };

/* Where nothing is sealed there is one form. */
static size_t first_form(const struct file_store *store)
{
    return store->keys ? 0 : 1;
}

static size_t last_form(const struct file_store *store)
{
    return store->keys ? FORMS - 1 : 1;
}

bool store_fetch(struct file_store *store, const uint8_t sha256[SHA256_SIZE],
                 struct stored_file *file, struct fault *why)
{
    struct fault absent = {.kind =
                               FAULT_REFUSE}; /* of one form is no fault when another is there */
    for (size_t i = first_form(store); i <= last_form(store) && absent.kind == FAULT_REFUSE; i++) {
        const struct file_name name = {sha256, forms[i]};
        file->is_sealed = name.is_sealed;
        file->descriptor = store->place->fetch(store->own, &name, &file->size, &absent);
        if (file->descriptor >= 0)
            return true;
    }
    *why = absent;
    return false;
}

/* Of a file that is damaged, 0. */
static int64_t size_of(int64_t stored, bool is_sealed)
{
    int64_t size = is_sealed ? sealed_content(stored) : stored;
    return size >= 0 ? size : 0;
}

static bool look(struct file_store *store, const uint8_t *sha256, int64_t *size, bool *has,
                 struct fault *why)
{
    for (size_t i = first_form(store); i <= last_form(store); i++) {
        const struct file_name name = {sha256, forms[i]};
        if (!store->place->look(store->own, &name, size, has, why))
            return false;
        *size = size_of(*size, name.is_sealed);
        if (*has)
            return true;
    }
    return true;
}

bool file_store_has(struct file_store *store, const uint8_t sha256[SHA256_SIZE], int64_t *size,
                    bool *has, struct fault *why)
{
    struct stored_file near;
    if (!near_look(store->near, sha256, &near))
        return look(store, sha256, size, has, why);
    *has = near.descriptor >= 0;
    *size = *has ? size_of(near.size, near.is_sealed) : 0;
    return true;
}

bool file_store_is_far(const struct file_store *store)
{
    return store->place == &s3_place;
}

bool file_store_bring(struct file_store *store, const uint8_t sha256[SHA256_SIZE],
                      struct fault *why)
{
    struct fault absent;
    struct stored_file file = {.descriptor = -1};
    if (!file_store_is_far(store) || near_hold(store->near, sha256))
        return true;
    if (store_fetch(store, sha256, &file, &absent) || absent.kind == FAULT_REFUSE)
        return near_keep(store->near, sha256, &file, why);
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

static bool remove_forms(struct file_store *store, const uint8_t *sha256, struct fault *why)
{
    for (size_t i = first_form(store); i <= 1; i++) {
        const struct file_name name = {sha256, forms[i]};
        if (!store->place->remove(store->own, &name, why))
            return false;
    }
    return true;
}

bool file_store_remove(struct file_store *store, const uint8_t sha256[SHA256_SIZE],
                       const struct file_removal *removal, bool *is_removed, struct fault *why)
{
    *is_removed = false;
    if (!holds_leave(store->holds, sha256))
        return true; /* in use at this moment */
    bool is_good = true;
    if (!removal->is_unused || removal->is_unused(removal->own, sha256)) {
        is_good = remove_forms(store, sha256, why);
        *is_removed = is_good;
        if (is_good && removal->removed)
            removal->removed(removal->own, sha256);
    }
    holds_left(store->holds, sha256);
    return is_good;
}

bool file_store_rekey(struct file_store *store, int64_t *count, struct fault *why)
{
    return store->keys ? file_keys_rekey(store->keys, count, why)
                       : fault_set(why, FAULT_REFUSE, "files: there is no key to seal by");
}

/* Takes the descriptor. */
static bool copy_sealed(struct file_store *store, const uint8_t *sha256,
                        const struct stored_file *file, struct fault *why)
{
    bool was_there = false;
    auto_free(free) char *piece = malloc(PIECE_SIZE);
    auto_free(content_close) struct content *content = content_open(file, store->keys, sha256, why);
    if (!content)
        (void)close(file->descriptor); /* only read from */
    auto_free(file_writer_close) struct file_writer *writer =
        content ? file_writer_open(store, why) : NULL;
    if (!writer)
        return false;
    if (!piece)
        return fault_memory(why);
    size_t got = 1;
    for (int64_t at = 0; got > 0; at += (int64_t)got)
        if (!content_read(content, at, piece, PIECE_SIZE, &got, why) ||
            !file_writer_add(writer, piece, got, why))
            return false;
    return file_writer_keep(writer, sha256, &was_there, why);
}

/* Under a hold: what is removed meanwhile would come back, and nobody would know of it. */
bool file_store_seal(struct file_store *store, const uint8_t sha256[SHA256_SIZE], bool *is_sealed,
                     struct fault *why)
{
    const struct file_name name = {sha256, false};
    struct stored_file file = {.is_sealed = false};
    struct fault absent;
    *is_sealed = false;
    if (!store->keys)
        return fault_set(why, FAULT_REFUSE, "files: there is no key to seal by");
    if (!holds_take(store->holds, sha256))
        return true; /* it is being removed */
    file.descriptor = store->place->fetch(store->own, &name, &file.size, &absent);
    bool is_good =
        file.descriptor >= 0 ? copy_sealed(store, sha256, &file, why) : absent.kind == FAULT_REFUSE;
    if (file.descriptor < 0 && !is_good)
        *why = absent;
    *is_sealed = is_good && file.descriptor >= 0;
    holds_drop(store->holds, sha256);
    return is_good;
}
