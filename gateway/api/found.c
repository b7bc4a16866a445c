/* SPDX-License-Identifier: Apache-2.0 */
/* Entries read back from the spool, and who may see them. */
#include "api/found.h"

#include "api/concern.h"
#include "spool/copy.h"

#include <stdlib.h>
#include <string.h>

/* Called once; stops the reading where memory is out, which the caller sees by NULL. */
static bool copy(void *own, const struct spool_entry *entry)
{
    struct found *found = own;
    found->memory = spool_copy_entry(entry, &found->entry);
    return found->memory != NULL;
}

bool found_load(struct station *station, int64_t entry, struct found *found, struct fault *why)
{
    struct fault place_unknown;
    *found = (struct found){.memory = NULL};
    if (!spool_find(station->reader, entry, copy, found, why))
        return false;
    if (!found->memory)
        return fault_memory(why);
    if (!found->entry.is_published ||
        !spool_place_of(station->reader, found->entry.number, &found->place, &place_unknown))
        found->place = (struct spool_place){0}; /* published long ago, or before a restart */
    return true;
}

void found_free(struct found *found)
{
    free(found->memory);
    *found = (struct found){.memory = NULL};
}

const avro_value_t *found_event(struct station *station, const struct found *found)
{
    struct fault why;
    const struct spool_entry *entry = &found->entry;
    if (!entry->event)
        return NULL;
    return recall_event(station->recall, station->reader, entry->schema_no, entry->event,
                        entry->event_size, &why);
}

bool found_is_own(const struct found *found, const struct caller *caller)
{
    return strcmp(found->entry.partner, caller->partner->id) == 0;
}

bool found_is_visible(struct station *station, const struct found *found,
                      const struct caller *caller)
{
    if (found_is_own(found, caller))
        return true;
    const avro_value_t *event = found_event(station, found);
    return event && concern_of(event, caller);
}
