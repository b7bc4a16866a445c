/* SPDX-License-Identifier: Apache-2.0 */
/* What may be sent with an event. */
#include "deliver/brought.h"

#include "spool/filing.h"

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

bool brought_has(const struct brought *brought, const uint8_t sha256[SHA256_SIZE], bool *has,
                 struct fault *why)
{
    struct search search = {.arrival = brought->delivery / DELIVERIES_PER_ARRIVAL};
    int64_t size = 0;
    *has = false;
    if (!brought->files)
        return true;
    if (!spool_file_arrivals(brought->reader, sha256, is_other, &search, why))
        return false;
    return !search.is_found || file_store_has(brought->files, sha256, &size, has, why);
}
