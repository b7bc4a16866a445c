/* SPDX-License-Identifier: Apache-2.0 */
/* What fuzz targets share: how they stop, how they copy an input, the adapters. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "adapt/adapter.h"
#include "base/cleanup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { FUZZ_PATH_SIZE = 80 };

/** avro-c puts a union's value, with its pointers, four bytes behind its number: what only such a
 * pointer holds is no leak. */
const char *__lsan_default_options(void);
const char *__lsan_default_options(void)
{
    return "use_unaligned=1";
}

/** A promise that does not hold ends the run, and the input is kept. */
static inline void stop_if(bool is_wrong, const char *what)
{
    if (!is_wrong)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

/** The bytes in memory of their exact size, so that a byte read over them shows; the caller frees
 * it. */
static inline char *exact_copy(const void *bytes, size_t size)
{
    char *copy = malloc(size + (size == 0));
    stop_if(!copy, "no memory");
    memcpy(copy, bytes, size);
    return copy;
}

/** The same with a NUL behind it. */
static inline char *text_copy(const void *bytes, size_t size)
{
    char *copy = malloc(size + 1);
    stop_if(!copy, "no memory");
    memcpy(copy, bytes, size);
    copy[size] = '\0';
    return copy;
}

static inline const struct schema *fuzz_schema(void)
{
    struct fault why = {0};
    const struct schema *schema = schema_load("schemas/dossier-event.avsc", &why);
    stop_if(!schema, why.text);
    return schema;
}

static const struct adapt_limits fuzz_limits = {1 << 20, 64, 20000, 64, 2000, 65536, 100, 100};

static inline const struct adapters *fuzz_adapters(void)
{
    struct fault why = {0};
    const struct adapters *adapters = adapters_load("adapters", fuzz_schema(), &fuzz_limits, &why);
    stop_if(!adapters, why.text);
    return adapters;
}

/** A folder of this run's own, in memory where the system has such a place. */
static inline void fuzz_folder(char path[FUZZ_PATH_SIZE])
{
    (void)snprintf(path, FUZZ_PATH_SIZE, "%s/lienthong-fuzz-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    stop_if(!mkdtemp(path), "no folder");
}

static inline void fuzz_write(const char *path, const void *bytes, size_t size)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    stop_if(file < 0 || write(file, bytes, size) != (ssize_t)size || close(file) != 0, path);
}

#endif
