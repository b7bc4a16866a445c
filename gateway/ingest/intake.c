/* SPDX-License-Identifier: Apache-2.0 */
/* A document from a folder or a mailbox: what POST does with one, for a thread that may wait. */
#include "ingest/intake.h"

#include "api/refusal.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/opening.h"
#include "ingest/answer.h"
#include "ingest/filing.h"
#include "ingest/reading.h"
#include "ingest/repeat.h"
#include "ingest/state.h"

#include <string.h>

enum { LOOK_MS = 20 };

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(struct handoff *, handoff_release)

/* Waits for the writer's word; on the stack of the thread that waits. */
struct word {
    pthread_mutex_t lock;
    pthread_cond_t said;
    bool is_said; /* guarded by lock */
    struct handoff *handoff;
};

static bool find_partner(struct ingest *ingest, const char *id, struct caller *caller,
                         struct fault *why)
{
    caller->directory = directory_current(ingest->options.place);
    caller->partner = directory_partner(caller->directory, id);
    if (caller->partner)
        return true;
    caller_forget(caller);
    return fault_set(why, FAULT_REFUSE, "there is no partner %s", id);
}

/* What none of them takes is, where it is kept in any case, for those that take what the first one
 * does: they say what is wrong with it. */
static bool choose_candidates(struct handoff *handoff, struct fault *why)
{
    const struct partner *partner = handoff->caller.partner;
    const struct adapter *first = NULL;
    handoff_choose_candidates(handoff);
    if (handoff->candidate_count > 0)
        return true;
    for (size_t i = 0; handoff->parks && i < partner->adapter_count && !first; i++)
        first = adapters_find(handoff->ingest->options.adapters, partner->adapters[i]);
    if (!first)
        return fault_set(why, FAULT_REFUSE, "none of the adapters of %s takes %s", partner->id,
                         handoff->media_type);
    free(handoff->media_type);
    handoff->media_type = strdup(adapter_media_type(first, 0));
    if (!handoff->media_type)
        return fault_memory(why);
    handoff_choose_candidates(handoff);
    return true;
}

/* The handoff that reading and storing work on; takes the bytes. */
static struct handoff *open_handoff(struct ingest *ingest, const struct intake *intake,
                                    struct fault *why)
{
    struct caller caller;
    auto_free(free) char *bytes = intake->bytes ? intake->bytes : strdup("");
    if (!bytes) {
        (void)fault_memory(why);
        return NULL;
    }
    if (!find_partner(ingest, intake->partner, &caller, why))
        return NULL;
    auto_free(handoff_release) struct handoff *handoff = handoff_new(ingest, NULL, &caller);
    if (handoff) {
        handoff->account = accounts_of(ingest->accounts, intake->partner);
        handoff->media_type =
            strdup(opening_is_xml(bytes, intake->size) ? "application/xml" : "application/json");
    }
    if (handoff && intake->jws)
        handoff->jws = strdup(intake->jws);
    if (!handoff || !handoff->account || !handoff->media_type || (intake->jws && !handoff->jws)) {
        (void)fault_memory(why);
        return NULL;
    }
    handoff->parks = intake->parks;
    handoff->document.size = intake->size;
    handoff->document.received_at_ms = clock_now_ms();
    handoff->bytes = steal(bytes);
    trace_from(NULL, &handoff->trace);
    return choose_candidates(handoff, why) ? steal(handoff) : NULL;
}

static void stored(void *own, const struct spool_receipt *receipts, size_t count,
                   const struct fault *why)
{
    struct word *word = own;
    (void)pthread_mutex_lock(&word->lock);
    if (receipts)
        memcpy(word->handoff->receipts, receipts, count * sizeof *receipts);
    else
        word->handoff->fault = *why;
    word->handoff->has_receipts = receipts != NULL;
    word->is_said = true;
    (void)pthread_cond_signal(&word->said);
    (void)pthread_mutex_unlock(&word->lock);
}

