/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries read back from the spool. */
#include "deliver/letter.h"

#include "spool/copy.h"

#include <stdlib.h>
#include <string.h>

/* Called once; where memory is out the caller sees it by NULL. */
static bool copy(void *own, const struct spool_delivery *delivery)
{
    struct letter *letter = own;
    letter->memory = spool_copy_delivery(delivery, &letter->delivery);
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
