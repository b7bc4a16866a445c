/* SPDX-License-Identifier: Apache-2.0 */
/* The store's own key: it signs links and references, and never leaves the folder. */
#include "files/secret.h"

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"
#include "files/local.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { FILE_MODE = 0600 };

static bool write_all(int descriptor, const uint8_t *key, size_t size, struct fault *why)
{
    if (write(descriptor, key, size) != (ssize_t)size)
        return local_fault(why, errno ? errno : ENOSPC, "write the key");
    return fsync(descriptor) == 0 || local_fault(why, errno, "sync the key");
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

/* Beside and renamed, so that a crash leaves no half of a key. */
static bool make(const char *folder, const char *path, const uint8_t *key, size_t size,
                 struct fault *why)
{
    auto_free(free) char *beside = NULL;
    if (asprintf(&beside, "%s.new", path) < 0) {
        beside = NULL;
        return fault_memory(why);
    }
    int descriptor = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
    if (descriptor < 0)
        return local_fault(why, errno, "make the key");
    bool is_written = write_all(descriptor, key, size, why);
    (void)close(descriptor); /* synced */
    if (!is_written)
        return false;
    if (rename(beside, path) != 0)
        return local_fault(why, errno, "rename the key");
    return sync_name(folder, why);
}

bool secret_load(const char *folder, uint8_t *key, size_t size, struct fault *why)
{
    auto_free(free) char *path = file_join(folder, "key", why);
    if (!path)
        return false;
    if (access(path, F_OK) != 0) {
        random_fill(key, size);
        return make(folder, path, key, size, why);
    }
    size_t got = 0;
    auto_free(free) char *bytes = file_read(path, size, &got, why);
    if (!bytes)
        return false;
    if (got != size)
        return fault_set(why, FAULT_REFUSE, "%s: not %zu bytes", path, size);
    memcpy(key, bytes, size);
    explicit_bzero(bytes, size);
    return true;
}
