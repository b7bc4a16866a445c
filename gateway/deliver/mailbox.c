/* SPDX-License-Identifier: Apache-2.0 */
/* The mailbox: its parts, its routes, and the way of one GET /v1/inbox. */
#include "deliver/mailbox.h"

#include "api/refusal.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/number.h"
#include "deliver/hand_out.h"
#include "deliver/reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

ENDS_WITH_SCOPE(struct mailbox *, mailbox_close)

enum { WAIT_MOST_S = 60, SECOND_MS = 1000, REASON_BYTES = 16 * 1024, NOTHING_BYTES = 1024 };

static void step_woken(struct visit *visit, struct http_request *request);

/* ---- answers ---- */

static void answer_nothing(struct visit *visit, struct http_request *request)
{
    static const char nothing[] = "{\"items\":[]}\n";
    http_add_header(request, "Cache-Control", "no-store");
    if (visit->wants_bare)
        http_answer(request, 204, NULL, NULL, 0);
    else
        http_answer(request, 200, "application/json", strdup(nothing), sizeof nothing - 1);
}

static void answer_letters(struct visit *visit, struct http_request *request)
{
    struct hand_out *hand_out = visit->hand_out;
    http_add_header(request, "Cache-Control", "no-store");
    if (visit->wants_bare) {
        http_add_header(request, "Lienthong-Delivery", hand_out->id);
        http_add_header(request, "Lienthong-Event-Id", hand_out->event_id);
    }
    metrics_add(visit->mailbox->counts[COUNT_HANDED_OUT], (int64_t)hand_out->count);
    char *text = hand_out->text;
    hand_out->text = NULL;
    http_answer(request, 200, hand_out->media_type, text, hand_out->size);
}

/* ---- the way of one call ---- */

static void wait_for_letters(struct visit *visit, struct http_request *request)
{
    struct fault why;
    visit_sleep(visit, request, step_woken);
    if (!room_enter(visit->mailbox->room, visit, &why))
        refuse_fault(request, &why);
}

static void step_kept(struct visit *visit, struct http_request *request)
{
    if (visit->has_failed) {
        refuse_fault(request, &visit->fault);
    } else if (visit->hand_out->count > 0) {
        answer_letters(visit, request);
    } else { /* no letter could be written: wait for another */
        hand_out_free(visit->hand_out);
        visit->hand_out = NULL;
        wait_for_letters(visit, request);
    }
}

/* From the writer's thread: the letters are put off, so the next visit may look. */
static void kept(void *own, const struct fault *why)
{
    struct visit *visit = own;
    visit->has_failed = why != NULL;
    if (why)
        visit->fault = *why;
    room_leave(visit->mailbox->room, visit);
    (void)visit_wake(visit); /* or its client is gone: they come again after redeliver_ms */
    visit_release(visit);
}

static void count_unsayable(const struct hand_out *hand_out)
{
    for (size_t i = 0; i < hand_out->letter_count; i++) {
        if (hand_out->settlements[i].kind == SETTLE_DEAD)
            metrics_add(hand_out->mailbox->counts[COUNT_UNSAYABLE], 1);
    }
}

static void keep(struct visit *visit, struct http_request *request)
{
    const struct hand_out *hand_out = visit->hand_out;
    count_unsayable(hand_out);
    visit_sleep(visit, request, step_kept);
    if (spool_settle(visit->mailbox->options.spool, hand_out->settlements, hand_out->letter_count,
                     kept, visit_hold(visit), &visit->fault))
        return;
    room_leave(visit->mailbox->room, visit);
    visit_release(visit);
    refuse_fault(request, &visit->fault);
}

/* It has its partner's turn, or its time is up. */
static void step_woken(struct visit *visit, struct http_request *request)
{
    struct fault why;
    struct room *room = visit->mailbox->room;
    struct station *station = stations_here(visit->mailbox->stations, &why);
    if (!atomic_load(&visit->has_turn) || http_is_gone(request)) {
        room_leave(room, visit);
        answer_nothing(visit, request);
        return;
    }
    visit->hand_out = station ? hand_out_make(visit, station, &why) : NULL;
    if (!visit->hand_out) {
        room_leave(room, visit);
        refuse_fault(request, &why);
    } else if (visit->hand_out->letter_count == 0) { /* ended or re-routed a moment ago */
        hand_out_free(visit->hand_out);
        visit->hand_out = NULL;
        room_leave(room, visit);
        wait_for_letters(visit, request);
    } else {
        keep(visit, request);
    }
}

/* ---- the call ---- */

static bool read_number(struct http_request *request, const char *name, int64_t least, int64_t most,
                        int64_t *number)
{
    const char *text = http_query(request, name);
    return !text || number_read(text, strlen(text), least, most, number) == NUMBER_GOOD;
}

/* A JSON document is told from the envelope by ?as=document alone. */
static bool wants_bare(struct http_request *request, const struct adapter *adapter)
{
    const char *as = http_query(request, "as"), *accept = http_header(request, "Accept");
    if (as)
        return strcmp(as, "document") == 0;
    return accept && strcasecmp(accept, "application/json") != 0 && adapter_takes(adapter, accept);
}

