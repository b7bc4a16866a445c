/* SPDX-License-Identifier: Apache-2.0 */
/* The store's own key: it signs links and references, and never leaves the folder. */
#include "files/secret.h"

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"
#include "files/durable.h"

#include <unistd.h>

static const char name[] = "key";

bool secret_find(const char *folder, uint8_t *key, size_t size, bool *found, struct fault *why)
{
    auto_free(free) char *path = file_join(folder, name, why);
    if (!path)
        return false;
    *found = access(path, F_OK) == 0;
    if (!*found)
        return true;
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

bool secret_load(const char *folder, uint8_t *key, size_t size, struct fault *why)
{
    bool found = false;
    if (!secret_find(folder, key, size, &found, why))
        return false;
    if (found)
        return true;
    random_fill(key, size);
    return durable_write(folder, name, key, size, why);
}

bool secret_remove(const char *folder, struct fault *why)
{
    return durable_remove(folder, name, why);
}
