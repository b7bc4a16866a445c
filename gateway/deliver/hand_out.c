/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the answer of one GET /v1/inbox, and what has to be durable before it is given. */
#include "deliver/hand_out.h"

#include "api/json_text.h"
#include "api/returned.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/moment.h"
#include "base/text_stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH_BYTES = 8 << 20, /* more letters are not added to an answer of that size */
    COPIES = 2             /* of a document, at worst, while its answer is made */
};

/* What one call works on. */
struct making {
    struct hand_out *hand_out;
    struct visit *visit;
    struct station *station;
    FILE *out; /* of the envelope */
    int64_t now_ms;
    int64_t numbers[HAND_OUT_MOST];
    size_t number_count;
    bool is_full;
};

void hand_out_free(struct hand_out *hand_out)
{
    if (!hand_out)
        return;
    atomic_fetch_sub(&hand_out->mailbox->held_bytes, hand_out->held_bytes);
    for (size_t i = 0; i < hand_out->letter_count; i++) {
        letter_free(&hand_out->letters[i].letter);
        tell_free(&hand_out->letters[i].tellings);
    }
    free(hand_out->letters);
    free(hand_out->settlements);
    free(hand_out->media_type);
    free(hand_out->text);
    free(hand_out);
}

ENDS_WITH_SCOPE(struct hand_out *, hand_out_free)

/* Each is read when its turn has come. */
static bool note(void *own, int64_t delivery)
{
    struct making *making = own;
    making->numbers[making->number_count++] = delivery;
    return false;
}

static bool give_none(void *own, const struct spool_delivery *delivery)
{
    (void)own;
    (void)delivery;
    return false;
}

struct spool_settlement hand_out_settle(const struct put_off *letter, int64_t now_ms,
                                        int64_t redeliver_ms)
{
    const struct spool_delivery *delivery = &letter->letter.delivery;
    struct spool_settlement settlement = {.delivery = delivery->delivery,
                                          .kind = SETTLE_AGAIN,
                                          .at_ms = now_ms,
                                          .next_at_ms = now_ms + redeliver_ms,
                                          .is_attempt = true,
                                          .cause = FETCHED_CAUSE,
                                          .partner = delivery->partner};
    if (letter->fault.kind == FAULT_NONE) {
        settlement.document_sha256 = letter->document_sha256;
        return settlement;
    }
    settlement.is_attempt = false;
    settlement.cause = "write:failed";
    settlement.detail = letter->fault.text;
    if (letter->fault.kind == FAULT_REFUSE || delivery->is_damaged) {
        settlement.kind = SETTLE_DEAD;
        settlement.cause = letter->cause ? letter->cause : "format:cannot-say";
        if (delivery->is_damaged)
            settlement.cause = "event:damaged";
    }
    return settlement;
}

/* ---- one letter ---- */

static void write_moment(FILE *out, const char *name, int64_t moment)
{
    char text[MOMENT_TEXT_SIZE];
    if (moment == 0)
        return;
    (void)moment_write(moment, MOMENT_ISO_UTC, text);
    (void)fprintf(out, ",\"%s\":\"%s\"", name, text);
}

static void write_text(FILE *out, const char *name, const char *text)
{
    if (!text)
        return;
    (void)fprintf(out, ",\"%s\":", name);
    json_text_write(out, text);
}

static void write_item(const struct making *making, const struct spool_delivery *delivery,
                       const char *media_type, const char *bytes, size_t size)
{
    const struct hand_out *hand_out = making->hand_out;
    FILE *out = making->out;
    (void)fprintf(out, "%s{\"id\":\"%s\",\"event_id\":\"%s\"", hand_out->count > 0 ? "," : "",
                  hand_out->id, hand_out->event_id);
    write_text(out, "event_type", delivery->event_type);
    write_text(out, "dossier", delivery->dossier_code);
    write_text(out, "system", delivery->source);
    write_moment(out, "occurred_at", delivery->occurred_at_ms);
    write_moment(out, "due_at", delivery->due_at_ms);
    write_moment(out, "arrived_at", delivery->arrived_at_ms);
    (void)fprintf(out, ",\"times\":%" PRId64, delivery->attempts + 1);
    write_text(out, "media_type", media_type);
    (void)fputs(",\"document\":\"", out);
    json_text_piece(out, bytes, size);
    (void)fputs("\"}", out);
}

