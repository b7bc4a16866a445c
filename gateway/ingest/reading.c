/* SPDX-License-Identifier: Apache-2.0 */
/* From a document's bytes to what the spool keeps of it. */
#include "ingest/reading.h"

#include "api/complete.h"
#include "api/custody.h"
#include "api/judge.h"
#include "api/keeping.h"
#include "api/reference.h"
#include "api/succession.h"
#include "base/bilingual.h"
#include "base/cleanup.h"
#include "event/wire.h"
#include "ingest/filing.h"
#include "ingest/repeat.h"
#include "ingest/signing.h"
#include "ingest/state.h"

#include <inttypes.h>
#include <string.h>

enum { CAUSE_SIZE = 200, DETAIL_SIZE = 240 };

/* What one run works on. */
struct run {
    struct handoff *handoff;
    struct station *station;
    struct circumstances circumstances;
    struct custody_strangers strangers;
};

static bool came_along(const void *own, const uint8_t *sha256)
{
    const struct handoff *handoff = own;
    for (size_t i = 0; i < handoff->files.count; i++)
        if (memcmp(handoff->files.items[i].sha256, sha256, SHA256_SIZE) == 0)
            return true;
    return handoff_uses_file(handoff, handoff->document.item_count - 1, sha256);
}

/* By the item that was added last. */
static bool use_file(void *own, const uint8_t *sha256, struct fault *why)
{
    struct handoff *handoff = own;
    return handoff_use_file(handoff, handoff->document.item_count - 1, sha256, why);
}

static bool use_named_files(struct run *run, const avro_value_t *event, struct fault *why)
{
    const struct custody_naming naming = {
        run->station, &run->handoff->caller, came_along, use_file, run->handoff, &run->strangers,
    };
    return custody_use_named(&naming, event, why);
}

/* Completes, judges and encodes an item that its adapter found valid. */
static bool finish_item(struct run *run, const struct adapt_item *item, struct spool_item *stored,
                        struct item_memory *memory, struct fault *why)
{
    const struct ingest *ingest = run->handoff->ingest;
    avro_value_t event = item->event;
    enum verdict verdict = VERDICT_GOOD;
    if (!complete_event(run->station->bench, item, &run->circumstances, stored->event_id, why) ||
        !judge_event(run->station->bench, item->adapter, &event, &run->handoff->caller, &verdict,
                     why) ||
        !succession_of(run->handoff->caller.directory, &event, &memory->agencies, why))
        return false;
    run->handoff->is_foreign |= verdict == VERDICT_FOREIGN;
    if (verdict != VERDICT_GOOD)
        return true;

    memory->is_valid = true;
    if (item->is_silent)
        return true; /* kept, and not published */
    memory->event = wire_encode(ingest->options.schema, &event, &stored->event_size, why);
    if (!memory->event || !use_named_files(run, &event, why))
        return false;
    stored->event = memory->event;
    stored->schema_no = ingest->schema_no;
    keeping_of_event(&event, stored);
    return true;
}

static bool take_item(void *own, const struct adapt_item *item, struct fault *why)
{
    struct run *run = own;
    struct spool_item *stored = handoff_add_item(run->handoff, why);
    if (!stored)
        return false;
    struct item_memory *memory = &run->handoff->memory[run->handoff->document.item_count - 1];
    bool is_valid = item->is_valid;
    if (!reference_fill(run->station, &run->handoff->caller, item, &is_valid, why) ||
        !keeping_of_item(item, stored, &memory->texts, why) ||
        (is_valid && !finish_item(run, item, stored, memory, why)))
        return false;
    /* If it is kept, it holds up its dossier: only for a sender who could have spoken for it. */
    stored->stands_aside = !memory->is_valid && !judge_may_speak(item, &run->handoff->caller,
                                                                 run->circumstances.received_at_ms);
    return true;
}

/* "missing /data[0]/MaHoSo" and its sentence in both languages, into memory of the item. */
static bool bury(struct spool_item *stored, struct item_memory *memory,
                 const struct problem *problem, struct fault *why)
{
    char vietnamese[DETAIL_SIZE], english[DETAIL_SIZE];
    char *texts = NULL;
    problem_write(problem, "vi", vietnamese, sizeof vietnamese);
    problem_write(problem, "en", english, sizeof english);
    int cause_size =
        asprintf(&texts, "%s %.*s%c%s" BILINGUAL_MARK "%s", rule_code(problem->rule), CAUSE_SIZE,
                 problem->path ? problem->path : "/", '\0', vietnamese, english);
    if (cause_size < 0)
        return fault_memory(why);
    free(memory->event); /* of an item that a problem of the whole document took down */
    memory->event = texts;
    stored->event = NULL;
    stored->event_size = 0;
    stored->event_type = NULL;
    stored->schema_no = 0;
    stored->cause = texts;
    stored->detail = texts + strlen(texts) + 1;
    return true;
}

