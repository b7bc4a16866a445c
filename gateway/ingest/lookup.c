/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a handoff, and what is known of a dossier, told to those whom it concerns. */
#include "ingest/lookup.h"

#include "api/found.h"
#include "api/member.h"
#include "api/party.h"
#include "api/refusal.h"
#include "api/succession.h"
#include "base/bilingual.h"
#include "base/cleanup.h"
#include "base/moment.h"
#include "base/number.h"
#include "ingest/answer.h"
#include "ingest/journey.h"
#include "ingest/proof.h"
#include "ingest/state.h"

#include <inttypes.h>
#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

enum { PAGE_USUAL = 50, PAGE_MOST = 200 };

static void answer_json(struct http_request *request, const json_t *answer)
{
    char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
    if (!text) {
        refuse(request, REFUSAL_INTERNAL, NULL, NULL);
        return;
    }
    http_add_header(request, "Cache-Control", "no-store");
    http_answer(request, 200, "application/json", text, strlen(text));
}

static json_t *moment_or_absent(int64_t moment)
{
    char text[MOMENT_TEXT_SIZE];
    if (moment == 0)
        return NULL;
    (void)moment_write(moment, MOMENT_ISO_UTC, text);
    return json_string(text);
}

static json_t *receipt_or_absent(const struct ingest *ingest, int64_t entry)
{
    char text[RECEIPT_TEXT_SIZE];
    if (entry == 0)
        return NULL;
    receipt_write(ingest->receipt_key, entry, text);
    return json_string(text);
}

static json_t *text_or_absent(const char *text)
{
    return text ? json_string(text) : NULL;
}

static json_t *hex_or_absent(const uint8_t *bytes)
{
    char text[SHA256_HEX_SIZE];
    if (!bytes)
        return NULL;
    digest_hex(bytes, SHA256_SIZE, text);
    return json_string(text);
}

static json_t *uuid_or_absent(const struct spool_entry *entry)
{
    char text[UUID_TEXT_SIZE];
    if (!entry->event_type || !entry->event_id)
        return NULL;
    uuid_text(entry->event_id, text);
    return json_string(text);
}

/* What everybody may know who may know of the entry at all. */
static json_t *describe(const struct ingest *ingest, const struct found *found)
{
    const struct spool_entry *entry = &found->entry;
    bool has_place = found->place.number != 0;
    return json_pack("{s:o*, s:o*, s:o*, s:s, s:o*, s:o*, s:o*, s:o*, s:o*, s:o*}",        /**/
                     "dossier", text_or_absent(entry->dossier_code),                       /**/
                     "event_id", uuid_or_absent(entry),                                    /**/
                     "event_type", text_or_absent(entry->event_type),                      /**/
                     "state", answer_state_of(entry),                                      /**/
                     "received_at", moment_or_absent(entry->received_at_ms),               /**/
                     "occurred_at", moment_or_absent(entry->occurred_at_ms),               /**/
                     "due_at", moment_or_absent(entry->due_at_ms),                         /**/
                     "topic", has_place ? json_string(ingest->topic) : NULL,               /**/
                     "partition", has_place ? json_integer(found->place.partition) : NULL, /**/
                     "offset", has_place ? json_integer(found->place.offset) : NULL);
}

/* What is wrong with it, in the language of the caller. */
static json_t *detail_or_absent(const struct spool_entry *entry, enum http_language language)
{
    size_t size;
    if (!entry->detail)
        return NULL;
    const char *part = bilingual_part(entry->detail, language == LANGUAGE_EN, &size);
    return json_stringn(part, size);
}

/* And what is for the sender alone. */
static json_t *describe_own(const struct ingest *ingest, const struct found *found,
                            enum http_language language)
{
    const struct spool_entry *entry = &found->entry;
    return json_pack("{s:o*, s:i, s:o*, s:o*, s:o*, s:o*, s:o*}",              /**/
                     "receipt", receipt_or_absent(ingest, entry->entry),       /**/
                     "item", entry->item_no,                                   /**/
                     "native_id", text_or_absent(entry->native_id),            /**/
                     "document_sha256", hex_or_absent(entry->document_sha256), /**/
                     "behind", receipt_or_absent(ingest, entry->behind),       /**/
                     "cause", text_or_absent(entry->cause),                    /**/
                     "detail", detail_or_absent(entry, language));
}

static json_t *tell_receipt(const struct ingest *ingest, const struct found *found,
                            enum http_language language)
{
    auto_free(json_decref) json_t *answer = describe_own(ingest, found, language);
    json_t *rest = describe(ingest, found);
    if (!answer || json_object_update_new(answer, rest) != 0)
        return NULL;
    return steal(answer);
}

