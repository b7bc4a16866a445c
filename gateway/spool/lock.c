/* SPDX-License-Identifier: Apache-2.0 */
/* One process has a spool. */
#include "spool/lock.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

bool spool_lock(const char *file, int *locked, struct fault *why)
{
    auto_free(free) char *path = NULL;
    if (asprintf(&path, "%s.lock", file) < 0) {
        path = NULL;
        return fault_memory(why);
    }
    *locked = open(path, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (*locked < 0)
        return fault_set(why, FAULT_REFUSE, "%s: %s", path, strerror(errno));
    if (flock(*locked, LOCK_EX | LOCK_NB) == 0)
        return true;
    return fault_set(why, FAULT_RETRY, "%s: another process has this spool open", path);
}
