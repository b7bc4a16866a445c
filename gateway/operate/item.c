/* SPDX-License-Identifier: Apache-2.0 */
/* What lists show of entries and deliveries. */
#include "operate/item.h"

#include "base/moment.h"
#include "operate/cause.h"
#include "operate/detail.h"
#include "spool/receipt.h"

#include <inttypes.h>

enum { NAME_SIZE = 24 };

const char *const item_delivery_states[] = {
    [DELIVERY_WAITING] = "waiting",     [DELIVERY_PARKED] = "parked",
    [DELIVERY_DEAD] = "dead",           [DELIVERY_DISCARDED] = "discarded",
    [DELIVERY_DELIVERED] = "delivered", [DELIVERY_STATE_COUNT] = NULL,
};

json_t *item_text(const char *text)
{
    json_t *json = text ? json_string(text) : NULL;
    return json ? json : json_null();
}

json_t *item_moment(int64_t moment)
{
    char text[MOMENT_TEXT_SIZE];
    if (!moment)
        return json_null();
    (void)moment_write(moment, MOMENT_ISO, text);
    return json_string(text);
}

json_t *item_receipt(const struct spool_reader *reader, int64_t entry)
{
    char text[RECEIPT_TEXT_SIZE];
    if (!entry)
        return json_null();
    receipt_write(spool_reader_key(reader), entry, text);
    return json_string(text);
}

json_t *item_delivery_name(int64_t delivery)
{
    char text[NAME_SIZE];
    if (!delivery)
        return json_null();
    (void)snprintf(text, sizeof text, "d-%" PRId64, delivery);
    return json_string(text);
}

static json_t *id_of(const uint8_t *event_id)
{
    char text[UUID_TEXT_SIZE];
    if (!event_id)
        return json_null();
    uuid_text(event_id, text);
    return json_string(text);
}

static json_t *hash_of(const uint8_t *sha256)
{
    char hex[SHA256_HEX_SIZE];
    if (!sha256)
        return json_null();
    digest_hex(sha256, SHA256_SIZE, hex);
    return json_string(hex);
}

static json_t *words_of(const char *cause, enum http_language language)
{
    return cause ? json_string(cause_text(cause, language)) : json_null();
}

const char *item_entry_state(const struct spool_entry *entry)
{
    static const char *const names[] = {
        [ENTRY_READY] = "accepted",      [ENTRY_PARKED] = "parked",     [ENTRY_DEAD] = "dead",
        [ENTRY_DISCARDED] = "discarded", [ENTRY_RELEASED] = "accepted",
    };
    return entry->is_published ? "published" : names[entry->state];
}

json_t *item_of_entry(const struct spool_reader *reader, const struct spool_entry *entry,
                      enum http_language language)
{
    return json_pack("{so ss so so so so ss sb so so so so so so}",     /**/
                     "receipt", item_receipt(reader, entry->entry),     /**/
                     "partner", entry->partner,                         /**/
                     "adapter", item_text(entry->adapter),              /**/
                     "dossier", item_text(entry->dossier_code),         /**/
                     "event_type", item_text(entry->event_type),        /**/
                     "event_id", id_of(entry->event_id),                /**/
                     "state", item_entry_state(entry),                  /**/
                     "released", entry->state == ENTRY_RELEASED,        /**/
                     "received_at", item_moment(entry->received_at_ms), /**/
                     "due_at", item_moment(entry->due_at_ms),           /**/
                     "cause", item_text(entry->cause),                  /**/
                     "cause_text", words_of(entry->cause, language),    /**/
                     "detail", detail_shown(entry->detail, language),   /**/
                     "behind", item_receipt(reader, entry->behind));
}

/* The two halves, since one table of so many members is hard to read. */
static json_t *event_of(const struct spool_delivery *delivery)
{
    return json_pack("{so so so so so so so si sI}",                       /**/
                     "dossier", item_text(delivery->dossier_code),         /**/
                     "event_type", item_text(delivery->event_type),        /**/
                     "event_id", id_of(delivery->event_id),                /**/
                     "source", item_text(delivery->source),                /**/
                     "occurred_at", item_moment(delivery->occurred_at_ms), /**/
                     "arrived_at", item_moment(delivery->arrived_at_ms),   /**/
                     "due_at", item_moment(delivery->due_at_ms),           /**/
                     "partition", (int)delivery->partition,                /**/
                     "offset", (json_int_t)delivery->offset);
}

json_t *item_of_delivery(const struct spool_delivery *delivery, enum http_language language)
{
    bool is_waiting = delivery->state == DELIVERY_WAITING;
    json_t *json = json_pack("{so so ss so so so sI so so si so so so so so}",              /**/
                             "delivery", item_delivery_name(delivery->delivery),            /**/
                             "partner", item_text(delivery->partner),                       /**/
                             "state", item_delivery_states[delivery->state],                /**/
                             "agency", item_text(delivery->agency),                         /**/
                             "reason", item_text(delivery->reason),                         /**/
                             "directory", item_text(delivery->directory),                   /**/
                             "attempts", (json_int_t)delivery->attempts,                    /**/
                             "next_at", item_moment(is_waiting ? delivery->next_at_ms : 0), /**/
                             "last_at", item_moment(delivery->last_at_ms),                  /**/
                             "last_status", (int)delivery->last_status,                     /**/
                             "cause", item_text(delivery->cause),                           /**/
                             "cause_text", words_of(delivery->cause, language),             /**/
                             "detail", detail_shown(delivery->detail, language),            /**/
                             "document_sha256", hash_of(delivery->document_sha256),         /**/
                             "behind", item_delivery_name(delivery->behind));
    json_t *event = event_of(delivery);
    bool is_whole = json && event && json_object_update(json, event) == 0;
    json_decref(event);
    if (is_whole)
        return json;
    json_decref(json);
    return NULL;
}

/* The text of what failed begins with its cause. */
json_t *item_of_trail(const struct spool_trail *line, enum http_language language)
{
    const char *text = line->text;
    return json_pack("{so ss si so so}", "at", item_moment(line->at_ms), /**/
                     "kind", line->kind, "status", (int)line->status,    /**/
                     "text", item_text(text), "cause_text",
                     text && cause_is_known(text) ? json_string(cause_text(text, language))
                                                  : json_null());
}
