/* SPDX-License-Identifier: Apache-2.0 */
/* An entry of the spool as JSON, as show and export print it. */
#include "cli/entry.h"

#include "base/bilingual.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/moment.h"
#include "spool/receipt.h"

#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

static const char *state_name(const struct spool_entry *entry)
{
    if (entry->is_published)
        return "published";
    switch (entry->state) {
    case ENTRY_READY:
    case ENTRY_RELEASED:
        return "accepted";
    case ENTRY_PARKED:
        return "parked";
    case ENTRY_DEAD:
        return "dead";
    case ENTRY_DISCARDED:
        return "discarded";
    }
    return "unknown";
}

static json_t *moment_json(int64_t moment)
{
    char text[MOMENT_TEXT_SIZE];
    if (!moment)
        return NULL;
    (void)moment_write(moment, MOMENT_ISO, text);
    return json_string(text);
}

static json_t *receipt_json(struct spool_reader *reader, int64_t entry)
{
    char text[RECEIPT_TEXT_SIZE];
    if (!entry)
        return NULL;
    receipt_write(spool_reader_key(reader), entry, text);
    return json_string(text);
}

static const char *english_of(const char *text)
{
    size_t size;
    return text ? bilingual_part(text, true, &size) : NULL;
}

json_t *entry_json(struct spool_reader *reader, const struct spool_entry *entry)
{
    char event_id[UUID_TEXT_SIZE];
    char sha256[SHA256_HEX_SIZE];
    digest_hex(entry->document_sha256, SHA256_SIZE, sha256);
    if (entry->event_id)
        uuid_text(entry->event_id, event_id);
    return json_pack("{so ss ss* ss* ss* so* so* ss ss* ss* si ss sI so* ss* ss* so* so*}", /**/
                     "receipt", receipt_json(reader, entry->entry),                         /**/
                     "state", state_name(entry), "dossier", entry->dossier_code,            /**/
                     "event_type", entry->event_type,                                       /**/
                     "event_id", entry->event_id ? event_id : NULL,                         /**/
                     "received_at", moment_json(entry->received_at_ms),                     /**/
                     "due_at", moment_json(entry->due_at_ms), "partner", entry->partner,    /**/
                     "adapter", entry->adapter, "media_type", entry->media_type,            /**/
                     "item", entry->item_no, "document_sha256", sha256,                     /**/
                     "number", (json_int_t)entry->number,                                   /**/
                     "behind", receipt_json(reader, entry->behind), "cause", entry->cause,  /**/
                     "detail", english_of(entry->detail), "damaged",
                     entry->is_damaged ? json_true() : NULL, "shredded",
                     entry->is_shredded ? json_true() : NULL);
}

struct describing {
    struct spool_reader *reader;
    struct decoder *decoder;
    json_t *json;
    int64_t number;
    int32_t schema_no;
    bool is_published, is_mended;
    char *event; /* copied: the schema is read by another call on the reader */
    size_t event_size;
};

static bool describe(void *own, const struct spool_entry *entry)
{
    struct describing *describing = own;
    describing->json = entry_json(describing->reader, entry);
    describing->number = entry->number;
    describing->schema_no = entry->schema_no;
    describing->is_published = entry->is_published;
    describing->is_mended = entry->revision > 0;
    if (entry->event && describing->decoder) {
        describing->event = malloc(entry->event_size + 1);
        describing->event_size = entry->event_size;
        if (describing->event)
            memcpy(describing->event, entry->event, entry->event_size);
    }
    return false;
}

static bool add_event(struct describing *describing, struct fault *why)
{
    struct spool_schema_row row = {0};
    if (!spool_schema_of(describing->reader, describing->schema_no, &row, why))
        return false;
    auto_free(free) char *text = row.text;
    json_t *event = decoder_datum(describing->decoder, text, row.fingerprint, describing->event,
                                  describing->event_size, why);
    return event && json_object_set_new(describing->json, "event", event) == 0;
}

static bool add_place(struct describing *describing, struct fault *why)
{
    struct spool_place place;
    if (spool_place_of(describing->reader, describing->number, &place, why)) {
        (void)json_object_set_new(describing->json, "partition", json_integer(place.partition));
        (void)json_object_set_new(describing->json, "offset", json_integer(place.offset));
        return true;
    }
    return why->kind == FAULT_NONE; /* published, but the place was lost with a crash */
}

/* Of the document as it came: the signer did not sign what was mended. */
static bool add_signatures(const struct describing *describing, int64_t entry, struct fault *why)
{
    auto_free(free) char *proved = NULL;
    if (describing->is_mended)
        return true;
    if (!spool_proved(describing->reader, entry, &proved, why))
        return false;
    return !proved ||
           json_object_set_new(describing->json, "signatures", json_loads(proved, 0, NULL)) == 0;
}

json_t *entry_describe(struct spool_reader *reader, int64_t entry, struct decoder *decoder,
                       struct fault *why)
{
    struct describing describing = {.reader = reader, .decoder = decoder};
    if (!spool_find(reader, entry, describe, &describing, why))
        return NULL;
    auto_free(json_decref) json_t *json = describing.json;
    auto_free(free) char *event = describing.event;
    if (!json) {
        (void)fault_memory(why);
        return NULL;
    }
    if (describing.is_published && !add_place(&describing, why))
        return NULL;
    if (!add_signatures(&describing, entry, why) || (event && !add_event(&describing, why)))
        return NULL;
    return steal(json);
}
