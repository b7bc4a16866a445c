/* SPDX-License-Identifier: Apache-2.0 */
/* Beside and renamed, so that a crash leaves no half of a key. */
#include "files/durable.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "files/local.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { FILE_MODE = 0600 };

static bool write_all(int descriptor, const void *bytes, size_t size, struct fault *why)
{
    if (write(descriptor, bytes, size) != (ssize_t)size)
        return local_fault(why, errno ? errno : ENOSPC, "write a key");
    return fsync(descriptor) == 0 || local_fault(why, errno, "sync a key");
}

static bool sync_name(const char *folder, struct fault *why)
{
    int opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0)
        return local_fault(why, errno, "open the folder");
    bool is_synced = local_sync_folder(opened, why);
    (void)close(opened); /* only synced through it */
    return is_synced;
}

bool durable_write(const char *folder, const char *name, const void *bytes, size_t size,
                   struct fault *why)
{
    auto_free(free) char *path = file_join(folder, name, why);
    auto_free(free) char *beside = NULL;
    if (!path)
        return false;
    if (asprintf(&beside, "%s.new", path) < 0) {
        beside = NULL;
        return fault_memory(why);
    }
    int descriptor = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
    if (descriptor < 0)
        return local_fault(why, errno, "make a key");
    bool is_written = write_all(descriptor, bytes, size, why);
    (void)close(descriptor); /* synced */
    if (!is_written)
        return false;
    if (rename(beside, path) != 0)
        return local_fault(why, errno, "rename a key");
    return sync_name(folder, why);
}

bool durable_remove(const char *folder, const char *name, struct fault *why)
{
    auto_free(free) char *path = file_join(folder, name, why);
    if (!path)
        return false;
    if (unlink(path) != 0 && errno != ENOENT)
        return local_fault(why, errno, "remove a key");
    return sync_name(folder, why);
}
