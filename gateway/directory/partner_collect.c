/* SPDX-License-Identifier: Apache-2.0 */
/* `collect:` of a partner: a folder, or its mailbox. */
#include "directory/partner_collect.h"

#include "base/file.h"

#include <stdlib.h>
#include <sys/stat.h>

enum { POLL_LEAST_MS = 1000, POLL_MOST_MS = 86400000 };

static bool read_drop(const struct partner_place *place, char **drop, struct fault *why)
{
    struct stat status;
    if (!*drop)
        return true;
    char *path = file_beside(yaml_file_path(place->file), *drop, why);
    if (!path)
        return false;
    free(*drop);
    *drop = path;
    return (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) ||
           partner_refuse(place, "collect.drop", why, "is not a folder");
}

static bool check_poll(const struct partner_place *place, int64_t every_ms,
                       const struct partner_delivery *deliver, struct fault *why)
{
    static const char key[] = "collect.poll_every_ms";
    if (!partner_has(place, key))
        return true;
    if (every_ms < POLL_LEAST_MS || every_ms > POLL_MOST_MS)
        return partner_refuse(place, key, why, "must be from 1000 to 86400000");
    return deliver->url || partner_refuse(place, key, why, "needs deliver.url as well");
}

bool partner_collect_read(const struct partner_place *place, struct partner_row *row,
                          const struct partner_delivery *deliver, struct partner_collect *collect,
                          struct fault *why)
{
    if (!read_drop(place, &row->collect.drop, why) ||
        !check_poll(place, row->collect.poll_every_ms, deliver, why))
        return false;
    *collect = (struct partner_collect){row->collect.drop, row->collect.poll_every_ms};
    return true;
}
