/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for a refusal among the entries of its dossier. */
#include "api/returned.h"

#include <stdio.h>
#include <string.h>

struct search {
    char native_id[RETURNED_ID_SIZE];
    const char *partner;
    int64_t entry;
};

void returned_write_id(const uint8_t event_id[UUID_SIZE], char text[RETURNED_ID_SIZE])
{
    char id[UUID_TEXT_SIZE];
    uuid_text(event_id, id);
    (void)snprintf(text, RETURNED_ID_SIZE, "refuse|%s", id);
}

static bool look(void *own, const struct spool_entry *entry)
{
    struct search *search = own;
    if (strcmp(entry->adapter, RETURNED_ADAPTER) != 0 ||
        strcmp(entry->partner, search->partner) != 0 || !entry->native_id ||
        strcmp(entry->native_id, search->native_id) != 0)
        return true;
    search->entry = entry->entry;
    return false;
}

bool returned_find(struct spool_reader *reader, const struct returned_key *key, int64_t *entry,
                   struct fault *why)
{
    struct search search = {.partner = key->partner};
    *entry = 0;
    if (!key->dossier_code || !key->event_id)
        return true;
    returned_write_id(key->event_id, search.native_id);
    if (!spool_of_dossier(reader, key->dossier_code, (struct spool_range){0, INT64_MAX}, look,
                          &search, why))
        return false;
    *entry = search.entry;
    return true;
}
