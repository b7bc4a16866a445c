/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a partner answers to a letter.  A refusal is first stored as a return and then settled: a
 * crash between the two loses nothing, and the same refusal again makes no second return, because
 * its native id is the delivery's.
 */
#include "deliver/reply.h"

#include "api/refusal.h"
#include "api/returned.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "deliver/mailbox_parts.h"
#include "deliver/send_back.h"
#include "spool/receipt.h"

#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

enum { REASON_MOST = 2000 };

static bool is_handoff(const struct spool_delivery *delivery)
{
    return delivery->event_type && strcmp(delivery->event_type, "HANDED_OFF") == 0;
}

enum reply_deed reply_judge(const struct spool_delivery *delivery, int64_t returned,
                            bool is_refusal)
{
    switch (delivery->state) {
    case DELIVERY_DELIVERED:
        return is_refusal == (returned != 0) ? DEED_REPEAT : DEED_OTHERWISE;
    case DELIVERY_WAITING:
        if (returned != 0)
            return DEED_FINISH;
        if (is_refusal && !is_handoff(delivery))
            return DEED_NO_HANDOFF;
        return DEED_SETTLE;
    case DELIVERY_PARKED:
    case DELIVERY_DEAD:
    case DELIVERY_DISCARDED:
    default:
        return DEED_NOT_OPEN;
    }
}

/* ---- the reason ---- */

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if (((unsigned char)*text < ' ' && !is_blank(*text)) || *text == 0x7f)
            return true;
    }
    return false;
}

char *reply_reason(const char *body, size_t size, const char **detail)
{
    auto_free(json_decref) json_t *json = json_loadb(body, size, JSON_REJECT_DUPLICATES, NULL);
    const char *text = json_string_value(json_object_get(json, "reason"));
    *detail = "The body is JSON: {\"reason\": \"...\"}, 1 to 2000 characters.";
    if (!text)
        return NULL;
    while (is_blank(*text))
        text++;
    size_t kept = strlen(text);
    while (kept > 0 && is_blank(text[kept - 1]))
        kept--;
    char *reason = strndup(text, kept);
    if (reason && kept > 0 && utf8_count(reason) <= REASON_MOST && !has_control(reason))
        return reason;
    free(reason);
    return NULL;
}

/* ---- answers ---- */

static void answer(struct visit *visit, struct http_request *request, int status, json_t *more)
{
    char id[DELIVERY_TEXT_SIZE];
    delivery_text(visit->delivery, id);
    auto_free(json_decref) json_t *json =
        json_pack("{s:s, s:s}", "id", id, "state", visit->is_refusal ? "refused" : "accepted");
    bool is_whole = json && (!more || json_object_update(json, more) == 0);
    char *text = is_whole ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(more);
    if (!text) {
        refuse(request, REFUSAL_INTERNAL, NULL, NULL);
        return;
    }
    http_add_header(request, "Cache-Control", "no-store");
    http_answer(request, status, "application/json", text, strlen(text));
}

/* With the receipt of the return. */
static void answer_refused(struct visit *visit, struct http_request *request, int64_t entry,
                           bool is_repeated)
{
    char receipt[RECEIPT_TEXT_SIZE];
    receipt_write(spool_receipt_key(visit->mailbox->options.spool), entry, receipt);
    answer(visit, request, is_repeated ? 200 : 202,
           json_pack("{s:s, s:s, s:b}", "receipt", receipt, "event_type", RETURNED_EVENT_TYPE,
                     "repeated", is_repeated));
}

/* The state as it is now. */
static bool load(struct visit *visit, struct http_request *request, struct station *station,
                 struct letter *letter)
{
    struct fault why;
    const char *partner = visit->caller.partner->id;
    if (!letter_load(station->reader, visit->delivery, letter, &why)) {
        if (why.kind == FAULT_REFUSE)
            refuse(request, REFUSAL_UNKNOWN_DELIVERY, NULL, NULL);
        else
            refuse_fault(request, &why);
        return false;
    }
    const struct returned_key key = {partner, letter->delivery.event_id};
    if (!letter_is_to(letter, partner))
        refuse(request, REFUSAL_UNKNOWN_DELIVERY, NULL, NULL);
    else if (!returned_find(station->reader, &key, &visit->returned, &why))
        refuse_fault(request, &why);
    else
        return true;
    letter_free(letter);
    return false;
}

/* ---- settling ---- */

/* From the writer's thread. */
static void settled(void *own, const struct fault *why)
{
    struct visit *visit = own;
    visit->has_failed = why != NULL;
    if (why)
        visit->fault = *why;
    (void)visit_wake(visit); /* or its partner is gone, and asks again */
    visit_release(visit);
}

