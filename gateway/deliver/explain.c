/* SPDX-License-Identifier: Apache-2.0 */
/* The route of an event as the spool has it, and as today's directory would have it. */
#include "deliver/explain.h"

#include "api/member.h"
#include "api/recall.h"
#include "base/cleanup.h"
#include "base/moment.h"
#include "deliver/route.h"
#include "deliver/tell.h"
#include "spool/receipt.h"

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(struct recall *, recall_free)

/* The event that is asked for, copied so that the reader can be asked more. */
struct asked {
    char *bytes; /* NULL when the entry has no event */
    size_t size;
    int32_t schema_no;
    char *source, *dossier_code;
    uint8_t event_id[UUID_SIZE];
    bool has_id;
    bool is_memory_out, is_shredded;
};

static void forget(struct asked *asked)
{
    free(asked->bytes);
    free(asked->source);
    free(asked->dossier_code);
}

static void copy_text(struct asked *asked, char **copy, const char *text)
{
    *copy = text ? strdup(text) : NULL;
    asked->is_memory_out = asked->is_memory_out || (text && !*copy);
}

static void copy_event(struct asked *asked, const char *bytes, size_t size)
{
    asked->bytes = bytes ? malloc(size + 1) : NULL;
    asked->is_memory_out = asked->is_memory_out || (bytes && !asked->bytes);
    if (asked->bytes)
        memcpy(asked->bytes, bytes, size);
    asked->size = size;
}

static void copy_id(struct asked *asked, const uint8_t *event_id)
{
    asked->has_id = event_id != NULL;
    if (event_id)
        memcpy(asked->event_id, event_id, UUID_SIZE);
}

static bool copy_entry(void *own, const struct spool_entry *entry)
{
    struct asked *asked = own;
    asked->schema_no = entry->schema_no;
    asked->is_shredded = entry->is_shredded;
    copy_event(asked, entry->event, entry->event_size);
    copy_text(asked, &asked->source, entry->partner);
    copy_text(asked, &asked->dossier_code, entry->dossier_code);
    copy_id(asked, entry->event_id);
    return false;
}

static bool copy_delivery(void *own, const struct spool_delivery *delivery)
{
    struct asked *asked = own;
    asked->schema_no = delivery->schema_no;
    asked->is_shredded = delivery->is_shredded;
    copy_event(asked, delivery->event, delivery->event_size);
    copy_text(asked, &asked->source, delivery->source);
    copy_text(asked, &asked->dossier_code, delivery->dossier_code);
    copy_id(asked, delivery->event_id);
    return false;
}

static bool find_asked(struct spool_reader *reader, const char *name, struct asked *asked,
                       struct fault *why)
{
    int64_t number;
    if (delivery_read(name, &number)) {
        if (!spool_find_delivery(reader, number, copy_delivery, asked, why))
            return false;
    } else if (receipt_read(spool_reader_key(reader), name, &number)) {
        if (!spool_find(reader, number, copy_entry, asked, why))
            return false;
    } else {
        return fault_set(why, FAULT_REFUSE, "no receipt of this spool, and no delivery (d-NUMBER)");
    }
    if (asked->is_memory_out)
        return fault_memory(why);
    return asked->bytes ||
           fault_set(why, FAULT_REFUSE,
                     asked->is_shredded ? SPOOL_SHREDDED : "there is no event of that name");
}

/* --- texts of the answer --- */

static json_t *moment_json(int64_t moment)
{
    char text[MOMENT_TEXT_SIZE];
    (void)moment_write(moment, MOMENT_ISO, text);
    return json_string(text);
}

static json_t *text_json(const char *text)
{
    return text && *text != '\0' ? json_string(text) : NULL;
}

static json_t *event_json(const struct asked *asked, const avro_value_t *event)
{
    int64_t occurred_at = 0;
    char event_id[UUID_TEXT_SIZE];
    (void)member_number(event, "occurred_at", &occurred_at); /* 0 where a schema had none */
    uuid_text(asked->event_id, event_id);
    return json_pack("{so* so* so* so* so}",                                      /**/
                     "event_id", asked->has_id ? json_string(event_id) : NULL,    /**/
                     "event_type", text_json(member_symbol(event, "event_type")), /**/
                     "dossier", text_json(asked->dossier_code),                   /**/
                     "source", text_json(asked->source), "occurred_at", moment_json(occurred_at));
}

/* --- as it is stored --- */

struct listing {
    json_t *list;
    bool is_broken;
};

