/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries read back from the spool. */
#include "deliver/letter.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_COUNT = 10 };

/* The texts of a delivery that are copied, in one place for both passes. */
static void texts_of(struct spool_delivery *delivery, const char **texts[TEXT_COUNT])
{
    const char **all[TEXT_COUNT] = {&delivery->partner,      &delivery->agency,
                                    &delivery->reason,       &delivery->source,
                                    &delivery->dossier_code, &delivery->event_type,
                                    &delivery->traceparent,  &delivery->directory,
                                    &delivery->cause,        &delivery->detail};
    memcpy(texts, all, sizeof all);
}

static size_t memory_size(struct spool_delivery *delivery)
{
    const char **texts[TEXT_COUNT];
    size_t size = UUID_SIZE + SHA256_SIZE + delivery->event_size;
    texts_of(delivery, texts);
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

/* Called once; where memory is out the caller sees it by NULL. */
static bool copy(void *own, const struct spool_delivery *delivery)
{
    struct letter *letter = own;
    const char **texts[TEXT_COUNT];
    letter->delivery = *delivery;
    letter->memory = malloc(memory_size(&letter->delivery) + 1);
    if (!letter->memory)
        return false;
    char *at = letter->memory;
    letter->delivery.event_id = move(&at, delivery->event_id, UUID_SIZE);
    letter->delivery.document_sha256 = move(&at, delivery->document_sha256, SHA256_SIZE);
    letter->delivery.event = move(&at, delivery->event, delivery->event_size);
    texts_of(&letter->delivery, texts);
    for (size_t i = 0; i < TEXT_COUNT; i++)
        *texts[i] = move(&at, *texts[i], *texts[i] ? strlen(*texts[i]) + 1 : 0);
    return false;
}

bool letter_load(struct spool_reader *reader, int64_t delivery, struct letter *letter,
                 struct fault *why)
{
    *letter = (struct letter){.memory = NULL};
    if (!spool_find_delivery(reader, delivery, copy, letter, why))
        return false;
    return letter->memory || fault_memory(why);
}

void letter_free(struct letter *letter)
{
    free(letter->memory);
    *letter = (struct letter){.memory = NULL};
}

bool letter_is_to(const struct letter *letter, const char *partner)
{
    const char *to = letter->delivery.partner;
    return to && strcmp(to, partner) == 0;
}

const avro_value_t *letter_event(struct station *station, const struct letter *letter,
                                 const struct schema *ours, struct fault *why)
{
    const struct spool_delivery *delivery = &letter->delivery;
    const struct stored_event stored = {delivery->schema_no, delivery->event, delivery->event_size};
    if (delivery->event)
        return recall_as_ours(station->recall, station->reader, &stored, ours, why);
    (void)fault_set(why, FAULT_BROKEN, "its event is damaged in the spool");
    return NULL;
}
