/* SPDX-License-Identifier: Apache-2.0 */
/* The folder in which files are written before they have their name. */
#include "files/incoming.h"

#include "base/digest.h"
#include "base/file.h"
#include "files/local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

ENDS_WITH_SCOPE(DIR *, closedir)

enum { FOLDER_MODE = 0700, FILE_MODE = 0600, RANDOM_SIZE = 16 };

struct incoming {
    char *folder;
    int64_t reserve_bytes;
    int lock; /* a descriptor of the store's folder, locked while this process lives */
};

static bool make_folder(const char *path, bool *is_made, struct fault *why)
{
    *is_made = mkdir(path, FOLDER_MODE) == 0;
    return *is_made || errno == EEXIST ||
           fault_set(why, FAULT_REFUSE, "%s: %s", path, strerrordesc_np(errno));
}

/* Whoever made it may have died before this.  Where others gave us the folder, what it lies in may
 * not be ours to sync. */
static bool sync_name(const struct incoming *incoming, bool is_made, struct fault *why)
{
    int outer = openat(incoming->lock, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = outer >= 0 ? local_sync_folder(outer, why)
                                : local_fault(why, errno, "open what the folder lies in");
    if (outer >= 0)
        (void)close(outer); /* only synced through it */
    return is_synced || !is_made;
}

static bool open_folder(struct incoming *incoming, const char *folder, struct fault *why)
{
    incoming->lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return incoming->lock >= 0 ||
           fault_set(why, FAULT_REFUSE, "%s: %s", folder, strerrordesc_np(errno));
}

static bool lock_folder(struct incoming *incoming, const char *folder, struct fault *why)
{
    return flock(incoming->lock, LOCK_EX | LOCK_NB) == 0 ||
           fault_set(why, FAULT_RETRY, "%s: another process uses it", folder);
}

/* What is half-written was never answered for. */
static bool clear(const struct incoming *incoming, struct fault *why)
{
    auto_free(closedir) DIR *listing = opendir(incoming->folder);
    if (!listing)
        return fault_set(why, FAULT_REFUSE, "%s: %s", incoming->folder, strerrordesc_np(errno));
    for (struct dirent *entry = NULL; (entry = readdir(listing));) {
        if (entry->d_type == DT_DIR)
            continue;
        if (unlinkat(dirfd(listing), entry->d_name, 0) != 0)
            return fault_set(why, FAULT_REFUSE, "%s/%s: %s", incoming->folder, entry->d_name,
                             strerrordesc_np(errno));
    }
    return true;
}

static struct incoming *new_incoming(const char *folder, int64_t reserve_bytes, struct fault *why)
{
    auto_free(incoming_close) struct incoming *incoming = calloc(1, sizeof *incoming);
    if (!incoming) {
        (void)fault_memory(why);
        return NULL;
    }
    incoming->reserve_bytes = reserve_bytes;
    incoming->lock = -1;
    incoming->folder = file_join(folder, "incoming", why);
    return incoming->folder ? steal(incoming) : NULL;
}

struct incoming *incoming_open(const char *folder, int64_t reserve_bytes, struct fault *why)
{
    bool is_made = false, is_inner_made = false;
    auto_free(incoming_close) struct incoming *incoming = new_incoming(folder, reserve_bytes, why);
    if (!incoming || !make_folder(folder, &is_made, why) ||
        !make_folder(incoming->folder, &is_inner_made, why) ||
        !open_folder(incoming, folder, why) || !lock_folder(incoming, folder, why) ||
        !clear(incoming, why) || !local_sync_folder(incoming->lock, why) ||
        !sync_name(incoming, is_made, why))
        return NULL;
    return steal(incoming);
}

struct incoming *incoming_beside(const char *folder, struct fault *why)
{
    auto_free(incoming_close) struct incoming *incoming = new_incoming(folder, 0, why);
    return incoming && open_folder(incoming, folder, why) ? steal(incoming) : NULL;
}

void incoming_close(struct incoming *incoming)
{
    if (!incoming)
        return;
    if (incoming->lock >= 0)
        (void)close(incoming->lock); /* which unlocks */
    free(incoming->folder);
    free(incoming);
}

int64_t incoming_free(const struct incoming *incoming, bool *is_low)
{
    struct statvfs status;
    if (fstatvfs(incoming->lock, &status) != 0) {
        *is_low = true; /* a disk that cannot be asked is none to write to */
        return 0;
    }
    int64_t free_bytes = (int64_t)status.f_bavail * (int64_t)status.f_frsize;
    *is_low = free_bytes < incoming->reserve_bytes;
    return free_bytes;
}

bool incoming_check(const struct incoming *incoming, struct fault *why)
{
    bool is_low = false;
    int64_t free_bytes = incoming_free(incoming, &is_low);
    return !is_low || fault_set(why, FAULT_RETRY,
                                "files: %" PRId64 " bytes are free, below the reserve of %" PRId64,
                                free_bytes, incoming->reserve_bytes);
}

int incoming_make(const struct incoming *incoming, char **path, struct fault *why)
{
    uint8_t random[RANDOM_SIZE];
    char name[2 * RANDOM_SIZE + 1];
    random_fill(random, sizeof random);
    digest_hex(random, sizeof random, name);
    auto_free(free) char *made = file_join(incoming->folder, name, why);
    if (!made)
        return -1;
    int descriptor = open(made, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (descriptor < 0)
        (void)local_fault(why, errno, "make a file");
    else
        *path = steal(made);
    return descriptor;
}