/* What it came to: an operator may have ended it, or sent it elsewhere, just before. */
static bool look_again(struct visit *visit, struct http_request *request, struct station *station,
                       enum delivery_state *state)
{
    struct fault why;
    struct letter letter;
    *state = DELIVERY_DELIVERED;
    if (!letter_load(station->reader, visit->delivery, &letter, &why)) {
        if (why.kind == FAULT_REFUSE)
            return true; /* it was pruned since, so it was over */
        refuse_fault(request, &why);
        return false;
    }
    *state = letter.delivery.state;
    bool is_ours = letter_is_to(&letter, visit->caller.partner->id);
    letter_free(&letter);
    if (!is_ours)
        refuse(request, REFUSAL_UNKNOWN_DELIVERY, NULL, NULL);
    return is_ours;
}

/* An accept that found an earlier refusal has settled that, and is told so. */
static void answer_settled(struct visit *visit, struct http_request *request)
{
    struct fault why;
    enum delivery_state state;
    struct station *station = stations_here(visit->mailbox->stations, &why);
    if (visit->has_failed || !station) {
        refuse_fault(request, visit->has_failed ? &visit->fault : &why);
        return;
    }
    if (visit->is_refusal && visit->send_back) {
        const struct spool_receipt *receipt = &visit->send_back->receipt;
        metrics_add(visit->mailbox->counts[COUNT_REFUSED], 1);
        answer_refused(visit, request, receipt->entry, receipt->verdict == SPOOL_REPEATED);
        return;
    }
    if (!look_again(visit, request, station, &state))
        return;
    if (state != DELIVERY_DELIVERED) {
        refuse(request, REFUSAL_NOT_OPEN, NULL, NULL);
    } else if (visit->is_refusal) {
        answer_refused(visit, request, visit->returned, true);
    } else if (visit->returned != 0) {
        refuse(request, REFUSAL_ALREADY_ANSWERED, "It was refused before.", NULL);
    } else {
        metrics_add(visit->mailbox->counts[COUNT_ACCEPTED], 1);
        answer(visit, request, 200, NULL);
    }
}

static void step_settled(struct visit *visit, struct http_request *request)
{
    visit->is_under_way = false;
    answer_settled(visit, request);
    visit_let_go(visit);
}

static void settle_so(struct visit *visit, struct http_request *request,
                      const struct spool_settlement *settlement)
{
    visit->is_under_way = true;
    visit_sleep(visit, request, step_settled);
    if (spool_settle(visit->mailbox->options.spool, settlement, 1, settled, visit_hold(visit),
                     &visit->fault))
        return;
    visit->is_under_way = false;
    visit_release(visit);
    refuse_fault(request, &visit->fault);
}

/* Refused or accepted, the partner has it and has answered: it is delivered.  A refusal's reason
 * may name persons; the return alone has it. */
static void settle(struct visit *visit, struct http_request *request,
                   const struct spool_delivery *delivery, bool is_refused)
{
    const struct told told = {.outcome = OUTCOME_DELIVERED,
                              .at_ms = clock_now_ms(),
                              .attempts = delivery->attempts,
                              .cause = is_refused ? RETURNED_CAUSE : ACCEPTED_CAUSE,
                              .document_sha256 = delivery->document_sha256};
    struct tellings tellings = {.count = 0};
    if (!tell_outcome(&visit->mailbox->tell, delivery, &told, &tellings, &visit->fault)) {
        refuse_fault(request, &visit->fault);
        return;
    }
    const struct spool_settlement settlement = {
        .delivery = delivery->delivery,
        .kind = SETTLE_DELIVERED,
        .at_ms = told.at_ms,
        .is_attempt = false, /* its being handed out was counted */
        .cause = told.cause,
        .partner = delivery->partner,
        .notices = tellings.notices,
        .notice_count = tellings.count,
    };
    settle_so(visit, request, &settlement);
    tell_free(&tellings);
}

/* ---- sending back ---- */

static void step_stored(struct visit *visit, struct http_request *request)
{
    visit->is_under_way = false;
    if (visit->has_failed)
        refuse_fault(request, &visit->fault);
    else
        settle(visit, request, &visit->send_back->letter.delivery, true);
    if (!visit->is_under_way)
        visit_let_go(visit);
}

/* From the writer's thread. */
static void stored(void *own, const struct spool_receipt *receipts, size_t count,
                   const struct fault *why)
{
    struct visit *visit = own;
    (void)count; /* one item, one receipt */
    visit->has_failed = receipts == NULL;
    if (receipts)
        visit->send_back->receipt = receipts[0];
    else
        visit->fault = *why;
    (void)visit_wake(visit); /* a partner that is gone refuses again, and finds this return */
    visit_release(visit);
}

