/* SPDX-License-Identifier: Apache-2.0 */
/* From a document's bytes to what the spool keeps of it. */
#include "ingest/reading.h"

#include "api/complete.h"
#include "api/custody.h"
#include "api/judge.h"
#include "api/member.h"
#include "api/reference.h"
#include "api/succession.h"
#include "base/bilingual.h"
#include "base/cleanup.h"
#include "event/wire.h"
#include "ingest/filing.h"
#include "ingest/state.h"

#include <inttypes.h>
#include <string.h>

enum { CAUSE_SIZE = 200, DETAIL_SIZE = 240 };

/* What one run works on. */
struct run {
    struct handoff *handoff;
    struct station *station;
    struct circumstances circumstances;
};

/* Puts a text and a NUL at `*at`; NULL for NULL. */
static const char *put(char **at, const char *text, size_t size)
{
    const char *start = *at;
    if (!text)
        return NULL;
    *at = mempcpy(*at, text, size);
    *(*at)++ = '\0';
    return start;
}

static size_t size_of(const char *text)
{
    return text ? strlen(text) : 0;
}

/* Copies what the spool is to keep of the item into one piece of memory. */
static bool copy_texts(struct spool_item *stored, struct item_memory *memory,
                       const struct adapt_item *item, struct fault *why)
{
    const char *dossier = member_text(&item->event, "dossier_code");
    size_t native_size = item->native_id ? item->native_id_size : 0;
    char *at = malloc(native_size + size_of(dossier) + size_of(item->reference) + 3);
    if (!at)
        return fault_memory(why);
    memory->texts = at;
    stored->native_id = put(&at, item->native_id, native_size);
    stored->native_id_size = native_size;
    stored->dossier_code = put(&at, dossier, size_of(dossier));
    stored->reference = put(&at, item->reference, size_of(item->reference));
    return true;
}

/* A message may name an earlier one instead of the dossier.  `*is_valid` stays when it does not. */
static bool resolve(struct run *run, const struct adapt_item *item, bool *is_valid,
                    struct fault *why)
{
    avro_value_t event = item->event;
    auto_free(free) char *code = NULL;
    if (!*is_valid || !item->refers_to || member_text(&event, "dossier_code"))
        return true;
    if (!reference_resolve(run->station, &run->handoff->caller, item->refers_to, &code, why))
        return false;
    if (code)
        return member_set_text(&event, "dossier_code", code) || fault_memory(why);
    adapt_report(run->station->bench, RULE_MISSING, "dossier_code", NULL, "refers_to");
    *is_valid = false;
    return true;
}

/* A file that an item's event names: one that came in this very document, or that its sender may
 * have.  That somebody knows a hash does not make the file its own. */
struct naming {
    struct run *run;
    size_t index; /* of the item */
};

static bool came_along(const struct handoff *handoff, const uint8_t *sha256)
{
    for (size_t i = 0; i < handoff->files.count; i++)
        if (memcmp(handoff->files.items[i].sha256, sha256, SHA256_SIZE) == 0)
            return true;
    return false;
}

static bool use_named(void *own, const uint8_t *sha256, struct fault *why)
{
    const struct naming *naming = own;
    struct handoff *handoff = naming->run->handoff;
    bool may = came_along(handoff, sha256);
    if (!may && !custody_may_see(naming->run->station, &handoff->caller, sha256, &may, why))
        return false;
    return !may || handoff_use_file(handoff, naming->index, sha256, why);
}

static bool use_named_files(struct run *run, const avro_value_t *event, struct fault *why)
{
    struct naming naming = {run, run->handoff->document.item_count - 1};
    return custody_each_file(event, use_named, &naming, why);
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
    stored->event_type = member_symbol(&event, "event_type");
    (void)member_number(&event, "occurred_at",
                        &stored->occurred_at_ms);                    /* complete_event: it has */
    (void)member_number(&event, "times.due_at", &stored->due_at_ms); /* stays 0 without one */
    return true;
}

static bool take_item(void *own, const struct adapt_item *item, struct fault *why)
{
    struct run *run = own;
    struct spool_item *stored = handoff_add_item(run->handoff, why);
    if (!stored)
        return false;
    struct item_memory *memory = &run->handoff->memory[run->handoff->document.item_count - 1];
    memcpy(stored->content_sha256, item->content_sha256, SHA256_SIZE);
    bool is_valid = item->is_valid;
    if (!resolve(run, item, &is_valid, why) || !copy_texts(stored, memory, item, why))
        return false;
    return !is_valid || finish_item(run, item, stored, memory, why);
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

static bool choose_outcome(struct run *run, const struct reading *reading, enum outcome *outcome,
                           struct fault *why)
{
    *outcome = OUTCOME_STORE;
    if (reading->problem_count == 0)
        return true;
    if (run->handoff->parks)
        return park(run, reading, why);
    if (run->handoff->is_foreign)
        *outcome = OUTCOME_FOREIGN;
    else if (run->handoff->caller.partner->invalid == INVALID_REFUSED)
        *outcome = OUTCOME_INVALID;
    else
        return park(run, reading, why);
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
    const struct adapt_document document = {.bytes = handoff->bytes,
                                            .size = handoff->document.size,
                                            .candidates = handoff->candidates,
                                            .candidate_count = handoff->candidate_count,
                                            .sha256 = handoff->document.sha256,
                                            .file = filing_find,
                                            .load = filing_load,
                                            .files = handoff};
    if (!adapt_read(station->bench, &document, take_item, &run, reading, why))
        return false;

    describe_document(handoff, reading->adapter);
    return choose_outcome(&run, reading, outcome, why);
}
