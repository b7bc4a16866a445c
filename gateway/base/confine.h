/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CONFINE_H
#define BASE_CONFINE_H

#include "base/fault.h"

#include <stdbool.h>

/** What may be done below a folder, or with a file. */
enum confine_use {
    CONFINE_READ,
    CONFINE_WRITE,  /**< and read: make, change, rename and remove files and folders */
    CONFINE_SOCKET, /**< and read: make and remove sockets and files, change no file */
};

/**
 * What this process will be held to by the kernel (Landlock).  Nothing is held before
 * confine_enforce.
 */
struct confine {
    int ruleset; /**< a descriptor; -1: the kernel has no Landlock */
    int level;   /**< the kernel's version of it; 0: none */
};

/** Begins with nothing allowed.  A kernel without Landlock is no fault: `level` is 0 then, and the
 * other calls do nothing. */
bool confine_open(struct confine *confine, struct fault *why) __attribute__((warn_unused_result));
void confine_close(struct confine *confine);

/** Allows `use` of a path and all that is below it.  What is not there is passed over.  A rule is
 * about the folder that is there now, also when another takes its name later. */
bool confine_allow(struct confine *confine, const char *path, enum confine_use use,
                   struct fault *why) __attribute__((warn_unused_result));

/**
 * From here on the calling thread, and those that it starts, open nothing but what was allowed, run
 * no program, gain no rights by one, and send signals to nobody outside.  What is open stays
 * usable.  For ever.
 */
bool confine_enforce(const struct confine *confine, struct fault *why)
    __attribute__((warn_unused_result));

#endif
