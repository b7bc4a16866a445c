/* SPDX-License-Identifier: Apache-2.0 */
/* What became of an event after Kafka, told to those whom it concerns. */
#include "ingest/journey.h"

#include "api/member.h"
#include "api/returned.h"
#include "base/cleanup.h"
#include "base/moment.h"
#include "ingest/sentence.h"

#include <inttypes.h>
#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

/* What one entry's deliveries become. */
struct telling {
    const struct listener *listener;
    json_t *list;
    bool is_sender;
    bool has_failed;
};

/* ---- one delivery ---- */

static json_t *text_or_absent(const char *text)
{
    return text ? json_string(text) : NULL;
}

static json_t *moment_or_absent(int64_t moment)
{
    char text[MOMENT_TEXT_SIZE];
    if (moment == 0)
        return NULL;
    (void)moment_write(moment, MOMENT_ISO_UTC, text);
    return json_string(text);
}

static json_t *id_or_absent(int64_t delivery)
{
    return delivery ? json_sprintf("d-%" PRId64, delivery) : NULL;
}

static const char *name_of(const struct listener *listener, const char *id)
{
    const struct partner *partner = id ? directory_partner(listener->caller->directory, id) : NULL;
    return partner ? partner->name : id;
}

static bool is_to_caller(const struct telling *telling, const struct spool_delivery *delivery)
{
    return delivery->partner &&
           strcmp(delivery->partner, telling->listener->caller->partner->id) == 0;
}

/* What everybody may know who may know of the delivery at all. */
static json_t *describe(const struct telling *telling, const struct spool_delivery *delivery)
{
    const struct listener *listener = telling->listener;
    bool is_waiting = delivery->state == DELIVERY_WAITING;
    auto_free(free) char *sentence =
        sentence_write(delivery, name_of(listener, delivery->partner), listener->language);
    return json_pack("{s:o*, s:o*, s:o*, s:s, s:o*, s:o*, s:I, s:o*, s:o*, s:o*}",          /**/
                     "id", id_or_absent(delivery->delivery),                                /**/
                     "partner", text_or_absent(delivery->partner),                          /**/
                     "agency", text_or_absent(delivery->agency),                            /**/
                     "state", sentence_state(delivery),                                     /**/
                     "text", text_or_absent(sentence),                                      /**/
                     "since", moment_or_absent(delivery->since_ms),                         /**/
                     "attempts", (json_int_t)delivery->attempts,                            /**/
                     "last_at", moment_or_absent(delivery->last_at_ms),                     /**/
                     "next_at", is_waiting ? moment_or_absent(delivery->next_at_ms) : NULL, /**/
                     "behind", id_or_absent(delivery->behind));
}

/* And what is for the sender and the addressee. */
static json_t *describe_more(const struct spool_delivery *delivery)
{
    return json_pack("{s:o*, s:o*, s:o*, s:o*}", /**/
                     "status",
                     delivery->last_status ? json_integer(delivery->last_status) : NULL, /**/
                     "cause", text_or_absent(delivery->cause),                           /**/
                     "detail", text_or_absent(delivery->detail),                         /**/
                     "routed", text_or_absent(delivery->reason));
}

static bool tell_one(void *own, const struct spool_delivery *delivery)
{
    struct telling *telling = own;
    bool is_near = telling->is_sender || is_to_caller(telling, delivery);
    if (!is_near && !delivery->agency)
        return true; /* another's subscription */
    json_t *json = describe(telling, delivery);
    json_t *more = is_near ? describe_more(delivery) : json_object();
    telling->has_failed = !json || json_object_update_new(json, more) != 0 ||
                          json_array_append(telling->list, json) != 0;
    json_decref(json);
    return !telling->has_failed;
}

/* ---- the reason of a refusal, which the return has ---- */

static bool find_reason(const struct listener *listener, const struct returned_key *key,
                        json_t *delivery, struct fault *why)
{
    int64_t entry = 0;
    struct found found;
    if (!returned_find(listener->station->reader, key, &entry, why))
        return false;
    if (entry == 0)
        return true; /* pruned */
    if (!found_load(listener->station, entry, &found, why))
        return why->kind == FAULT_REFUSE;
    const avro_value_t *event = found_event(listener->station, &found);
    const char *reason = event ? member_text(event, "reason") : NULL;
    bool is_told = !reason || json_object_set_new(delivery, "reason", json_string(reason)) == 0;
    found_free(&found);
    return is_told || fault_memory(why);
}

static bool find_reasons(const struct listener *listener, const struct spool_entry *entry,
                         json_t *list, struct fault *why)
{
    size_t index;
    json_t *delivery;
    json_array_foreach (list, index, delivery) {
        const char *state = json_string_value(json_object_get(delivery, "state"));
        const struct returned_key key = {
            .partner = json_string_value(json_object_get(delivery, "partner")),
            .event_id = entry->event_id,
        };
        if (strcmp(state, "refused") == 0 && !find_reason(listener, &key, delivery, why))
            return false;
    }
    return true;
}

json_t *journey_tell(const struct listener *listener, const struct found *found, struct fault *why)
{
    const struct spool_entry *entry = &found->entry;
    auto_free(json_decref) json_t *list = json_array();
    struct telling telling = {
        .listener = listener, .list = list, .is_sender = found_is_own(found, listener->caller)};
    const struct delivery_filter filter = {
        .dossier_code = entry->dossier_code, .event_id = entry->event_id, .state = -1};
    if (!list) {
        (void)fault_memory(why);
        return NULL;
    }
    if (!entry->dossier_code || !entry->event_type || !entry->event_id)
        return steal(list); /* nothing of it went to Kafka */
    if (!spool_deliveries(listener->station->reader, &filter, tell_one, &telling, why))
        return NULL;
    if (telling.has_failed) {
        (void)fault_memory(why);
        return NULL;
    }
    return find_reasons(listener, entry, list, why) ? steal(list) : NULL;
}