static bool list_delivery(void *own, const struct spool_delivery *delivery)
{
    static const char *const states[DELIVERY_STATE_COUNT] = {
        [DELIVERY_WAITING] = "waiting",     [DELIVERY_PARKED] = "parked",
        [DELIVERY_DEAD] = "dead",           [DELIVERY_DISCARDED] = "discarded",
        [DELIVERY_DELIVERED] = "delivered",
    };
    struct listing *listing = own;
    char name[DELIVERY_TEXT_SIZE];
    delivery_text(delivery->delivery, name);
    json_t *row = json_pack("{ss ss so* so* so* so* so* so so}",                /**/
                            "delivery", name, "state", states[delivery->state], /**/
                            "partner", text_json(delivery->partner),            /**/
                            "agency", text_json(delivery->agency),              /**/
                            "reason", text_json(delivery->reason),              /**/
                            "cause", text_json(delivery->cause),                /**/
                            "directory", text_json(delivery->directory),        /**/
                            "routed_at", moment_json(delivery->arrived_at_ms),  /**/
                            "rerouted", json_array());
    listing->is_broken = !row || json_array_append_new(listing->list, row) != 0;
    return !listing->is_broken;
}

static bool list_reroute(void *own, const struct spool_trail *line)
{
    struct listing *listing = own;
    if (strcmp(line->kind, "rerouted") != 0)
        return true;
    json_t *row =
        json_pack("{so ss}", "at", moment_json(line->at_ms), "text", line->text ? line->text : "");
    listing->is_broken = !row || json_array_append_new(listing->list, row) != 0;
    return !listing->is_broken;
}

static bool add_reroutes(struct spool_reader *reader, json_t *deliveries, struct fault *why)
{
    size_t index;
    json_t *row;
    json_array_foreach (deliveries, index, row) {
        int64_t number = 0;
        struct listing listing = {.list = json_object_get(row, "rerouted")};
        if (delivery_read(json_string_value(json_object_get(row, "delivery")), &number) &&
            !spool_trail(reader, number, list_reroute, &listing, why))
            return false;
        if (listing.is_broken)
            return fault_memory(why);
    }
    return true;
}

static json_t *stored_json(struct spool_reader *reader, const struct asked *asked,
                           struct fault *why)
{
    auto_free(json_decref) json_t *list = json_array();
    struct listing listing = {.list = list};
    const struct delivery_filter filter = {
        .dossier_code = asked->dossier_code, .event_id = asked->event_id, .state = -1};
    if (!list) {
        fault_memory(why);
        return NULL;
    }
    if (asked->has_id && !spool_deliveries(reader, &filter, list_delivery, &listing, why))
        return NULL;
    if (listing.is_broken) {
        fault_memory(why);
        return NULL;
    }
    return add_reroutes(reader, list, why) ? steal(list) : NULL;
}

/* --- as it would be --- */

static json_t *target_json(const struct route_target *target)
{
    return json_pack("{so* so* ss ss so*}", "partner",                      /**/
                     text_json(target->partner ? target->partner->id : ""), /**/
                     "agency", text_json(target->agency),                   /**/
                     "reason", target->reason, "reason_vi", target->reason_vi, "cause",
                     text_json(target->cause));
}

static json_t *route_json(const struct directory *directory, const struct route *route)
{
    auto_free(json_decref) json_t *targets = json_array();
    for (size_t i = 0; i < route->count; i++)
        if (json_array_append_new(targets, target_json(&route->targets[i])) != 0)
            return NULL;
    return json_pack("{ss sO so* so*}", "directory", directory_version(directory), "targets",
                     targets, "note", text_json(route->note), "note_vi", text_json(route->note_vi));
}

static json_t *today_json(const struct directory *directory, const struct asked *asked,
                          const avro_value_t *event, struct fault *why)
{
    struct route route;
    if (!route_event(directory, event, asked->source, &route, why))
        return NULL;
    json_t *json = route_json(directory, &route);
    route_free(&route);
    if (!json)
        fault_memory(why);
    return json;
}

static json_t *explain(struct spool_reader *reader, const struct directory *directory,
                       const struct asked *asked, struct fault *why)
{
    auto_free(recall_free) struct recall *recall = recall_new();
    if (!recall) {
        fault_memory(why);
        return NULL;
    }
    const avro_value_t *event =
        recall_event(recall, reader, asked->schema_no, asked->bytes, asked->size, why);
    auto_free(json_decref) json_t *stored = event ? stored_json(reader, asked, why) : NULL;
    auto_free(json_decref) json_t *today = stored ? today_json(directory, asked, event, why) : NULL;
    if (!today)
        return NULL;
    json_t *json = json_pack("{so sO sO}", "event", event_json(asked, event), "stored", stored,
                             "today", today);
    if (!json)
        fault_memory(why);
    return json;
}

json_t *explain_event(struct spool_reader *reader, const struct directory *directory,
                      const char *name, struct fault *why)
{
    struct asked asked = {.bytes = NULL};
    json_t *json =
        find_asked(reader, name, &asked, why) ? explain(reader, directory, &asked, why) : NULL;
    forget(&asked);
    return json;
}
