/* SPDX-License-Identifier: Apache-2.0 */
/* Where the commands that act as a partner find its key. */
#include "cli/key.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <string.h>

/* The environment's is for where one partner is all there is. */
char *cli_find_key(const char *folder, const char *partner, struct fault *why)
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
