/* SPDX-License-Identifier: Apache-2.0 */
/* Files that a test writes and forgets. */
#ifndef UNIT_SCRATCH_H
#define UNIT_SCRATCH_H

#include "unit.h"

#include <unistd.h>

enum { SCRATCH_PATH_SIZE = 64 };

/* Makes a file of these bytes, names it in `path`; the test unlinks it. */
static inline void scratch_bytes(char path[SCRATCH_PATH_SIZE], const char *bytes, size_t size)
{
    (void)snprintf(path, SCRATCH_PATH_SIZE, "/tmp/lienthong-test-XXXXXX");
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, bytes, size), size);
    assert_int_equal(close(descriptor), 0);
}

static inline void scratch_text(char path[SCRATCH_PATH_SIZE], const char *text)
{
    scratch_bytes(path, text, strlen(text));
}

/* Makes a file of this text, also of one that is there. */
static inline void scratch_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* A fault that begins with the path: what follows it, as ":3:5: what". */
static inline const char *scratch_after_path(const char *path, const char *text)
{
    size_t size = strlen(path);
    if (strncmp(text, path, size) != 0)
        fail_msg("\"%s\" does not begin with the path", text);
    return text + size;
}

#endif