/* Whether there is room; the first letter of an answer may be larger than a batch, but for one that
 * has none even when nothing else is held. */
static bool reserve(struct making *making, struct put_off *put_off, int64_t size, struct fault *why)
{
    struct hand_out *hand_out = making->hand_out;
    int64_t most = hand_out->mailbox->options.held_bytes;
    int64_t held = COPIES * size;
    if (held > most) {
        put_off->cause = "document:too-large";
        return fault_set(why, FAULT_REFUSE, "it has %" PRId64 " bytes, and %" PRId64 " have room",
                         size, most / COPIES);
    }
    if (hand_out->count > 0 && hand_out->held_bytes + held > (int64_t)COPIES * BATCH_BYTES) {
        making->is_full = true;
        return true;
    }
    if (atomic_fetch_add(&hand_out->mailbox->held_bytes, held) + held <= most) {
        hand_out->held_bytes += held;
        return true;
    }
    atomic_fetch_sub(&hand_out->mailbox->held_bytes, held);
    making->is_full = hand_out->count > 0;
    return making->is_full || fault_set(why, FAULT_RETRY, "too many large documents at once");
}

static char *read_all(struct outgoing *body, size_t size, struct fault *why)
{
    char *bytes = malloc(size + 1);
    if (!bytes) {
        (void)fault_memory(why);
        return NULL;
    }
    if (outgoing_read(bytes, 1, size + 1, body) == size)
        return bytes;
    *why = *outgoing_fault(body);
    if (why->kind == FAULT_NONE)
        (void)fault_set(why, FAULT_BROKEN, "the document is not of the size that it had");
    free(bytes);
    return NULL;
}

/* True also when the answer is full, and then without the letter. */
static bool put(struct making *making, struct put_off *put_off, const struct document *document,
                struct fault *why)
{
    struct hand_out *hand_out = making->hand_out;
    const struct spool_delivery *delivery = &put_off->letter.delivery;
    size_t size = (size_t)outgoing_size(document->body);
    if (!reserve(making, put_off, (int64_t)size, why))
        return false;
    if (making->is_full)
        return true;
    char *bytes = read_all(document->body, size, why);
    if (!bytes)
        return false;
    (void)outgoing_sha256(document->body, put_off->document_sha256); /* it was read whole */
    delivery_text(delivery->delivery, hand_out->id);
    uuid_text(delivery->event_id, hand_out->event_id);
    if (making->out) {
        write_item(making, delivery, document->media_type, bytes, size);
        free(bytes);
    } else {
        hand_out->text = bytes;
        hand_out->size = size;
        hand_out->media_type = strdup(document->media_type);
    }
    hand_out->count++;
    return true;
}

/* What keeps one letter from being written is its own fault and holds up no other. */
static void take(struct making *making, struct put_off *put_off)
{
    struct document document = {.body = NULL};
    struct fault why = {.kind = FAULT_NONE};
    const struct partner *partner = making->visit->caller.partner;
    bool is_written = document_write(making->visit->mailbox, making->station, partner,
                                     &put_off->letter, &document, &why) &&
                      put(making, put_off, &document, &why);
    document_free(&document);
    if (is_written)
        return;
    put_off->fault = why;
    if (!put_off->cause)
        put_off->cause = document.cause;
    log_warn("inbox.unwritten", "delivery=%" PRId64 " partner=%s why=\"%s\"",
             put_off->letter.delivery.delivery, partner->id, why.text);
}

