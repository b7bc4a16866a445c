/* SPDX-License-Identifier: Apache-2.0 */
/* A chunk is sealed when what comes behind it shows that it is not the last. */
#include "files/deposit.h"

#include "files/local.h"

#include <errno.h>
#include <sodium.h>
#include <unistd.h>

struct deposit {
    int descriptor;
    int64_t at; /* where in the file to go on */
    /* When it is sealed: */
    const struct file_keys *keys;
    uint8_t key[SEAL_KEY_SIZE];
    int64_t chunk_no;
    uint8_t *chunk;
    size_t filled;
    bool is_broken; /* nothing may follow: no chunk is ever sealed a second time */
};

struct deposit *deposit_new(int descriptor, const struct file_keys *keys, struct fault *why)
{
    auto_free(deposit_free) struct deposit *deposit = calloc(1, sizeof *deposit);
    if (!deposit) {
        (void)fault_memory(why);
        return NULL;
    }
    deposit->descriptor = descriptor;
    deposit->keys = keys;
    if (!keys)
        return steal(deposit);
    deposit->at = SEALED_HEADER;
    deposit->chunk = malloc(SEALED_CHUNK + SEALED_TAG);
    if (!deposit->chunk) {
        (void)fault_memory(why);
        return NULL;
    }
    randombytes_buf(deposit->key, sizeof deposit->key);
    return steal(deposit);
}

void deposit_free(struct deposit *deposit)
{
    if (!deposit)
        return;
    sodium_memzero(deposit->key, sizeof deposit->key);
    free(deposit->chunk);
    free(deposit);
}

static bool write_at(const struct deposit *deposit, const void *bytes, size_t size, int64_t at,
                     struct fault *why)
{
    for (const char *from = bytes; size > 0;) {
        ssize_t count = pwrite(deposit->descriptor, from, size, at);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return local_fault(why, count < 0 ? errno : ENOSPC, "write a file");
        from += count;
        at += count;
        size -= (size_t)count;
    }
    return true;
}

static bool write_on(struct deposit *deposit, const void *bytes, size_t size, struct fault *why)
{
    if (!write_at(deposit, bytes, size, deposit->at, why))
        return false;
    deposit->at += (int64_t)size;
    return true;
}

static bool close_chunk(struct deposit *deposit, bool is_last, struct fault *why)
{
    const struct sealed_chunk chunk = {.key = deposit->key,
                                       .no = deposit->chunk_no++,
                                       .is_last = is_last,
                                       .bytes = deposit->chunk,
                                       .size = deposit->filled};
    sealed_close_chunk(&chunk);
    deposit->filled = 0;
    deposit->is_broken = !write_on(deposit, chunk.bytes, chunk.size + SEALED_TAG, why);
    return !deposit->is_broken;
}

static bool refuse_broken(struct fault *why)
{
    return fault_set(why, FAULT_BROKEN, "files: a file was not written whole");
}

static bool add_sealed(struct deposit *deposit, const uint8_t *bytes, size_t size,
                       struct fault *why)
{
    if (deposit->is_broken)
        return refuse_broken(why);
    while (size > 0) {
        if (deposit->filled == SEALED_CHUNK && !close_chunk(deposit, false, why))
            return false;
        size_t room = SEALED_CHUNK - deposit->filled;
        size_t more = size < room ? size : room;
        memcpy(deposit->chunk + deposit->filled, bytes, more);
        deposit->filled += more;
        bytes += more;
        size -= more;
    }
    return true;
}

bool deposit_add(struct deposit *deposit, const void *bytes, size_t size, struct fault *why)
{
    return deposit->keys ? add_sealed(deposit, bytes, size, why)
                         : write_on(deposit, bytes, size, why);
}

bool deposit_end(struct deposit *deposit, const uint8_t sha256[SHA256_SIZE], int64_t *size,
                 struct fault *why)
{
    uint8_t header[SEALED_HEADER];
    if (deposit->is_broken)
        return refuse_broken(why);
    if (deposit->keys) {
        const struct sealed_by by = file_keys_newest(deposit->keys);
        sealed_write_header(&by, sha256, deposit->key, header);
        bool is_whole =
            close_chunk(deposit, true, why) && write_at(deposit, header, sizeof header, 0, why);
        deposit->is_broken = true; /* there is nothing to be added behind the last chunk */
        if (!is_whole)
            return false;
    }
    *size = deposit->at;
    return true;
}
