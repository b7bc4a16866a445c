/* SPDX-License-Identifier: Apache-2.0 */
/* Documents that came before: what is kept of them. */
#include "ingest/repeat.h"

#include "base/cleanup.h"
#include "spool/copy.h"

#include <stdlib.h>
#include <string.h>

static bool find_item(const struct handoff *handoff, struct spool_reader *reader, size_t index,
                      struct spool_receipt *receipt, bool *is_repeat, struct fault *why)
{
    const struct spool_item *item = &handoff->items[index];
    const struct spool_id id = {handoff->caller.partner->id, item->native_id, item->native_id_size,
                                item->content_sha256};
    bool is_known = false;
    if (item->native_id && !spool_look_up(reader, &id, receipt, &is_known, why))
        return false;
    *is_repeat = is_known && receipt->verdict == SPOOL_REPEATED;
    return true;
}

bool repeat_find(struct handoff *handoff, struct spool_reader *reader, bool *is_repeat,
                 struct fault *why)
{
    size_t count = handoff->document.item_count;
    *is_repeat = false;
    if (count == 0)
        return true;
    auto_free(free) struct spool_receipt *receipts = calloc(count, sizeof *receipts);
    if (!receipts)
        return fault_memory(why);
    for (size_t i = 0; i < count; i++) {
        if (!find_item(handoff, reader, i, &receipts[i], is_repeat, why))
            return false;
        if (!*is_repeat)
            return true;
    }
    handoff->receipts = steal(receipts);
    handoff->has_receipts = true;
    return true;
}

/* One item, and whether there is memory for it. */
struct recalling {
    struct spool_item *item;
    struct item_memory *memory;
    bool is_full;
};

static bool recall_item(void *own, const struct spool_entry *entry)
{
    struct recalling *recalling = own;
    struct spool_item *item = recalling->item;
    struct spool_entry kept, told = *entry;
    told.event = NULL; /* nobody asks for it */
    told.event_size = 0;
    char *texts = spool_copy_entry(&told, &kept);
    recalling->is_full = !texts;
    if (!texts)
        return false;
    free(recalling->memory->texts);
    free(recalling->memory->event);
    recalling->memory->texts = texts;
    recalling->memory->event = NULL;
    if (!kept.event_type) {
        json_decref(recalling->memory->agencies);
        recalling->memory->agencies = NULL;
    }
    *item = (struct spool_item){.files = item->files,
                                .file_count = item->file_count,
                                .dossier_code = kept.dossier_code,
                                .event_type = kept.event_type,
                                .cause = kept.cause};
    if (kept.event_id)
        memcpy(item->event_id, kept.event_id, UUID_SIZE);
    return false;
}

bool repeat_recall(struct handoff *handoff, struct spool_reader *reader, struct fault *why)
{
    for (size_t i = 0; i < handoff->document.item_count; i++) {
        struct recalling recalling = {&handoff->items[i], &handoff->memory[i], false};
        const struct spool_receipt *receipt = &handoff->receipts[i];
        if (receipt->verdict != SPOOL_REPEATED)
            continue;
        if (!spool_find(reader, receipt->entry, recall_item, &recalling, why) &&
            why->kind != FAULT_REFUSE) /* pruned meanwhile: it is told as it was read */
            return false;
        if (recalling.is_full)
            return fault_memory(why);
    }
    return true;
}