/* A dead one is told on Kafka. */
static bool settle(struct making *making, struct put_off *put_off, struct fault *why)
{
    struct hand_out *hand_out = making->hand_out;
    const struct mailbox *mailbox = hand_out->mailbox;
    struct spool_settlement settlement =
        hand_out_settle(put_off, making->now_ms, mailbox->options.redeliver_ms);
    if (settlement.kind == SETTLE_DEAD) {
        const struct told told = {.outcome = OUTCOME_REFUSED,
                                  .at_ms = making->now_ms,
                                  .attempts = put_off->letter.delivery.attempts,
                                  .cause = settlement.cause,
                                  .detail = settlement.detail};
        if (!tell_outcome(&mailbox->tell, &put_off->letter.delivery, &told, &put_off->tellings,
                          why))
            return false;
        settlement.notices = put_off->tellings.notices;
        settlement.notice_count = put_off->tellings.count;
    }
    hand_out->settlements[hand_out->letter_count++] = settlement;
    return true;
}

static bool take_number(struct making *making, int64_t number, struct fault *why)
{
    struct hand_out *hand_out = making->hand_out;
    struct put_off *put_off = &hand_out->letters[hand_out->letter_count];
    const struct partner *partner = making->visit->caller.partner;
    if (!letter_load(making->station->reader, number, &put_off->letter, why))
        return why->kind == FAULT_REFUSE; /* pruned a moment ago */
    if (put_off->letter.delivery.state != DELIVERY_WAITING ||
        !letter_is_to(&put_off->letter, partner->id)) {
        letter_free(&put_off->letter); /* ended or re-routed a moment ago */
        return true;
    }
    take(making, put_off);
    if (making->is_full) {
        letter_free(&put_off->letter);
        return true;
    }
    if (settle(making, put_off, why))
        return true;
    letter_free(&put_off->letter);
    return false;
}

static bool take_all(struct making *making, struct fault *why)
{
    for (size_t i = 0; i < making->number_count && !making->is_full; i++) {
        if (!take_number(making, making->numbers[i], why))
            return false;
    }
    return true;
}

static bool make_envelope(struct making *making, struct fault *why)
{
    struct hand_out *hand_out = making->hand_out;
    struct text_stream stream;
    making->out = text_stream_begin(&stream);
    if (!making->out)
        return fault_memory(why);
    (void)fputs("{\"items\":[", making->out);
    bool is_good = take_all(making, why);
    (void)fputs("]}\n", making->out);
    hand_out->text = text_stream_end(&stream, &hand_out->size);
    if (!hand_out->text && is_good)
        is_good = fault_memory(why);
    hand_out->media_type = strdup("application/json");
    return is_good;
}

static bool make_answer(struct making *making, struct fault *why)
{
    struct hand_out *hand_out = making->hand_out;
    bool is_made = making->visit->wants_bare ? take_all(making, why) : make_envelope(making, why);
    return is_made && (hand_out->media_type || hand_out->count == 0 || fault_memory(why));
}

struct hand_out *hand_out_make(struct visit *visit, struct station *station, struct fault *why)
{
    struct making making = {.visit = visit, .station = station, .now_ms = clock_now_ms()};
    const struct delivery_call call = {.partner = visit->caller.partner->id,
                                       .now_ms = making.now_ms,
                                       .limit = (size_t)visit->most,
                                       .is_wanted = note};
    auto_free(hand_out_free) struct hand_out *hand_out = calloc(1, sizeof *hand_out);
    if (!hand_out) {
        (void)fault_memory(why);
        return NULL;
    }
    hand_out->mailbox = visit->mailbox;
    making.hand_out = hand_out;
    if (!spool_due(station->reader, &call, give_none, &making, why))
        return NULL;
    hand_out->letters = calloc(making.number_count + 1, sizeof *hand_out->letters);
    hand_out->settlements = calloc(making.number_count + 1, sizeof *hand_out->settlements);
    if (!hand_out->letters || !hand_out->settlements) {
        (void)fault_memory(why);
        return NULL;
    }
    return make_answer(&making, why) ? steal(hand_out) : NULL;
}