/* An item without an id of its own is known by the document's content and its place in it. */
static bool name_nameless(struct run *run, size_t index, struct fault *why)
{
    struct handoff *handoff = run->handoff;
    struct spool_item *stored = &handoff->items[index];
    struct item_memory *memory = &handoff->memory[index];
    if (stored->native_id)
        return true;
    const char *dossier = stored->dossier_code;
    char *texts = NULL;
    int size = asprintf(&texts, "sha256:%s|%zu%c%s", run->circumstances.payload_sha256, index, '\0',
                        dossier ? dossier : "");
    if (size < 0)
        return fault_memory(why);
    free(memory->texts);
    memory->texts = texts;
    stored->native_id = texts;
    stored->native_id_size = strlen(texts);
    stored->dossier_code = dossier ? texts + stored->native_id_size + 1 : NULL;
    return true;
}

static const struct problem *problem_of(const struct reading *reading, int item)
{
    for (size_t i = 0; i < reading->problem_count; i++) {
        if (reading->problems[i].item == item)
            return &reading->problems[i];
    }
    return NULL;
}

/* The document as one dead entry: nobody can say which of its items are good. */
static bool park_whole(struct run *run, const struct problem *problem, struct fault *why)
{
    struct handoff *handoff = run->handoff;
    handoff_drop_items(handoff);
    struct spool_item *stored = handoff_add_item(handoff, why);
    if (!stored)
        return false;
    memcpy(stored->content_sha256, handoff->document.sha256, SHA256_SIZE);
    return name_nameless(run, 0, why) && bury(stored, &handoff->memory[0], problem, why);
}

static bool park_items(struct run *run, const struct reading *reading, struct fault *why)
{
    /* An item whose own problem fell off the end of the list is named by the last that is there. */
    const struct problem *last = &reading->problems[reading->problem_count - 1];
    for (size_t i = 0; i < run->handoff->document.item_count; i++) {
        struct item_memory *memory = &run->handoff->memory[i];
        const struct problem *problem = problem_of(reading, (int)i);
        if (memory->is_valid)
            continue;
        if (!name_nameless(run, i, why) ||
            !bury(&run->handoff->items[i], memory, problem ? problem : last, why))
            return false;
    }
    return true;
}

static bool park(struct run *run, const struct reading *reading, struct fault *why)
{
    const struct problem *whole = problem_of(reading, -1);
    if (!whole && run->handoff->document.item_count == 0)
        whole = &reading->problems[0];
    return whole ? park_whole(run, whole, why) : park_items(run, reading, why);
}

static void describe_document(struct handoff *handoff, const struct adapter *adapter)
{
    struct spool_document *document = &handoff->document;
    document->partner = handoff->caller.partner->id;
    document->adapter = adapter_name(adapter ? adapter : handoff->candidates[0]);
    document->media_type = handoff->media_type;
    document->traceparent = handoff->trace.parent;
    document->bytes = handoff->bytes;
}

/* What is not signed as agreed is not read: nobody knows whose word it is. */
static void read_nothing(const struct handoff *handoff, struct reading *reading)
{
    *reading = (struct reading){
        .problems = &handoff->signature.problem, .problem_count = 1, .problem_total = 1};
}

/* Nothing of the document went unread. */
static bool is_of_items(const struct reading *reading)
{
    return !problem_of(reading, -1) && reading->problem_count == reading->problem_total;
}

static bool choose_outcome(struct run *run, const struct reading *reading, enum outcome *outcome,
                           struct fault *why)
{
    struct handoff *handoff = run->handoff;
    bool is_refused = handoff->is_foreign || handoff->caller.partner->invalid == INVALID_REFUSED;
    bool is_repeat = false;
    *outcome = OUTCOME_STORE;
    if (reading->problem_count == 0)
        return true;
    if (handoff->parks || !is_refused)
        return park(run, reading, why);
    if (is_of_items(reading) && !repeat_find(handoff, run->station->reader, &is_repeat, why))
        return false;
    *outcome = is_repeat             ? OUTCOME_REPEATED
               : handoff->is_foreign ? OUTCOME_FOREIGN
                                     : OUTCOME_INVALID;
    return true;
}

bool reading_run(struct handoff *handoff, struct station *station, enum outcome *outcome,
                 struct reading *reading, struct fault *why)
{
    char hex[SHA256_HEX_SIZE];
    if (!handoff->is_filed)
        digest_sha256(handoff->bytes, handoff->document.size, handoff->document.sha256);
    digest_hex(handoff->document.sha256, SHA256_SIZE, hex);
    struct run run = {.handoff = handoff,
                      .station = station,
                      .circumstances = {.system = handoff->caller.partner->id,
                                        .payload_sha256 = hex,
                                        .trace_id = handoff->trace.id,
                                        .received_at_ms = handoff->document.received_at_ms}};
    const struct adapt_document document = {
        .bytes = handoff->bytes,
        .size = handoff->document.size,
        .candidates = handoff->candidates,
        .candidate_count = handoff->candidate_count,
        .sha256 = handoff->document.sha256,
        .file = filing_find,
        .load = filing_load,
        .place = filing_place,
        .files = handoff,
        .without_signatures = handoff->caller.partner->signatures.policy != SIGNATURES_IGNORED};
    if (!signing_judge(handoff, why))
        return false;
    if (handoff->signature.is_bad)
        read_nothing(handoff, reading);
    else if (!adapt_read(station->bench, &document, take_item, &run, reading, why))
        return false;

    describe_document(handoff, reading->adapter);
    return choose_outcome(&run, reading, outcome, why);
}
