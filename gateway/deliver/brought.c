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

struct search {
    int64_t arrival;
    bool is_found;
};

static bool is_other(void *own, int64_t number)
{
    struct search *search = own;
    search->is_found = number == search->arrival;
    return !search->is_found;
}

bool brought_names(const struct brought *brought, const uint8_t sha256[SHA256_SIZE], bool *does,
                   struct fault *why)
{
    struct search search = {.arrival = brought->delivery / DELIVERIES_PER_ARRIVAL};
    search.is_found = was_fetched(brought->fetched, sha256);
    if (!search.is_found && !spool_file_arrivals(brought->reader, sha256, is_other, &search, why))
        return false;
    *does = search.is_found;
    return true;
}

bool brought_has(const struct brought *brought, const uint8_t sha256[SHA256_SIZE], bool *has,
                 struct fault *why)
{
    int64_t size = 0;
    bool does = false;
    *has = false;
    if (!brought->files)
        return true;
    if (!brought_names(brought, sha256, &does, why))
        return false;
    return !does || file_store_has(brought->files, sha256, &size, has, why);
}
