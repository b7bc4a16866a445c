/* SPDX-License-Identifier: Apache-2.0 */
/* From an item of a document to what the spool keeps of it. */
#include "api/keeping.h"

#include "api/member.h"

#include <stdlib.h>
#include <string.h>

/* Puts a text and a NUL at `*at`; NULL for NULL. */
static const char *put(char **at, const char *text, size_t size)
{
    const char *start = *at;
    if (!text)
        return NULL;
    *at = mempcpy(*at, text, size);
    *(*at)++ = '\0';
    return start;
}

static size_t size_of(const char *text)
{
    return text ? strlen(text) : 0;
}

bool keeping_of_item(const struct adapt_item *item, struct spool_item *kept, char **texts,
                     struct fault *why)
{
    const char *dossier = member_text(&item->event, "dossier_code");
    size_t native_size = item->native_id ? item->native_id_size : 0;
    char *at = malloc(native_size + size_of(dossier) + size_of(item->reference) + 3);
    if (!at)
        return fault_memory(why);
    *texts = at;
    (void)member_number(&item->event, "times.due_at", &kept->due_at_ms); /* stays 0 without one */
    memcpy(kept->content_sha256, item->content_sha256, SHA256_SIZE);
    kept->native_id = put(&at, item->native_id, native_size);
    kept->native_id_size = native_size;
    kept->dossier_code = put(&at, dossier, size_of(dossier));
    kept->reference = put(&at, item->reference, size_of(item->reference));
    return true;
}

void keeping_of_event(const avro_value_t *event, struct spool_item *kept)
{
    kept->event_type = member_symbol(event, "event_type");
    (void)member_number(event, "occurred_at", &kept->occurred_at_ms); /* it has: complete_event */
}
