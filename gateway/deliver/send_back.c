/* SPDX-License-Identifier: Apache-2.0 */
/* A refusal in the mailbox comes back to the sender as an event of the office that refuses. */
#include "deliver/send_back.h"

#include "api/identity.h"
#include "api/member.h"
#include "base/cleanup.h"
#include "event/wire.h"

#include <stdlib.h>
#include <string.h>

ENDS_WITH_SCOPE(struct send_back *, send_back_free)

/* What the return does not say again: its reader has the dossier. */
static const char *const left_out[] = {
    "source.native_status",
    "source.raw_ref",
    "holder_name",
    "applicant",
    "summary",
    "handoff.reason",
    "handoff.note",
    "supplement",
    "step",
    "outcome",
    "handoff.respond_by",
    "return_method",
    "documents",
    "fees",
    "eform",
    "eform_schema",
    "source_extra",
    "tags",
    "handoff.paper_originals_follow",
};

void send_back_free(struct send_back *back)
{
    if (!back)
        return;
    letter_free(&back->letter);
    free(back->texts);
    free(back->event);
    free(back);
}

static bool set_source(avro_value_t *event, const struct send_back *back,
                       const struct refusal_facts *facts)
{
    char hex[SHA256_HEX_SIZE];
    digest_hex(back->document.sha256, SHA256_SIZE, hex);
    return member_set_text(event, "source.system", facts->partner) &&
           member_set_text(event, "source.format", RETURNED_FORMAT) &&
           member_set_text(event, "source.native_message_id", back->native_id) &&
           member_set_text(event, "source.payload_sha256", hex) &&
           member_set_text(event, "trace_id", back->trace.id);
}

bool send_back_turn(avro_value_t *event, const struct send_back *back,
                    const struct refusal_facts *facts, struct fault *why)
{
    char id[UUID_TEXT_SIZE];
    const char *from = member_text(event, "handoff.from_agency");
    if (!from)
        return fault_set(why, FAULT_REFUSE, "the handoff does not say from whom it is");
    auto_free(free) char *holder = strdup(from);
    uuid_text(back->item.event_id, id);
    if (!holder || !member_set_text(event, "event_id", id) ||
        !member_set_symbol(event, "event_type", RETURNED_EVENT_TYPE) ||
        !member_set_number(event, "occurred_at", facts->at_ms) ||
        !member_set_number(event, "received_at", facts->at_ms) || !set_source(event, back, facts) ||
        !member_set_text(event, "holder_agency", holder) ||
        !member_set_text(event, "reason", facts->reason))
        return fault_memory(why);
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++) {
        if (!member_clear(event, left_out[i]))
            return fault_set(why, FAULT_BROKEN, "the event has no %s", left_out[i]);
    }
    return true;
}

/* What the spool borrows while the request may be cut. */
static bool copy_texts(struct send_back *back, const struct letter *letter,
                       const struct refusal_facts *facts)
{
    size_t partner_size = strlen(facts->partner) + 1;
    size_t dossier_size = strlen(letter->delivery.dossier_code) + 1;
    back->texts = malloc(partner_size + dossier_size + facts->size + 1);
    if (!back->texts)
        return false;
    char *at = back->texts;
    back->document.partner = at;
    at = mempcpy(at, facts->partner, partner_size);
    back->item.dossier_code = at;
    at = mempcpy(at, letter->delivery.dossier_code, dossier_size);
    back->document.bytes = at;
    memcpy(at, facts->bytes, facts->size);
    return true;
}

static bool fill(struct send_back *back, const struct letter *letter,
                 const struct refusal_facts *facts, struct fault *why)
{
    returned_write_id(letter->delivery.event_id, back->native_id);
    const struct identity identity = {facts->partner, back->native_id, strlen(back->native_id),
                                      RETURNED_EVENT_TYPE};
    if (!copy_texts(back, letter, facts))
        return fault_memory(why);
    trace_from(facts->traceparent ? facts->traceparent : letter->delivery.traceparent,
               &back->trace);
    struct spool_document *document = &back->document;
    document->adapter = RETURNED_ADAPTER;
    document->media_type = "application/json";
    document->traceparent = back->trace.parent;
    document->size = facts->size;
    document->received_at_ms = facts->at_ms;
    document->items = &back->item;
    document->item_count = 1;
    digest_sha256(facts->bytes, facts->size, document->sha256);
    back->item.native_id = back->native_id;
    back->item.native_id_size = identity.native_id_size;
    back->item.event_type = RETURNED_EVENT_TYPE;
    back->item.occurred_at_ms = facts->at_ms;
    /* Of the id alone: another wording of the same refusal is a repeat and no conflict. */
    digest_sha256(back->native_id, identity.native_id_size, back->item.content_sha256);
    return identity_event_id(&identity, back->item.event_id, why);
}

static bool encode(struct send_back *back, const avro_value_t *event,
                   const struct refusal_facts *facts, const struct schema *schema,
                   struct fault *why)
{
    avro_value_t turned;
    if (avro_generic_value_new(schema->iface, &turned) != 0)
        return fault_memory(why);
    bool is_copied = avro_value_copy(&turned, event) == 0 || fault_memory(why);
    if (is_copied && send_back_turn(&turned, back, facts, why))
        back->event = wire_encode(schema, &turned, &back->item.event_size, why);
    avro_value_decref(&turned);
    back->item.event = back->event;
    return back->event != NULL;
}

struct send_back *send_back_new(struct letter *letter, const avro_value_t *event,
                                const struct refusal_facts *facts, const struct schema *schema,
                                int32_t schema_no, struct fault *why)
{
    auto_free(send_back_free) struct send_back *back = calloc(1, sizeof *back);
    if (!back) {
        (void)fault_memory(why);
        return NULL;
    }
    back->item.schema_no = schema_no;
    if (!letter->delivery.dossier_code || !letter->delivery.event_id) {
        (void)fault_set(why, FAULT_BROKEN, "the delivery has no dossier or no event");
        return NULL;
    }
    if (!fill(back, letter, facts, why) || !encode(back, event, facts, schema, why))
        return NULL;
    back->letter = *letter;
    *letter = (struct letter){.memory = NULL};
    return steal(back);
}
