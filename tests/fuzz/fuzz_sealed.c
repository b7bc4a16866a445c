/* SPDX-License-Identifier: Apache-2.0 */
/* A sealed file that somebody changed: cut, patched, mixed with another one of the same store.
 * Whatever can be read of it is what was sealed, in its place. */
#include "fuzz.h"

#include "base/keyring.h"
#include "files/content.h"
#include "files/deposit.h"

#include <sys/mman.h>

enum { PIECE = SEALED_CHUNK + SEALED_TAG, CONTENT = 2 * SEALED_CHUNK + 1000, CHUNKS = 3 };

/* Two files of the same size. */
struct sample {
    uint8_t content[CONTENT];
    uint8_t sha256[SHA256_SIZE];
    uint8_t stored[SEALED_HEADER + CONTENT + CHUNKS * SEALED_TAG];
};

static struct sample samples[2];
static struct file_keys *keys;
static char folder[FUZZ_PATH_SIZE];

static int scratch(void)
{
    int file = memfd_create("sealed", MFD_CLOEXEC);
    stop_if(file < 0, "no file");
    return file;
}

static void make_sample(struct sample *sample, uint8_t first)
{
    struct fault why;
    int64_t size = 0;
    int file = scratch();
    for (size_t i = 0; i < CONTENT; i++)
        sample->content[i] = (uint8_t)(first + i * 31 + i / SEALED_CHUNK);
    digest_sha256(sample->content, CONTENT, sample->sha256);
    auto_free(deposit_free) struct deposit *deposit = deposit_new(file, keys, &why);
    stop_if(!deposit || !deposit_add(deposit, sample->content, CONTENT, &why) ||
                !deposit_end(deposit, sample->sha256, &size, &why),
            "not sealed");
    stop_if(size != sizeof sample->stored ||
                pread(file, sample->stored, sizeof sample->stored, 0) != (ssize_t)size,
            "not of its size");
    (void)close(file);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    struct fault why;
    char path[FUZZ_PATH_SIZE + 10];
    fuzz_folder(folder);
    (void)snprintf(path, sizeof path, "%s/masters", folder);
    stop_if(!keyring_add(path, "a", &why), "no key");
    struct keyring *masters = keyring_load(path, &why);
    stop_if(!masters || !file_keys_open(folder, masters, false, &keys, &why), "no keys");
    make_sample(&samples[0], 0);
    make_sample(&samples[1], 101);
    return 0;
}

/* ---- changes ---- */

enum { STEP_SIZE = 5, FLIP = 0, CUT, MOVE, MIX, HEADER, KINDS };

static uint8_t *chunk_at(uint8_t *stored, size_t number)
{
    return stored + SEALED_HEADER + number * PIECE;
}

/* The last chunk is short. */
static size_t least_chunk(size_t one, size_t other)
{
    return one == CHUNKS - 1 || other == CHUNKS - 1 ? CONTENT % SEALED_CHUNK + SEALED_TAG : PIECE;
}

static void change(uint8_t *stored, size_t *size, const uint8_t step[STEP_SIZE])
{
    size_t place =
        (step[1] | (size_t)step[2] << 8 | (size_t)step[3] << 16) % sizeof samples[0].stored;
    size_t from = step[1] % CHUNKS, to = step[2] % CHUNKS;
    switch (step[0] % KINDS) {
    case FLIP:
        stored[place] ^= step[4];
        break;
    case CUT:
        *size = place;
        break;
    case MOVE:
        memmove(chunk_at(stored, to), chunk_at(stored, from), least_chunk(from, to));
        break;
    case MIX:
        memcpy(chunk_at(stored, to), chunk_at(samples[1].stored, from), least_chunk(from, to));
        break;
    default:
        memcpy(stored, samples[1].stored, SEALED_HEADER);
        break;
    }
}

/* ---- reading ---- */

static void read_some(struct content *content, const uint8_t step[STEP_SIZE])
{
    static uint8_t bytes[SEALED_CHUNK + 2];
    struct fault why;
    size_t got = 0;
    size_t at = (step[0] | (size_t)step[1] << 8 | (size_t)step[2] << 16) % (CONTENT + 2);
    size_t wanted = (step[3] | (size_t)step[4] << 8) + 1;
    if (!content_read(content, (int64_t)at, bytes, wanted, &got, &why))
        return;
    size_t there = at < CONTENT ? CONTENT - at : 0;
    /* What was cut by whole chunks has a size that a file may have: it just does not open. */
    stop_if(got > there || (got > 0 && memcmp(bytes, samples[0].content + at, got) != 0),
            "other content");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t stored[sizeof samples[0].stored];
    struct fault why;
    size_t left = sizeof stored;
    memcpy(stored, samples[0].stored, sizeof stored);
    size_t changes = size > 0 ? bytes[0] % 8 : 0;
    size_t at = 1;
    for (; changes > 0 && at + STEP_SIZE <= size; changes--, at += STEP_SIZE)
        change(stored, &left, bytes + at);
    const struct stored_file file = {scratch(), (int64_t)left, true};
    stop_if(write(file.descriptor, stored, left) != (ssize_t)left, "not written");
    auto_free(content_close) struct content *content =
        content_open(&file, keys, samples[0].sha256, &why);
    if (!content)
        (void)close(file.descriptor);
    for (; content && at + STEP_SIZE <= size; at += STEP_SIZE)
        read_some(content, bytes + at);
    return 0;
}
