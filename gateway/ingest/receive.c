/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v1/handoffs.  The head says who sends and whether it may; the body is read, judged and
 * handed to the spool, and the request sleeps until its group is on stable storage.
 */
#include "ingest/receive.h"

#include "api/refusal.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "ingest/answer.h"
#include "ingest/filing.h"
#include "ingest/reading.h"
#include "ingest/repeat.h"
#include "ingest/signing.h"
#include "ingest/state.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

static void turn_down(struct handoff *handoff, struct http_request *request, enum reply reply,
                      enum refusal refusal, const char *detail)
{
    account_count(handoff->account, reply);
    refuse(request, refusal, detail, NULL);
}

static bool check_rate(struct handoff *handoff, struct http_request *request)
{
    if (ingest_admit(handoff->account, &handoff->rate, request))
        return true;
    account_count(handoff->account, REPLY_LIMITED);
    return false;
}

/* "Text/XML; charset=utf-8" to "text/xml". */
static char *media_type_of(const char *header)
{
    size_t size = strcspn(header, "; \t,");
    char *type = strndup(header, size);
    for (char *at = type; at && *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    return type;
}

static bool is_listed(const json_t *list, const char *type)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), type) == 0)
            return true;
    return false;
}

/* Every media type of every adapter of the sender. */
static json_t *media_types_of(const struct handoff *handoff)
{
    const struct partner *partner = handoff->caller.partner;
    json_t *list = json_array();
    for (size_t i = 0; i < partner->adapter_count; i++) {
        const struct adapter *adapter =
            adapters_find(handoff->ingest->options.adapters, partner->adapters[i]);
        const char *type = "";
        for (size_t j = 0; adapter && (type = adapter_media_type(adapter, j)); j++)
            if (!is_listed(list, type))
                (void)json_array_append_new(list, json_string(type)); /* memory: a shorter list */
    }
    return list;
}

static bool refuse_media_type(struct handoff *handoff, struct http_request *request)
{
    account_count(handoff->account, REPLY_UNSUPPORTED);
    refuse(request, REFUSAL_MEDIA_TYPE, "None of the sender's adapters takes this Content-Type.",
           json_pack("{s:o*}", "media_types", media_types_of(handoff)));
    return false;
}

static bool check_media_type(struct handoff *handoff, struct http_request *request)
{
    const char *type = http_header(request, "Content-Type");
    const char *coding = http_header(request, "Content-Encoding");
    if (coding && strcasecmp(coding, "identity") != 0) {
        turn_down(handoff, request, REPLY_UNSUPPORTED, REFUSAL_MEDIA_TYPE,
                  "Content-Encoding is not taken; send the document as it is.");
        return false;
    }
    handoff->media_type = media_type_of(type ? type : "");
    if (handoff->media_type)
        handoff_choose_candidates(handoff);
    return handoff->candidate_count > 0 || refuse_media_type(handoff, request);
}

static bool check_spool(struct handoff *handoff, struct http_request *request)
{
    struct spool_levels levels;
    spool_levels(handoff->ingest->options.spool, &levels);
    if (!levels.below_reserve && !levels.is_overdue && !levels.is_damaged)
        return true;
    turn_down(handoff, request, REPLY_UNAVAILABLE,
              levels.is_damaged      ? REFUSAL_SPOOL_DAMAGED
              : levels.below_reserve ? REFUSAL_DISK_RESERVE
                                     : REFUSAL_OVERDUE,
              NULL);
    return false;
}

void receive_begin(void *own, struct http_request *request)
{
    static bool (*const checks[])(struct handoff * handoff, struct http_request * request) = {
        check_rate, check_media_type, check_spool};
    struct ingest *ingest = own;
    struct caller caller;
    if (!caller_identify(ingest->options.place, request, &caller))
        return;
    struct handoff *handoff = handoff_new(ingest, request, &caller);
    http_set_own(request, handoff);
    if (handoff)
        handoff->account = accounts_of(ingest->accounts, handoff->caller.partner->id);
    if (!handoff || !handoff->account) {
        refuse(request, REFUSAL_INTERNAL, NULL, NULL);
        return;
    }
    handoff->rate = ingest_rate(ingest, handoff->caller.partner);
    trace_from(http_header(request, "traceparent"), &handoff->trace);
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        if (!checks[i](handoff, request))
            return;
    }
}

void receive_end(void *own, struct http_request *request)
{
    struct handoff *handoff = http_own(request);
    (void)own;
    if (!handoff)
        return;
    pthread_mutex_lock(&handoff->lock);
    handoff->request = NULL;
    pthread_mutex_unlock(&handoff->lock);
    handoff_release(handoff);
}

