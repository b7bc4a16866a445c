/* SPDX-License-Identifier: Apache-2.0 */
/* A store of files in a folder of its own. */
#ifndef UNIT_STORE_WORLD_H
#define UNIT_STORE_WORLD_H

#include "unit.h"

#include "files/store.h"

#include <ftw.h>
#include <unistd.h>

enum { STORE_PATH_SIZE = 200, STORE_LIMIT = 32 << 20 };

struct store_world {
    char folder[64];
    struct file_store_options options;
    struct file_store *store;
};

static inline void must(bool passed, const struct fault *why)
{
    if (!passed)
        fail_msg("%s", why->text);
}

static inline void store_open(struct store_world *world)
{
    struct fault why = {.text = ""};
    world->store = file_store_open(&world->options, &why);
    must(world->store, &why);
}

static inline void store_begin(struct store_world *world)
{
    *world = (struct store_world){.folder = "/tmp/lienthong-files-XXXXXX"};
    assert_non_null(mkdtemp(world->folder));
    world->options =
        (struct file_store_options){.folder = world->folder, .file_limit_bytes = STORE_LIMIT};
    store_open(world);
}

static inline int remove_one(const char *path, const struct stat *status, int kind,
                             struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    return remove(path);
}

static inline void store_end(struct store_world *world)
{
    file_store_close(world->store);
    assert_int_equal(nftw(world->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* FOLDER/ab/abcdef... */
static inline void store_path(const struct store_world *world, const uint8_t *sha256,
                              char path[STORE_PATH_SIZE])
{
    char hex[SHA256_HEX_SIZE];
    digest_hex(sha256, SHA256_SIZE, hex);
    (void)snprintf(path, STORE_PATH_SIZE, "%s/%.2s/%s", world->folder, hex, hex);
}

/* Keeps bytes under their hash. */
static inline void store_put(struct store_world *world, const void *bytes, size_t size,
                             uint8_t sha256[SHA256_SIZE])
{
    struct fault why;
    bool was_there;
    int64_t given = 0;
    struct file_writer *writer = file_writer_open(world->store, &why);
    must(writer, &why);
    must(file_writer_add(writer, bytes, size, &why), &why);
    must(file_writer_end(writer, sha256, &given, &why), &why);
    assert_int_equal(given, size);
    must(file_writer_keep(writer, NULL, &was_there, &why), &why);
    file_writer_close(writer);
}

/* How many files lie in FOLDER/incoming. */
static inline int count_file(const char *path, const struct stat *status, int kind,
                             struct FTW *place)
{
    (void)path, (void)status, (void)place;
    return kind == FTW_F ? 1 : 0;
}

static inline bool store_has_incoming(const struct store_world *world)
{
    char path[STORE_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/incoming", world->folder);
    return nftw(path, count_file, 16, FTW_PHYS) == 1;
}

#endif
