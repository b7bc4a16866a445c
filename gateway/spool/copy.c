/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the spool, copied with all that they point to. */
#include "spool/copy.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { TEXTS_MOST = 10 };

/* Where the pointers of a row are. */
struct shape {
    size_t event_id, document_sha256, event;
    size_t text_count, texts[TEXTS_MOST];
};

#define ENTRY(member)    offsetof(struct spool_entry, member)
#define DELIVERY(member) offsetof(struct spool_delivery, member)

static const struct shape entries = {
    ENTRY(event_id),
    ENTRY(document_sha256),
    ENTRY(event),
    9,
    {ENTRY(partner), ENTRY(adapter), ENTRY(media_type), ENTRY(traceparent), ENTRY(native_id),
     ENTRY(dossier_code), ENTRY(event_type), ENTRY(cause), ENTRY(detail)},
};

static const struct shape deliveries = {
    DELIVERY(event_id),
    DELIVERY(document_sha256),
    DELIVERY(event),
    10,
    {DELIVERY(partner), DELIVERY(agency), DELIVERY(reason), DELIVERY(source),
     DELIVERY(dossier_code), DELIVERY(event_type), DELIVERY(traceparent), DELIVERY(directory),
     DELIVERY(cause), DELIVERY(detail)},
};

static const char *pointer_at(const char *row, size_t place)
{
    const char *pointer;
    memcpy(&pointer, row + place, sizeof pointer);
    return pointer;
}

/* With its NUL. */
static size_t text_size(const char *row, size_t place)
{
    const char *text = pointer_at(row, place);
    return text ? strlen(text) + 1 : 0;
}

/* Copies what the row points to, and has it point to the copy. */
static void move(char *row, size_t place, size_t size, char **end)
{
    const char *bytes = pointer_at(row, place);
    const char *copied = bytes ? *end : NULL;
    if (bytes)
        *end = mempcpy(*end, bytes, size);
    memcpy(row + place, &copied, sizeof copied);
}

static char *copy(char *row, size_t event_size, const struct shape *shape)
{
    size_t size = UUID_SIZE + SHA256_SIZE + event_size;
    for (size_t i = 0; i < shape->text_count; i++)
        size += text_size(row, shape->texts[i]);
    char *memory = malloc(size), *end = memory;
    if (!memory)
        return NULL;
    move(row, shape->event_id, UUID_SIZE, &end);
    move(row, shape->document_sha256, SHA256_SIZE, &end);
    move(row, shape->event, event_size, &end);
    for (size_t i = 0; i < shape->text_count; i++)
        move(row, shape->texts[i], text_size(row, shape->texts[i]), &end);
    return memory;
}

char *spool_copy_entry(const struct spool_entry *entry, struct spool_entry *copied)
{
    *copied = *entry;
    copied->notice = NULL;
    return copy((char *)copied, entry->event_size, &entries);
}

char *spool_copy_delivery(const struct spool_delivery *delivery, struct spool_delivery *copied)
{
    *copied = *delivery;
    return copy((char *)copied, delivery->event_size, &deliveries);
}
