/* SPDX-License-Identifier: Apache-2.0 */
/* Entries read back from the spool, and who may see them. */
#include "api/found.h"

#include "api/concern.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_COUNT = 9 };

/* The texts of an entry that are copied, in one place for both passes. */
static void texts_of(struct spool_entry *entry, const char **texts[TEXT_COUNT])
{
    const char **all[TEXT_COUNT] = {&entry->partner,     &entry->adapter,   &entry->media_type,
                                    &entry->traceparent, &entry->native_id, &entry->dossier_code,
                                    &entry->event_type,  &entry->cause,     &entry->detail};
    memcpy(texts, all, sizeof all);
}

static size_t memory_size(struct spool_entry *entry)
{
    const char **texts[TEXT_COUNT];
    size_t size = UUID_SIZE + SHA256_SIZE + entry->event_size;
    texts_of(entry, texts);
    for (size_t i = 0; i < TEXT_COUNT; i++)
        size += *texts[i] ? strlen(*texts[i]) + 1 : 0;
    return size;
}

static const void *move(char **at, const void *bytes, size_t size)
{
    const char *start = *at;
    if (!bytes)
        return NULL;
    *at = mempcpy(*at, bytes, size);
    return start;
}

/* Called once; stops the reading where memory is out, which the caller sees by NULL. */
static bool copy(void *own, const struct spool_entry *entry)
{
    struct found *found = own;
    const char **texts[TEXT_COUNT];
    found->entry = *entry;
    found->memory = malloc(memory_size(&found->entry) + 1);
    if (!found->memory)
        return false;
    char *at = found->memory;
    found->entry.event_id = move(&at, entry->event_id, UUID_SIZE);
    found->entry.document_sha256 = move(&at, entry->document_sha256, SHA256_SIZE);
    found->entry.event = move(&at, entry->event, entry->event_size);
    texts_of(&found->entry, texts);
    for (size_t i = 0; i < TEXT_COUNT; i++)
        *texts[i] = move(&at, *texts[i], *texts[i] ? strlen(*texts[i]) + 1 : 0);
    return true;
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