/* The writer always answers, also when the spool closes. */
static bool store(struct handoff *handoff, struct fault *why)
{
    struct word word = {
        .lock = PTHREAD_MUTEX_INITIALIZER, .said = PTHREAD_COND_INITIALIZER, .handoff = handoff};
    handoff->receipts = calloc(handoff->document.item_count, sizeof *handoff->receipts);
    if (!handoff->receipts)
        return fault_memory(why);
    bool is_put = spool_add(handoff->ingest->options.spool, &handoff->document, stored, &word, why);
    if (is_put) {
        (void)pthread_mutex_lock(&word.lock);
        while (!word.is_said)
            (void)pthread_cond_wait(&word.said, &word.lock);
        (void)pthread_mutex_unlock(&word.lock);
        if (!handoff->has_receipts)
            *why = handoff->fault;
    }
    (void)pthread_cond_destroy(&word.said);
    (void)pthread_mutex_destroy(&word.lock);
    return is_put && handoff->has_receipts;
}

static bool wait_for_kafka(struct handoff *handoff, struct stop *stop, struct fault *why)
{
    int64_t until = clock_ticks_ms() + handoff->ingest->options.publish_wait_ms;
    while (handoff_unpublished(handoff) > 0) {
        if (clock_ticks_ms() >= until || stop_wait(stop, LOOK_MS))
            return fault_set(why, FAULT_RETRY, "it is stored, and Kafka does not have it yet");
    }
    return true;
}

static enum intake_verdict verdict_of(const struct handoff *handoff)
{
    enum intake_verdict verdict = INTAKE_REPEATED;
    for (size_t i = 0; i < handoff->document.item_count; i++) {
        if (handoff->receipts[i].verdict == SPOOL_CONFLICT)
            return INTAKE_CONFLICT;
        if (handoff->receipts[i].verdict == SPOOL_STORED)
            verdict = INTAKE_ACCEPTED;
    }
    return verdict;
}

static bool tell_problems(struct handoff *handoff, const struct reading *reading,
                          enum outcome outcome, struct intake_result *result, struct fault *why)
{
    account_count(handoff->account, outcome == OUTCOME_FOREIGN ? REPLY_FOREIGN : REPLY_INVALID);
    spool_count_refused(handoff->ingest->options.spool, handoff->caller.partner->id,
                        handoff->document.received_at_ms);
    json_t *problems = refusal_problems(reading->problems, reading->problem_count, LANGUAGE_VI);
    auto_free(json_decref) json_t *json =
        json_pack("{s:o, s:I}", "problems", problems, "total", (json_int_t)reading->problem_total);
    result->verdict = INTAKE_INVALID;
    result->text = json ? json_dumps(json, JSON_INDENT(1)) : NULL;
    result->size = result->text ? strlen(result->text) : 0;
    return result->text || fault_memory(why);
}

static void count(struct handoff *handoff, enum intake_verdict verdict)
{
    static const enum reply replies[] = {
        [INTAKE_ACCEPTED] = REPLY_ACCEPTED,
        [INTAKE_REPEATED] = REPLY_REPEATED,
        [INTAKE_CONFLICT] = REPLY_CONFLICT,
    };
    account_count(handoff->account, replies[verdict]);
}

bool intake_take(struct ingest *ingest, const struct intake *intake, struct stop *stop,
                 struct intake_result *result, struct fault *why)
{
    struct reading reading;
    enum outcome outcome;
    auto_free(handoff_release) struct handoff *handoff = open_handoff(ingest, intake, why);
    if (!handoff)
        return false;
    if (filing_is_needed(handoff) && !filing_now(handoff, why))
        return false;
    struct station *station = stations_here(ingest->stations, why);
    if (!station || !reading_run(handoff, station, &outcome, &reading, why))
        return false;
    if (outcome != OUTCOME_STORE && outcome != OUTCOME_REPEATED)
        return tell_problems(handoff, &reading, outcome, result, why);
    bool waits = intake->needs_kafka || handoff->caller.partner->ack == ACK_PUBLISHED;
    if ((outcome == OUTCOME_STORE && !store(handoff, why)) ||
        !repeat_recall(handoff, station->reader, why) ||
        (waits && !wait_for_kafka(handoff, stop, why)))
        return false;
    result->verdict = verdict_of(handoff);
    count(handoff, result->verdict);
    result->text = answer_receipts(handoff, &result->size);
    return result->text || fault_memory(why);
}
