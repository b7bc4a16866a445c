/* SPDX-License-Identifier: Apache-2.0 */
/* Of a sealed file one chunk at a time is in memory. */
#include "files/content.h"

#include <inttypes.h>
#include <sodium.h>
#include <unistd.h>

enum { ROOM = SEALED_CHUNK + SEALED_TAG, NONE = -1 };

struct content {
    struct stored_file file;
    uint8_t sha256[SHA256_SIZE];
    int64_t size;
    /* Of a sealed file: its key, and the chunk that was opened last. */
    uint8_t key[SEAL_KEY_SIZE];
    int64_t chunk_no;
    uint8_t *chunk;
};

static bool refuse_damaged(const struct content *content, struct fault *why)
{
    char hex[SHA256_HEX_SIZE];
    digest_hex(content->sha256, SHA256_SIZE, hex);
    return fault_set(why, FAULT_BROKEN, "files: %s is damaged", hex);
}

static bool find_key(struct content *content, const struct file_keys *keys, struct fault *why)
{
    uint8_t header[SEALED_HEADER];
    if (content->size < 0 ||
        pread(content->file.descriptor, header, sizeof header, 0) != (ssize_t)sizeof header)
        return refuse_damaged(content, why);
    const struct sealed_by by = {sealed_key_no(header),
                                 file_keys_find(keys, sealed_key_no(header))};
    if (by.no >= 0 && !by.key) {
        char hex[SHA256_HEX_SIZE];
        digest_hex(content->sha256, SHA256_SIZE, hex);
        return fault_set(why, FAULT_BROKEN,
                         "files: %s is sealed by key %" PRId64 ", which is not in sealed-keys", hex,
                         by.no);
    }
    return (by.key && sealed_read_header(&by, content->sha256, header, content->key)) ||
           refuse_damaged(content, why);
}

static bool make_ready(struct content *content, const struct file_keys *keys, struct fault *why)
{
    content->size = content->file.size;
    if (!content->file.is_sealed)
        return true;
    content->size = sealed_content(content->file.size);
    content->chunk = malloc(ROOM);
    return content->chunk ? find_key(content, keys, why) : fault_memory(why);
}

struct content *content_open(const struct stored_file *file, const struct file_keys *keys,
                             const uint8_t sha256[SHA256_SIZE], struct fault *why)
{
    auto_free(content_close) struct content *content = calloc(1, sizeof *content);
    if (!content) {
        (void)fault_memory(why);
        return NULL;
    }
    content->file = *file;
    content->chunk_no = NONE;
    memcpy(content->sha256, sha256, SHA256_SIZE);
    if (make_ready(content, keys, why))
        return steal(content);
    content->file.descriptor = -1; /* it stays the caller's */
    return NULL;
}

bool content_has_lost_key(const struct stored_file *file)
{
    uint8_t header[SEALED_HEADER];
    return file->is_sealed &&
           pread(file->descriptor, header, sizeof header, 0) == (ssize_t)sizeof header &&
           sodium_is_zero(header, sizeof header);
}

void content_close(struct content *content)
{
    if (!content)
        return;
    if (content->file.descriptor >= 0)
        (void)close(content->file.descriptor); /* only read from */
    sodium_memzero(content->key, sizeof content->key);
    free(content->chunk);
    free(content);
}

int64_t content_size(const struct content *content)
{
    return content->size;
}

int content_take_descriptor(struct content *content)
{
    int descriptor = content->file.is_sealed ? -1 : content->file.descriptor;
    if (descriptor >= 0)
        content->file.descriptor = -1;
    return descriptor;
}

/* Opens the chunk unless it is there already. */
static bool turn_to(struct content *content, int64_t no, size_t *size, struct fault *why)
{
    int64_t begin = no * SEALED_CHUNK;
    int64_t left = content->size - begin;
    *size = left < SEALED_CHUNK ? (size_t)left : SEALED_CHUNK;
    if (no == content->chunk_no)
        return true;
    const struct sealed_chunk chunk = {.key = content->key,
                                       .no = no,
                                       .is_last = left <= SEALED_CHUNK,
                                       .bytes = content->chunk,
                                       .size = *size};
    content->chunk_no = NONE;
    ssize_t count = pread(content->file.descriptor, content->chunk, *size + SEALED_TAG,
                          SEALED_HEADER + no * ROOM);
    if (count != (ssize_t)(*size + SEALED_TAG) || !sealed_open_chunk(&chunk))
        return refuse_damaged(content, why);
    content->chunk_no = no;
    return true;
}

/* An empty file has a chunk too. */
static bool read_sealed(struct content *content, int64_t at, void *bytes, size_t size, size_t *got,
                        struct fault *why)
{
    size_t done = 0;
    bool is_looked_at = content->size > 0;
    while (!is_looked_at || (done < size && at < content->size)) {
        size_t held;
        size_t skipped = (size_t)(at % SEALED_CHUNK);
        if (!turn_to(content, at / SEALED_CHUNK, &held, why))
            return false;
        size_t more = held - skipped < size - done ? held - skipped : size - done;
        memcpy((char *)bytes + done, content->chunk + skipped, more);
        done += more;
        at += (int64_t)more;
        is_looked_at = true;
    }
    *got = done;
    return true;
}

bool content_read(struct content *content, int64_t at, void *bytes, size_t size, size_t *got,
                  struct fault *why)
{
    if (content->file.is_sealed)
        return read_sealed(content, at, bytes, size, got, why);
    ssize_t count = pread(content->file.descriptor, bytes, size, at);
    if (count < 0)
        return fault_set(why, FAULT_BROKEN, "files: a file cannot be read");
    *got = (size_t)count;
    return true;
}
