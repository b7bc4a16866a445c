/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * Reads a whole file.  The caller owns the bytes, which a NUL follows that `size` does not count.
 * NULL with FAULT_REFUSE when it is missing, unreadable, no regular file, or over `limit` bytes;
 * the text names the path.
 */
char *file_read(const char *path, size_t limit, size_t *size, struct fault *why)
    __attribute__((warn_unused_result));

/** Reads a secret: at most 4 KiB, one trailing line end removed, refused when empty. */
char *file_read_secret(const char *path, struct fault *why) __attribute__((warn_unused_result));

/** "folder/name" in heap that the caller owns; NULL with FAULT_BROKEN when memory is out. */
char *file_join(const char *folder, const char *name, struct fault *why)
    __attribute__((warn_unused_result));

/**
 * `name` as a file at `path` means it: itself when absolute, else in the folder of `path`.  What
 * begins with "$CREDENTIALS_DIRECTORY/" lies in the folder of that variable, and stays as it is
 * where the variable is not set.  The caller owns it; NULL with FAULT_BROKEN when memory is out.
 */
char *file_beside(const char *path, const char *name, struct fault *why)
    __attribute__((warn_unused_result));

/** Whether a path still begins with "$CREDENTIALS_DIRECTORY/": only the service would find it. */
bool file_is_handed_over(const char *path);

#endif