static void answer_fault(struct handoff *handoff, struct http_request *request,
                         const struct fault *fault)
{
    struct spool_levels levels;
    bool is_low = false;
    spool_levels(handoff->ingest->options.spool, &levels);
    (void)file_store_free(handoff->ingest->options.files, &is_low);
    account_count(handoff->account, fault->kind == FAULT_RETRY || levels.is_damaged
                                        ? REPLY_UNAVAILABLE
                                        : REPLY_BROKEN);
    if (levels.is_damaged && fault->kind != FAULT_REFUSE)
        refuse(request, REFUSAL_SPOOL_DAMAGED, NULL, NULL);
    else if (fault->kind == FAULT_RETRY && (levels.below_reserve || is_low))
        refuse(request, REFUSAL_DISK_RESERVE, NULL, NULL);
    else
        refuse_fault(request, fault);
}

static void answer_problems(struct handoff *handoff, struct http_request *request,
                            const struct reading *reading, enum outcome outcome)
{
    bool is_foreign = outcome == OUTCOME_FOREIGN;
    json_t *problems =
        refusal_problems(reading->problems, reading->problem_count, http_language(request));
    spool_count_refused(handoff->ingest->options.spool, handoff->caller.partner->id,
                        handoff->document.received_at_ms);
    account_count(handoff->account, is_foreign ? REPLY_FOREIGN : REPLY_INVALID);
    refuse(request, is_foreign ? REFUSAL_FOREIGN_AGENCY : REFUSAL_INVALID_DOCUMENT, NULL,
           json_pack("{s:o*, s:I}", "problems", problems, "total",
                     (json_int_t)reading->problem_total));
}

static void answer_conflict(struct handoff *handoff, struct http_request *request,
                            const struct spool_receipt *receipt)
{
    char text[RECEIPT_TEXT_SIZE];
    receipt_write(handoff->ingest->receipt_key, receipt->entry, text);
    account_count(handoff->account, REPLY_CONFLICT);
    refuse(request, REFUSAL_CONFLICT,
           "The document is kept under the receipt, for people to decide.",
           json_pack("{s:s, s:i}", "receipt", text, "item", (int)(receipt - handoff->receipts)));
}

static void answer_good(struct handoff *handoff, struct http_request *request, int status)
{
    size_t size = 0;
    char *text = answer_receipts(handoff, &size);
    if (!text) {
        refuse(request, REFUSAL_INTERNAL, NULL, NULL);
        return;
    }
    account_count(handoff->account, status == 200 ? REPLY_REPEATED : REPLY_ACCEPTED);
    metrics_observe_us(handoff->ingest->acceptance_seconds,
                       clock_ticks_us() - handoff->arrived_ticks_us);
    http_answer(request, status, "application/json", text, size);
}

/* The receipts go along: they are valid, and the same document again is only a repeat. */
static void answer_unpublished(struct handoff *handoff, struct http_request *request)
{
    size_t size = 0;
    auto_free(free) char *text = answer_receipts(handoff, &size);
    account_count(handoff->account, REPLY_UNAVAILABLE);
    refuse(request, REFUSAL_NOT_YET_PUBLISHED,
           "It is stored under the receipts; send the same again to wait for Kafka.",
           text ? json_loadb(text, size, 0, NULL) : NULL);
}

static const struct spool_receipt *conflict_of(const struct handoff *handoff)
{
    for (size_t i = 0; i < handoff->document.item_count; i++) {
        if (handoff->receipts[i].verdict == SPOOL_CONFLICT)
            return &handoff->receipts[i];
    }
    return NULL;
}

static int status_of(const struct handoff *handoff)
{
    for (size_t i = 0; i < handoff->document.item_count; i++) {
        if (handoff->receipts[i].verdict != SPOOL_REPEATED)
            return 202;
    }
    return 200;
}

static void answer_stored(struct handoff *handoff, struct http_request *request)
{
    struct fault why;
    struct station *station = stations_here(handoff->ingest->stations, &why);
    if (!station || !repeat_recall(handoff, station->reader, &why)) {
        answer_fault(handoff, request, &why);
        return;
    }
    const struct spool_receipt *conflict = conflict_of(handoff);
    if (conflict) {
        answer_conflict(handoff, request, conflict);
        return;
    }
    if (handoff->caller.partner->ack == ACK_PUBLISHED)
        handoff->last_number = handoff_unpublished(handoff);
    if (handoff->last_number == 0) {
        answer_good(handoff, request, status_of(handoff));
        return;
    }
    handoff->publish_by_ticks = clock_ticks_ms() + handoff->ingest->options.publish_wait_ms;
    publishing_wait(handoff->ingest->publishing, handoff);
}

