/* SPDX-License-Identifier: Apache-2.0 */
/* Files on this machine's disk.  A file is there whole or not at all: it is synced under another
 * name, renamed, and then the folder is synced. */
#include "files/local.h"

#include "base/cleanup.h"
#include "files/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_MODE = 0700, SHELVES = 256 };

struct local {
    int folder;
    atomic_bool is_synced[SHELVES]; /* the shelf's name is there for good */
};

bool local_fault(struct fault *why, int number, const char *what)
{
    bool is_full = number == ENOSPC || number == EDQUOT || number == EFBIG;
    return fault_set(why, is_full ? FAULT_RETRY : FAULT_BROKEN, "files: %s: %s", what,
                     strerrordesc_np(number));
}

bool local_sync_folder(int folder, struct fault *why)
{
    return fsync(folder) == 0 || local_fault(why, errno, "sync a folder");
}

struct local *local_open(const char *folder, struct fault *why)
{
    struct local *local = calloc(1, sizeof *local);
    if (!local) {
        (void)fault_memory(why);
        return NULL;
    }
    local->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (local->folder >= 0)
        return local;
    (void)fault_set(why, FAULT_REFUSE, "%s: %s", folder, strerrordesc_np(errno));
    free(local);
    return NULL;
}

static void close_local(void *own)
{
    struct local *local = own;
    if (!local)
        return;
    (void)close(local->folder); /* nothing was written through it */
    free(local);
}

/* A shelf that is there may be another thread's, which has not synced its name yet. */
static bool make_shelf(struct local *local, uint8_t number, const char *shelf, struct fault *why)
{
    if (mkdirat(local->folder, shelf, FOLDER_MODE) != 0 && errno != EEXIST)
        return local_fault(why, errno, "make a folder");
    if (atomic_load(&local->is_synced[number]))
        return true;
    if (!local_sync_folder(local->folder, why))
        return false;
    atomic_store(&local->is_synced[number], true);
    return true;
}

/* The folder of a file, made when it is the first there; -1 with a fault. */
static int open_shelf(struct local *local, uint8_t number, const char *name, struct fault *why)
{
    char shelf[3] = {name[0], name[1], '\0'};
    if (!make_shelf(local, number, shelf, why))
        return -1;
    int opened = openat(local->folder, shelf, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0)
        (void)local_fault(why, errno, "open a folder");
    return opened;
}

/* What lies where a sealed file was can be read by who has the disk, and opened as long as its key
 * is there.  `*doomed` is what is to have no key, once it has no name any more; -1: nothing. */
static bool open_doomed(const struct local *local, const char *name, int *doomed, struct fault *why)
{
    *doomed = openat(local->folder, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    return *doomed >= 0 || errno == ENOENT || local_fault(why, errno, "open a file");
}

static bool destroy_key(int doomed, struct fault *why)
{
    static const uint8_t nothing[SEALED_HEADER];
    return doomed < 0 ||
           (pwrite(doomed, nothing, sizeof nothing, 0) == (ssize_t)sizeof nothing &&
            fdatasync(doomed) == 0) ||
           local_fault(why, errno, "overwrite a key");
}

static void close_doomed(int doomed)
{
    if (doomed >= 0)
        (void)close(doomed); /* synced */
}

/* Also over one that is there: the same bytes, and so whatever became of those is mended. */
static bool move_in(const struct local *local, const struct arrived_file *file, const char *name,
                    bool *was_there, struct fault *why)
{
    *was_there = faccessat(local->folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    return renameat(AT_FDCWD, file->path, local->folder, name) == 0 ||
           local_fault(why, errno, "rename a file");
}

static bool keep(void *own, const struct arrived_file *file, bool *was_there, struct fault *why)
{
    struct local *local = own;
    char name[PLACE_NAME_SIZE];
    int doomed = -1;
    place_name(&(struct file_name){file->sha256, file->is_sealed}, name);
    if (fsync(file->descriptor) != 0)
        return local_fault(why, errno, "sync a file");
    int shelf = open_shelf(local, file->sha256[0], name, why);
    if (shelf < 0)
        return false;
    bool is_kept = (!file->is_sealed || open_doomed(local, name, &doomed, why)) &&
                   move_in(local, file, name, was_there, why) && local_sync_folder(shelf, why) &&
                   destroy_key(doomed, why);
    close_doomed(doomed);
    (void)close(shelf); /* synced */
    return is_kept;
}

static bool refuse_unknown(const char *name, struct fault *why)
{
    return fault_set(why, FAULT_REFUSE, "files: %.*s is not in the store", 2 * SHA256_SIZE,
                     name + PLACE_SHELF_SIZE + 1);
}

static int fetch(void *own, const struct file_name *file, int64_t *size, struct fault *why)
{
    const struct local *local = own;
    char name[PLACE_NAME_SIZE];
    struct stat status;
    place_name(file, name);
    int descriptor = openat(local->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0) {
        (void)(errno == ENOENT ? refuse_unknown(name, why)
                               : local_fault(why, errno, "open a file"));
        return -1;
    }
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        (void)close(descriptor); /* only read from */
        (void)fault_set(why, FAULT_BROKEN, "files: %s is no file", name + 3);
        return -1;
    }
    *size = status.st_size;
    return descriptor;
}

static bool look(void *own, const struct file_name *file, int64_t *size, bool *has,
                 struct fault *why)
{
    const struct local *local = own;
    char name[PLACE_NAME_SIZE];
    struct stat status;
    place_name(file, name);
    bool is_there = fstatat(local->folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (!is_there && errno != ENOENT)
        return local_fault(why, errno, "look for a file");
    *has = is_there;
    *size = is_there ? status.st_size : 0;
    return true;
}

/* Also when it was not there: whoever removed it may have died before the sync. */
static bool remove_name(const struct local *local, char name[PLACE_NAME_SIZE], struct fault *why)
{
    if (unlinkat(local->folder, name, 0) != 0 && errno != ENOENT)
        return local_fault(why, errno, "remove a file");
    name[PLACE_SHELF_SIZE] = '\0';
    int shelf = openat(local->folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (shelf < 0)
        return errno == ENOENT || local_fault(why, errno, "open a folder");
    bool is_synced = local_sync_folder(shelf, why);
    (void)close(shelf); /* synced */
    return is_synced;
}

static bool remove_file(void *own, const struct file_name *file, struct fault *why)
{
    const struct local *local = own;
    char name[PLACE_NAME_SIZE];
    int doomed = -1;
    place_name(file, name);
    bool is_removed = (!file->is_sealed || open_doomed(local, name, &doomed, why)) &&
                      remove_name(local, name, why) && destroy_key(doomed, why);
    close_doomed(doomed);
    return is_removed;
}

const struct file_place local_place = {
    .name = "disk",
    .keep = keep,
    .fetch = fetch,
    .look = look,
    .remove = remove_file,
    .close = close_local,
};