/* The same word as the answer to its document had, of this receipt alone. */
static bool add_proof(const struct ingest *ingest, const struct found *found, json_t *answer)
{
    const struct spool_entry *entry = &found->entry;
    if (!ingest->options.signing_keys || !entry->document_sha256)
        return true;
    const struct proof proof = {
        .partner = entry->partner,
        .sha256 = entry->document_sha256,
        .received_at_ms = entry->received_at_ms,
        .receipts = json_pack("[o]", proof_receipt(ingest, entry->entry, entry->item_no,
                                                   entry->dossier_code,
                                                   entry->event_type ? entry->event_id : NULL)),
    };
    auto_free(free) char *text = proof_sign(ingest, &proof);
    return !text || json_object_set_new(answer, "signed", json_string(text)) == 0;
}

/* The receipt's own question: who got it, where the agency that it names had been closed. */
static bool add_agencies(struct station *station, const struct found *found,
                         const struct caller *caller, json_t *answer)
{
    struct fault ignored; /* of memory: the caller answers for it */
    json_t *agencies = NULL;
    const avro_value_t *event = found_event(station, found);
    if (!event)
        return true; /* it has none, or one that is damaged: operators are told of that */
    return succession_of(caller->directory, event, &agencies, &ignored) &&
           (!agencies || json_object_set_new(answer, "agencies", agencies) == 0);
}

/* What was proved of the document as it came; of a mended one it says nothing. */
static bool add_signatures(struct station *station, const struct found *found, json_t *answer)
{
    struct fault ignored; /* the receipt is told without it */
    auto_free(free) char *proved = NULL;
    if (found->entry.revision > 0 ||
        !spool_proved(station->reader, found->entry.entry, &proved, &ignored) || !proved)
        return true;
    return json_object_set_new(answer, "signatures", json_loads(proved, 0, NULL)) == 0;
}

static void answer_own(const struct ingest *ingest, struct http_request *request,
                       const struct listener *listener, const struct found *found)
{
    struct fault why;
    json_t *deliveries = journey_tell(listener, found, &why);
    if (!deliveries) {
        refuse_fault(request, &why);
        return;
    }
    auto_free(json_decref) json_t *answer = tell_receipt(ingest, found, listener->language);
    bool is_whole = json_object_set_new(answer, "deliveries", deliveries) == 0 &&
                    add_agencies(listener->station, found, listener->caller, answer) &&
                    add_signatures(listener->station, found, answer) &&
                    add_proof(ingest, found, answer);
    answer_json(request, is_whole ? answer : NULL);
}

static void answer_receipt(struct ingest *ingest, struct http_request *request,
                           const struct caller *caller)
{
    struct fault why;
    struct found found;
    int64_t entry;
    const char *text = http_segment(request, "receipt");
    struct station *station = stations_here(ingest->stations, &why);
    if (!station) {
        refuse_fault(request, &why);
        return;
    }
    if (!text || !receipt_read(ingest->receipt_key, text, &entry)) {
        refuse(request, REFUSAL_UNKNOWN_RECEIPT, NULL, NULL);
        return;
    }
    if (!found_load(station, entry, &found, &why)) {
        if (why.kind == FAULT_REFUSE)
            refuse(request, REFUSAL_UNKNOWN_RECEIPT, NULL, NULL);
        else
            refuse_fault(request, &why);
        return;
    }
    const struct listener listener = {station, caller, http_language(request)};
    if (found_is_own(&found, caller))
        answer_own(ingest, request, &listener, &found);
    else
        refuse(request, REFUSAL_UNKNOWN_RECEIPT, NULL, NULL);
    found_free(&found);
}

/* Who calls, to be forgotten when it is answered; false: it is, since it may not or not now. */
static bool admit(struct ingest *ingest, struct http_request *request, struct caller *caller)
{
    if (!caller_identify(ingest->options.place, request, caller))
        return false;
    if (ingest_admit_reader(ingest, caller->partner, request))
        return true;
    caller_forget(caller);
    return false;
}

void lookup_receipt(void *own, struct http_request *request)
{
    struct ingest *ingest = own;
    struct caller caller;
    if (!admit(ingest, request, &caller))
        return;
    answer_receipt(ingest, request, &caller);
    caller_forget(&caller);
}

/* One page of a dossier's entries, seen or not. */
struct page {
    int64_t after, limit;
    int64_t numbers[PAGE_MOST + 1]; /* one more than the page, to know if there are more */
    size_t count;
};

static bool note(void *own, const struct spool_entry *entry)
{
    struct page *page = own;
    page->numbers[page->count++] = entry->entry;
    return (int64_t)page->count <= page->limit;
}

static bool read_number(struct http_request *request, const char *name, int64_t most,
                        int64_t *number)
{
    const char *text = http_query(request, name);
    return !text || number_read(text, strlen(text), 0, most, number) == NUMBER_GOOD;
}

