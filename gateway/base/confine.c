/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock by its three system calls: Debian 12's headers know only its first versions. */
#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As include/uapi/linux/landlock.h of Linux 6.12. */
#define FS_TRUNCATE  (UINT64_C(1) << 14)
#define FS_IOCTL_DEV (UINT64_C(1) << 15)
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

struct ruleset_attributes {
    uint64_t handled_access_fs, handled_access_net, scoped;
};

enum { SINCE_REFER = 2, SINCE_TRUNCATE = 3, SINCE_IOCTL = 5, SINCE_SCOPES = 6 };

#define FS_READ (UINT64_C(0) | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_SOCKET                                                                                  \
    (UINT64_C(0) | FS_READ | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define FS_WRITE                                                                                   \
    (UINT64_C(0) | FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |      \
     LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |   \
     LANDLOCK_ACCESS_FS_REFER | FS_TRUNCATE)
#define FS_NEVER                                                                                   \
    (UINT64_C(0) | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |                     \
     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM |  \
     FS_IOCTL_DEV)
/* All that can be granted to a file, which is no folder. */
#define FS_OF_FILES                                                                                \
    (UINT64_C(0) | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)

static const uint64_t uses[] = {
    [CONFINE_READ] = FS_READ,
    [CONFINE_WRITE] = FS_WRITE,
    [CONFINE_SOCKET] = FS_SOCKET,
};

/* What a kernel of this level has heard of. */
static uint64_t known(int level, uint64_t access)
{
    if (level < SINCE_REFER)
        access &= ~(uint64_t)LANDLOCK_ACCESS_FS_REFER;
    if (level < SINCE_TRUNCATE)
        access &= ~FS_TRUNCATE;
    if (level < SINCE_IOCTL)
        access &= ~FS_IOCTL_DEV;
    return access;
}

bool confine_open(struct confine *confine, struct fault *why)
{
    long level =
        syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
    *confine = (struct confine){.ruleset = -1, .level = level > 0 ? (int)level : 0};
    if (confine->level == 0)
        return true;
    const struct ruleset_attributes attributes = {
        .handled_access_fs = known(confine->level, FS_WRITE | FS_SOCKET | FS_NEVER),
        .scoped = confine->level < SINCE_SCOPES ? 0 : SCOPE_SIGNAL,
    };
    confine->ruleset =
        (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0U);
    return confine->ruleset >= 0 ||
           fault_set(why, FAULT_BROKEN, "landlock: %s", strerrordesc_np(errno));
}

void confine_close(struct confine *confine)
{
    if (!confine || confine->ruleset < 0)
        return;
    (void)close(confine->ruleset); /* nothing is written there that could be lost */
    confine->ruleset = -1;
}

static bool add_rule(const struct confine *confine, int place, const char *path,
                     enum confine_use use, struct fault *why)
{
    struct stat status;
    if (fstat(place, &status) != 0)
        return fault_set(why, FAULT_BROKEN, "%s: %s", path, strerrordesc_np(errno));
    uint64_t access = known(confine->level, uses[use]);
    const struct landlock_path_beneath_attr rule = {
        .allowed_access = S_ISDIR(status.st_mode) ? access : access & FS_OF_FILES,
        .parent_fd = place,
    };
    return syscall(SYS_landlock_add_rule, confine->ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule,
                   0U) == 0 ||
           fault_set(why, FAULT_BROKEN, "landlock: %s: %s", path, strerrordesc_np(errno));
}

bool confine_allow(struct confine *confine, const char *path, enum confine_use use,
                   struct fault *why)
{
    if (confine->level == 0)
        return true;
    int place = open(path, O_PATH | O_CLOEXEC);
    if (place < 0)
        return true; /* what is not there cannot be used either */
    bool is_added = add_rule(confine, place, path, use, why);
    (void)close(place); /* only named by it */
    return is_added;
}

bool confine_enforce(const struct confine *confine, struct fault *why)
{
    if (confine->level == 0)
        return true;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_landlock_restrict_self, confine->ruleset, 0U) != 0)
        return fault_set(why, FAULT_BROKEN, "landlock: %s", strerrordesc_np(errno));
    return true;
}