static bool read_wishes(struct visit *visit, struct http_request *request)
{
    const struct partner *partner = visit->caller.partner;
    const struct adapter *adapter =
        adapters_find(visit->mailbox->options.adapters, partner->deliver.adapter);
    int64_t wait_s = 0;
    visit->wants_bare = adapter && wants_bare(request, adapter);
    visit->most = visit->wants_bare ? 1 : HAND_OUT_USUAL;
    if (!read_number(request, "wait", 0, WAIT_MOST_S, &wait_s) ||
        !read_number(request, "max", 1, visit->wants_bare ? 1 : HAND_OUT_MOST, &visit->most))
        return false;
    visit->until_ticks = clock_ticks_ms() + wait_s * SECOND_MS;
    return true;
}

static void inbox(void *own, struct http_request *request)
{
    struct mailbox *mailbox = own;
    struct caller caller;
    if (!caller_identify(mailbox->options.place, request, &caller))
        return;
    struct visit *visit = visit_new(mailbox, request, &caller);
    if (!visit)
        refuse(request, REFUSAL_INTERNAL, NULL, NULL);
    else if (visit->caller.partner->deliver.by != DELIVER_MAILBOX)
        refuse(request, REFUSAL_NO_MAILBOX, NULL, NULL);
    else if (!read_wishes(visit, request))
        refuse(request, REFUSAL_BAD_CURSOR,
               "wait: 0 to 60 seconds; max: 1 to 100 letters, 1 for a bare document.", NULL);
    else if (strcmp(http_method(request), "HEAD") == 0)
        answer_nothing(visit, request); /* whoever sees no document is given none */
    else
        wait_for_letters(visit, request);
}

static void resumed(void *own, struct http_request *request)
{
    struct visit *visit = http_own(request);
    (void)own;
    visit->next_step(visit, request);
}

static void end(void *own, struct http_request *request)
{
    struct mailbox *mailbox = own;
    struct visit *visit = http_own(request);
    if (!visit)
        return;
    room_leave(mailbox->room, visit);
    visit_over(visit);
}

static const struct http_route routes[] = {
    {.method = "GET", .pattern = "/v1/inbox", .handle = inbox, .resumed = resumed, .end = end},
    {.method = "POST",
     .pattern = "/v1/inbox/{id}/accept",
     .body_limit = NOTHING_BYTES,
     .handle = reply_accept,
     .resumed = resumed,
     .end = end},
    {.method = "POST",
     .pattern = "/v1/inbox/{id}/refuse",
     .body_limit = REASON_BYTES,
     .handle = reply_refuse,
     .resumed = resumed,
     .end = end},
    {0},
};

const struct http_route *mailbox_routes(void)
{
    return routes;
}

/* ---- its parts ---- */

/* Named after the topic, as registries name the schema of a topic's values. */
static bool number_schema(const struct mailbox *mailbox, const char *topic,
                          const struct schema *schema, int32_t *number, struct fault *why)
{
    auto_free(free) char *subject = NULL;
    if (asprintf(&subject, "%s%s-value", mailbox->options.topic_prefix, topic) < 0) {
        subject = NULL;
        return fault_memory(why);
    }
    return spool_schema(mailbox->options.spool, subject, schema->text, schema->fingerprint, number,
                        why);
}

static bool number_schemas(struct mailbox *mailbox, struct fault *why)
{
    struct tell_schemas *tell = &mailbox->tell;
    tell->receipt = mailbox->options.receipt;
    tell->dead_letter = mailbox->options.dead_letter;
    return number_schema(mailbox, "dossier-events", mailbox->options.schema, &mailbox->schema_no,
                         why) &&
           number_schema(mailbox, "deliveries", tell->receipt, &tell->receipt_no, why) &&
           number_schema(mailbox, "dead-letters", tell->dead_letter, &tell->dead_letter_no, why);
}

static void open_metrics(struct mailbox *mailbox)
{
    static const char *const labels[COUNT_COUNT_] = {
        [COUNT_HANDED_OUT] = "outcome=\"handed-out\"",
        [COUNT_ACCEPTED] = "outcome=\"accepted\"",
        [COUNT_REFUSED] = "outcome=\"refused\"",
        [COUNT_UNSAYABLE] = "outcome=\"unsayable\"",
    };
    for (size_t i = 0; i < COUNT_COUNT_; i++)
        mailbox->counts[i] =
            metrics_counter("lienthong_inbox_letters_total",
                            "Letters of mailboxes, by what became of them.", labels[i]);
}

struct mailbox *mailbox_open(const struct mailbox_options *options, struct fault *why)
{
    auto_free(mailbox_close) struct mailbox *mailbox = calloc(1, sizeof *mailbox);
    if (!mailbox) {
        (void)fault_memory(why);
        return NULL;
    }
    mailbox->options = *options;
    atomic_init(&mailbox->held_bytes, 0);
    tally_begin(&mailbox->visits);
    open_metrics(mailbox);
    if (!number_schemas(mailbox, why))
        return NULL;
    mailbox->stations = stations_open(options->adapters, options->spool_file, why);
    if (!mailbox->stations)
        return NULL;
    mailbox->claims = claims_new(why);
    if (!mailbox->claims)
        return NULL;
    mailbox->room = room_open(options->spool, options->spool_file, why);
    return mailbox->room ? steal(mailbox) : NULL;
}

void mailbox_hush(struct mailbox *mailbox)
{
    if (mailbox)
        room_hush(mailbox->room);
}

void mailbox_close(struct mailbox *mailbox)
{
    if (!mailbox)
        return;
    tally_await_none(&mailbox->visits); /* the spool may have something of one that was cut */
    room_close(mailbox->room);
    claims_free(mailbox->claims);
    stations_close(mailbox->stations);
    tally_end(&mailbox->visits);
    free(mailbox);
}
