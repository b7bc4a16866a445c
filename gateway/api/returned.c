/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for a refusal by the id that it was given. */
#include "api/returned.h"

#include <stdio.h>
#include <string.h>

void returned_write_id(const uint8_t event_id[UUID_SIZE], char text[RETURNED_ID_SIZE])
{
    char id[UUID_TEXT_SIZE];
    uuid_text(event_id, id);
    (void)snprintf(text, RETURNED_ID_SIZE, "refuse|%s", id);
}

/* The partner's own systems may use ids that look the same. */
static bool note_refusal(void *own, const struct spool_entry *entry)
{
    bool *is_refusal = own;
    *is_refusal = strcmp(entry->adapter, RETURNED_ADAPTER) == 0;
    return false;
}

bool returned_find(struct spool_reader *reader, const struct returned_key *key, int64_t *entry,
                   struct fault *why)
{
    char native_id[RETURNED_ID_SIZE];
    struct spool_receipt receipt;
    bool is_known = false, is_refusal = false;
    *entry = 0;
    if (!key->event_id)
        return true;
    returned_write_id(key->event_id, native_id);
    const struct spool_id id = {
        .partner = key->partner, .native_id = native_id, .native_id_size = strlen(native_id)};
    if (!spool_look_up(reader, &id, &receipt, &is_known, why))
        return false;
    if (!is_known)
        return true;
    if (!spool_find(reader, receipt.entry, note_refusal, &is_refusal, why))
        return why->kind == FAULT_REFUSE; /* pruned meanwhile */
    *entry = is_refusal ? receipt.entry : 0;
    return true;
}