/* Who says it, from whom to whom; names of agencies' systems and codes, nothing of persons. */
static json_t *tell_parties(struct station *station, const struct found *found)
{
    const avro_value_t *event = found_event(station, found);
    if (!event)
        return json_pack("{s:s}", "system", found->entry.partner);
    return json_pack("{s:s, s:o*, s:o*, s:o*, s:o*}", "system", found->entry.partner, /**/
                     "receiving_agency",
                     text_or_absent(member_text(event, "receiving_agency")),                   /**/
                     "holder_agency", text_or_absent(member_text(event, "holder_agency")),     /**/
                     "from_agency", text_or_absent(member_text(event, "handoff.from_agency")), /**/
                     "to_agency", text_or_absent(member_text(event, "handoff.to_agency")));
}

static bool add_entry(const struct ingest *ingest, const struct listener *listener,
                      const struct found *found, json_t *entries, struct fault *why)
{
    struct station *station = listener->station;
    const struct caller *caller = listener->caller;
    if (!found_is_visible(station, found, caller))
        return true;
    json_t *deliveries = journey_tell(listener, found, why);
    if (!deliveries)
        return false;
    auto_free(json_decref) json_t *entry = found_is_own(found, caller)
                                               ? tell_receipt(ingest, found, listener->language)
                                               : describe(ingest, found);
    json_t *parties = tell_parties(station, found);
    bool has_deliveries = json_object_set_new(entry, "deliveries", deliveries) == 0;
    bool has_parties = json_object_update_new(entry, parties) == 0;
    return (has_deliveries && has_parties && json_array_append(entries, entry) == 0) ||
           fault_memory(why);
}

static json_t *tell_page(struct ingest *ingest, const struct listener *listener,
                         const struct page *page, struct fault *why)
{
    auto_free(json_decref) json_t *entries = json_array();
    int64_t count = (int64_t)page->count < page->limit ? (int64_t)page->count : page->limit;
    if (!entries)
        (void)fault_memory(why);
    ingest_charge_reader(ingest, listener->caller->partner, count - 1);
    for (int64_t i = 0; entries && i < count; i++) {
        struct found found;
        if (!found_load(listener->station, page->numbers[i], &found, why)) {
            if (why->kind == FAULT_REFUSE)
                continue; /* pruned meanwhile */
            return NULL;
        }
        bool is_added = add_entry(ingest, listener, &found, entries, why);
        found_free(&found);
        if (!is_added)
            return NULL;
    }
    return steal(entries);
}

/* Who is shown nothing and takes no part is not told that there is more, as of a dossier that is
 * not there. */
static bool has_more(const struct listener *listener, const char *code, const struct page *page,
                     const json_t *entries, bool *has, struct fault *why)
{
    const struct party_among all = {.dossier_code = code};
    *has = (int64_t)page->count > page->limit;
    return !*has || json_array_size(entries) > 0 ||
           party_takes_part(listener->station, listener->caller, &all, NULL, has, why);
}

static void answer_page(struct http_request *request, const char *code, const struct page *page,
                        json_t *entries, bool has_more)
{
    if (json_array_size(entries) == 0 && page->after == 0 && !has_more) {
        refuse(request, REFUSAL_UNKNOWN_DOSSIER, NULL, NULL);
        return;
    }
    auto_free(json_decref) json_t *answer =
        json_pack("{s:s, s:O, s:o*}", "dossier", code, "entries", entries, "after",
                  has_more ? json_integer(page->numbers[page->limit - 1]) : NULL);
    answer_json(request, answer);
}

static void answer_dossier(struct ingest *ingest, struct http_request *request,
                           const struct caller *caller)
{
    struct fault why;
    struct page page = {.limit = PAGE_USUAL};
    const char *code = http_segment(request, "code");
    if (!code || !read_number(request, "after", INT64_MAX, &page.after) ||
        !read_number(request, "limit", PAGE_MOST, &page.limit) || page.limit == 0) {
        refuse(request, REFUSAL_BAD_CURSOR, "after: a number; limit: 1 to 200.", NULL);
        return;
    }
    struct station *station = stations_here(ingest->stations, &why);
    const struct listener listener = {station, caller, http_language(request)};
    auto_free(json_decref) json_t *entries = NULL;
    if (station &&
        spool_of_dossier(station->reader, code, (struct spool_range){page.after, page.limit + 1},
                         note, &page, &why))
        entries = tell_page(ingest, &listener, &page, &why);
    bool has = false;
    if (entries && has_more(&listener, code, &page, entries, &has, &why))
        answer_page(request, code, &page, entries, has);
    else
        refuse_fault(request, &why);
}

void lookup_dossier(void *own, struct http_request *request)
{
    struct ingest *ingest = own;
    struct caller caller;
    if (!admit(ingest, request, &caller))
        return;
    answer_dossier(ingest, request, &caller);
    caller_forget(&caller);
}