/* From the writer's thread: no more than keeping the receipts and waking the request. */
static void stored(void *own, const struct spool_receipt *receipts, size_t count,
                   const struct fault *why)
{
    struct handoff *handoff = own;
    if (receipts) {
        memcpy(handoff->receipts, receipts, count * sizeof *receipts);
        handoff->has_receipts = true;
    } else {
        handoff->fault = *why;
    }
    handoff_resume(handoff, HANDOFF_STORING, HANDOFF_STORED);
    handoff_release(handoff);
}

static void set_phase(struct handoff *handoff, enum handoff_phase phase)
{
    pthread_mutex_lock(&handoff->lock);
    handoff->phase = phase;
    pthread_mutex_unlock(&handoff->lock);
}

/* Its files are moved, and nothing was done with it since. */
static bool was_filed(struct handoff *handoff)
{
    pthread_mutex_lock(&handoff->lock);
    bool was = handoff->phase == HANDOFF_FILED;
    pthread_mutex_unlock(&handoff->lock);
    return was;
}

static void store(struct handoff *handoff, struct http_request *request)
{
    struct fault why;
    handoff->receipts = calloc(handoff->document.item_count, sizeof *handoff->receipts);
    if (!handoff->receipts) {
        (void)fault_memory(&why);
        answer_fault(handoff, request, &why);
        return;
    }
    set_phase(handoff, HANDOFF_STORING);
    http_suspend(request);
    if (spool_add(handoff->ingest->options.spool, &handoff->document, stored, handoff_hold(handoff),
                  &why))
        return;
    handoff_release(handoff);
    set_phase(handoff, HANDOFF_DONE);
    answer_fault(handoff, request, &why);
}

/* What was parked in spite of its problems is answered with them. */
static void keep_problems(struct handoff *handoff, const struct http_request *request,
                          const struct reading *reading)
{
    if (reading->problem_count == 0)
        return;
    handoff->problem_total = reading->problem_total;
    handoff->problems =
        refusal_problems(reading->problems, reading->problem_count, http_language(request));
}

static bool take_document(struct handoff *handoff, struct http_request *request, struct fault *why)
{
    const char *jws = http_header(request, SIGNING_HEADER);
    handoff->jws = jws ? strdup(jws) : NULL;
    if (jws && !handoff->jws)
        return fault_memory(why);
    char *bytes = http_take_body(request, &handoff->document.size);
    handoff->bytes = bytes ? bytes : strdup(""); /* nothing is for the adapter to refuse */
    handoff->document.received_at_ms = http_arrived_ms(request);
    return handoff->bytes || fault_memory(why);
}

static void read_and_store(struct handoff *handoff, struct http_request *request)
{
    struct reading reading;
    enum outcome outcome;
    struct fault why;
    struct station *station = stations_here(handoff->ingest->stations, &why);
    if (!station || !reading_run(handoff, station, &outcome, &reading, &why)) {
        answer_fault(handoff, request, &why);
        return;
    }
    account_charge(handoff->account, &handoff->rate, (int64_t)handoff->document.item_count - 1,
                   clock_ticks_us());
    if (outcome == OUTCOME_REPEATED) {
        answer_stored(handoff, request);
        return;
    }
    if (outcome != OUTCOME_STORE) {
        answer_problems(handoff, request, &reading, outcome);
        return;
    }
    keep_problems(handoff, request, &reading);
    store(handoff, request);
}

void receive_handle(void *own, struct http_request *request)
{
    struct handoff *handoff = http_own(request);
    struct fault why;
    (void)own;
    if (!take_document(handoff, request, &why)) {
        answer_fault(handoff, request, &why);
        return;
    }
    if (!filing_is_needed(handoff)) {
        read_and_store(handoff, request);
        return;
    }
    set_phase(handoff, HANDOFF_FILING);
    http_suspend(request);
    if (filing_begin(handoff, &why))
        return;
    set_phase(handoff, HANDOFF_DONE);
    answer_fault(handoff, request, &why);
}

void receive_resumed(void *own, struct http_request *request)
{
    struct handoff *handoff = http_own(request);
    (void)own;
    if (was_filed(handoff) && handoff->fault.kind == FAULT_NONE)
        read_and_store(handoff, request);
    else if (!handoff->has_receipts)
        answer_fault(handoff, request, &handoff->fault);
    else if (handoff->last_number == 0)
        answer_stored(handoff, request);
    else if (handoff_unpublished(handoff) == 0)
        answer_good(handoff, request, status_of(handoff));
    else
        answer_unpublished(handoff, request);
}
