/* SPDX-License-Identifier: Apache-2.0 */
/* What the store on disk has synced by when it says that a file is there, or gone: a power cut
 * takes the rest. */
#include "store_world.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { MOST_SYNCS = 64 };

/* Inodes in the order of their syncs. */
static ino_t synced[MOST_SYNCS];
static size_t sync_count;

/* In the C library's place. */
int fsync(int descriptor)
{
    struct stat status;
    assert_int_equal(fstat(descriptor, &status), 0);
    assert_true(sync_count < MOST_SYNCS);
    synced[sync_count++] = status.st_ino;
    return (int)syscall(SYS_fsync, descriptor);
}

static ino_t inode(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_ino;
}

static bool was_synced(const char *path)
{
    for (size_t i = 0; i < sync_count; i++)
        if (synced[i] == inode(path))
            return true;
    return false;
}

static void a_new_folder_is_there_for_good_before_any_file(void **state)
{
    struct store_world world;
    struct fault why;
    char folder[STORE_PATH_SIZE];
    (void)state;
    store_begin(&world);
    (void)snprintf(folder, sizeof folder, "%s/inner", world.folder);
    const struct file_store_options options = {.folder = folder, .file_limit_bytes = STORE_LIMIT};
    sync_count = 0;
    struct file_store *store = file_store_open(&options, &why);
    must(store, &why);
    assert_true(was_synced(world.folder));
    assert_true(was_synced(folder));
    file_store_close(store);
    store_end(&world);
}

static void a_shelf_is_there_for_good_whoever_made_it(void **state)
{
    struct store_world world;
    uint8_t sha256[SHA256_SIZE];
    char path[STORE_PATH_SIZE];
    (void)state;
    store_begin(&world);
    digest_sha256("a form", 6, sha256);
    store_path(&world, sha256, path);
    *strrchr(path, '/') = '\0';
    assert_int_equal(mkdir(path, S_IRWXU), 0); /* as another thread does, which then syncs it */
    sync_count = 0;
    store_put(&world, "a form", 6, sha256);
    assert_true(was_synced(world.folder));
    assert_true(was_synced(path));
    store_end(&world);
}

/* Where the file was, and whether that was synced when its removal was told. */
struct gone {
    char shelf[STORE_PATH_SIZE];
    bool is_synced;
};

static void note_gone(void *own, const uint8_t *sha256)
{
    struct gone *gone = own;
    (void)sha256;
    gone->is_synced = was_synced(gone->shelf);
}

static void a_removed_file_cannot_come_back_once_that_is_told(void **state)
{
    struct store_world world;
    struct fault why;
    uint8_t sha256[SHA256_SIZE];
    struct gone gone = {.is_synced = false};
    const struct file_removal removal = {.removed = note_gone, .own = &gone};
    (void)state;
    store_begin(&world);
    store_put(&world, "a form", 6, sha256);
    store_path(&world, sha256, gone.shelf);
    *strrchr(gone.shelf, '/') = '\0';
    for (int times = 0; times < 2; times++) { /* also when it is gone, but perhaps not for good */
        bool is_removed = false;
        gone.is_synced = false;
        sync_count = 0;
        must(file_store_remove(world.store, sha256, &removal, &is_removed, &why), &why);
        assert_true(is_removed);
        assert_true(gone.is_synced);
    }
    store_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_folder_is_there_for_good_before_any_file),
        cmocka_unit_test(a_shelf_is_there_for_good_whoever_made_it),
        cmocka_unit_test(a_removed_file_cannot_come_back_once_that_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