static void store_return(struct visit *visit, struct http_request *request)
{
    visit->is_under_way = true;
    visit_sleep(visit, request, step_stored);
    if (spool_add(visit->mailbox->options.spool, &visit->send_back->document, stored,
                  visit_hold(visit), &visit->fault))
        return;
    visit->is_under_way = false;
    visit_release(visit);
    refuse_fault(request, &visit->fault);
}

static bool make_return(struct visit *visit, struct http_request *request, const char *reason,
                        struct letter *letter, struct fault *why)
{
    const struct mailbox *mailbox = visit->mailbox;
    const struct schema *schema = mailbox->options.schema;
    struct station *station = stations_here(mailbox->stations, why);
    const avro_value_t *event = station ? letter_event(station, letter, schema, why) : NULL;
    if (!event)
        return false;
    size_t size = 0;
    const char *body = http_body(request, &size);
    const struct refusal_facts facts = {.partner = visit->caller.partner->id,
                                        .reason = reason,
                                        .bytes = body,
                                        .size = size,
                                        .at_ms = http_arrived_ms(request),
                                        .traceparent = http_header(request, "traceparent")};
    visit->send_back = send_back_new(letter, event, &facts, schema, mailbox->schema_no, why);
    return visit->send_back != NULL;
}

static void send_back(struct visit *visit, struct http_request *request, struct letter *letter)
{
    struct fault why;
    size_t size = 0;
    const char *body = http_body(request, &size), *detail = NULL;
    auto_free(free) char *reason = reply_reason(body, size, &detail);
    if (!reason)
        refuse(request, REFUSAL_BAD_REASON, detail, NULL);
    else if (make_return(visit, request, reason, letter, &why))
        store_return(visit, request);
    else
        refuse_fault(request, &why);
}

/* ---- the calls ---- */

/* Until it is answered, or, when its partner is gone, until what is on its way to the spool is
 * there. */
static bool claim(struct visit *visit, struct http_request *request)
{
    struct fault why;
    struct claims *claims = visit->mailbox->claims;
    if (claims_take(claims, visit->delivery, &why)) {
        visit->claims = claims;
        return true;
    }
    if (why.kind == FAULT_RETRY)
        refuse(request, REFUSAL_QUEUE_FULL, "Another answer to this letter is being stored.", NULL);
    else
        refuse_fault(request, &why);
    return false;
}

static void act(struct visit *visit, struct http_request *request, struct station *station)
{
    struct letter letter;
    if (!load(visit, request, station, &letter))
        return;
    switch (reply_judge(&letter.delivery, visit->returned, visit->is_refusal)) {
    case DEED_SETTLE:
        if (visit->is_refusal)
            send_back(visit, request, &letter);
        else
            settle(visit, request, &letter.delivery, false);
        break;
    case DEED_FINISH:
        settle(visit, request, &letter.delivery, true);
        break;
    case DEED_REPEAT:
        if (visit->is_refusal)
            answer_refused(visit, request, visit->returned, true);
        else
            answer(visit, request, 200, NULL);
        break;
    case DEED_OTHERWISE:
        refuse(request, REFUSAL_ALREADY_ANSWERED,
               visit->is_refusal ? "It was accepted before." : "It was refused before.", NULL);
        break;
    case DEED_NO_HANDOFF:
        refuse(request, REFUSAL_NOT_A_HANDOFF, NULL, NULL);
        break;
    case DEED_NOT_OPEN:
    default:
        refuse(request, REFUSAL_NOT_OPEN, NULL, NULL);
    }
    letter_free(&letter);
}

static void reply(struct mailbox *mailbox, struct http_request *request, bool is_refusal)
{
    struct fault why;
    struct caller caller;
    const char *id = http_segment(request, "id");
    if (!caller_identify(mailbox->options.place, request, &caller))
        return;
    struct visit *visit = visit_new(mailbox, request, &caller);
    struct station *station = stations_here(mailbox->stations, &why);
    if (!visit)
        refuse(request, REFUSAL_INTERNAL, NULL, NULL);
    else if (!station)
        refuse_fault(request, &why);
    else if (caller.partner->deliver.by != DELIVER_MAILBOX)
        refuse(request, REFUSAL_NO_MAILBOX, NULL, NULL);
    else if (!id || !delivery_read(id, &visit->delivery))
        refuse(request, REFUSAL_UNKNOWN_DELIVERY, NULL, NULL);
    else if (claim(visit, request)) {
        visit->is_refusal = is_refusal;
        act(visit, request, station);
        if (!visit->is_under_way)
            visit_let_go(visit); /* before the answer leaves */
    }
}

void reply_accept(void *own, struct http_request *request)
{
    reply(own, request, false);
}

void reply_refuse(void *own, struct http_request *request)
{
    reply(own, request, true);
}
