/* SPDX-License-Identifier: Apache-2.0 */
/* Where the command line finds the keys of partners. */
#include "cli/credential.h"

#include "base/cleanup.h"
#include "base/file.h"

char *credential_of(const char *folder, const char *partner, struct fault *why)
{
    const char *own = getenv("LIENTHONG_KEY");
    if (own && !folder) {
        char *copy = strdup(own);
        if (!copy)
            (void)fault_memory(why);
        return copy;
    }
    if (!folder) {
        (void)fault_set(why, FAULT_REFUSE,
                        "no key: give --keys FOLDER, $LIENTHONG_KEYS or $LIENTHONG_KEY");
        return NULL;
    }
    auto_free(free) char *path = NULL;
    if (asprintf(&path, "%s/%s.key", folder, partner) < 0) {
        path = NULL;
        (void)fault_memory(why);
        return NULL;
    }
    return file_read_secret(path, why);
}
