/* SPDX-License-Identifier: Apache-2.0 */
/* What may be sent with an event. */
#include "deliver/brought.h"

#include "spool/filing.h"

#include <string.h>

static bool was_fetched(const struct fetched_list *list, const uint8_t *sha256)
{
    for (size_t i = 0; list && i < list->count; i++)
        if (memcmp(list->items[i].sha256, sha256, SHA256_SIZE) == 0)
            return true;
    return false;
}

bool brought_names(const struct brought *brought, const uint8_t sha256[SHA256_SIZE], bool *does,
                   struct fault *why)
{
    *does = was_fetched(brought->fetched, sha256);
    return *does || spool_arrival_uses(brought->reader, brought->delivery / DELIVERIES_PER_ARRIVAL,
                                       sha256, does, why);
}

bool brought_has(const struct brought *brought, const uint8_t sha256[SHA256_SIZE], bool *has,
                 struct fault *why)
{
    int64_t size = 0;
    bool does = false;
    bool is_there = true;
    if (brought->files &&
        (!brought_names(brought, sha256, &does, why) ||
         (does && !file_store_has(brought->files, sha256, &size, &is_there, why))))
        return false;
    if (!is_there)
        return fault_set(why, FAULT_REFUSE, "the store has not got a file that the event brings");
    *has = does;
    return true;
}
