/* SPDX-License-Identifier: Apache-2.0 */
/* One step of a running job of entries: read again, then done many at once. */
#include "operate/job_run.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "operate/job_crew.h"
#include "operate/job_page.h"
#include "spool/receipt.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

enum { OBJECT_SIZE = RECEIPT_TEXT_SIZE + 8, DETAIL_SIZE = 40, STEP_BYTES = 16 << 20 };

ENDS_WITH_SCOPE(struct job_page *, job_page_free)

/* One entry that passes. */
struct errand {
    int64_t entry;
    struct job_trial trial;
    char object[OBJECT_SIZE];
    bool is_tried, is_good;
    struct fault why; /* of one that is not good */
};

struct batch {
    const struct job_running *running;
    struct job_page *page;
    struct errand *errands;
    size_t count;
    struct spool_deed *deeds; /* twice as many as errands */
    struct deed_outcome *outcomes;
    char detail[DETAIL_SIZE];
    int64_t at_ms;
    atomic_size_t bytes; /* held by the errands */
};

static void batch_end(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        job_trial_end(&batch->errands[i].trial);
    free(batch->errands);
    free(batch->deeds);
    free(batch->outcomes);
}

static bool batch_begin(struct batch *batch, const struct job_running *running, size_t limit,
                        struct fault *why)
{
    batch->running = running;
    batch->at_ms = clock_now_ms();
    batch->errands = calloc(limit + 1, sizeof *batch->errands);
    batch->deeds = calloc(2 * limit + 1, sizeof *batch->deeds);
    batch->outcomes = calloc(2 * limit + 1, sizeof *batch->outcomes);
    (void)snprintf(batch->detail, sizeof batch->detail, "{\"job\":%" PRId64 "}", running->job);
    return (batch->errands && batch->deeds && batch->outcomes) || fault_memory(why);
}

/* ---- reading ---- */

static bool may_go(const struct job_running *running, const struct job_trial *trial)
{
    return trial->state == ITEM_WOULD_PASS ||
           (trial->state == ITEM_STALE && running->wish->rules.may_be_stale);
}

/* What a thread does for one item; large documents are left for the next step. */
static void try_one(void *own, const struct job_bench *bench, size_t index)
{
    struct batch *batch = own;
    struct errand *errand = &batch->errands[index];
    struct job_trial *trial = &errand->trial;
    errand->entry = batch->page->subjects[index];
    if (atomic_load(&batch->bytes) >= STEP_BYTES)
        return;
    errand->is_tried = true;
    errand->is_good =
        job_try_entry(bench, &batch->running->wish->rules, errand->entry, trial, &errand->why);
    if (!trial->is_edited) {
        free(trial->bytes); /* the spool has it */
        trial->bytes = NULL;
    }
    size_t bytes = trial->mended.item.event_size + (trial->bytes ? trial->size : 0);
    (void)atomic_fetch_add(&batch->bytes, bytes);
}

static void name_object(const struct batch *batch, struct errand *errand)
{
    char receipt[RECEIPT_TEXT_SIZE];
    struct spool_reader *reader = batch->running->bench->station->reader;
    receipt_write(spool_reader_key(reader), errand->entry, receipt);
    (void)snprintf(errand->object, sizeof errand->object, "entry:%s", receipt);
}

/* Those that may go move to the front, in their order; the others are done with. */
static bool sort_out(struct batch *batch, struct fault *why)
{
    size_t tried = batch->count;
    batch->count = 0;
    for (size_t i = 0; i < tried; i++) {
        struct errand *errand = &batch->errands[i];
        if (errand->is_tried && !errand->is_good) {
            *why = errand->why;
            batch->count = tried; /* for the end of all of them */
            return false;
        }
    }
    for (size_t i = 0; i < tried; i++) {
        struct errand *errand = &batch->errands[i];
        if (errand->is_tried && may_go(batch->running, &errand->trial)) {
            name_object(batch, errand);
            if (batch->count != i) {
                batch->errands[batch->count] = *errand;
                *errand = (struct errand){.entry = 0};
            }
            batch->count++;
            continue;
        }
        if (errand->is_tried)
            job_page_end_item(batch->page, errand->entry, &errand->trial);
        job_trial_end(&errand->trial);
    }
    return true;
}

static bool add_entries(struct batch *batch, struct fault *why)
{
    batch->count = batch->page->count;
    job_crew_do(batch->running->bench->crew, try_one, batch, batch->count);
    return sort_out(batch, why);
}

/* ---- what the rule made of documents, as revisions ---- */

/* A revision is on record with the job that made it. */
static struct spool_deed revise(const struct batch *batch, struct errand *errand)
{
    const struct job_running *running = batch->running;
    const struct job_trial *trial = &errand->trial;
    return (struct spool_deed){
        .kind = DEED_PROPOSE,
        .entry = errand->entry,
        .bytes = trial->bytes,
        .size = trial->size,
        .files = (const uint8_t(*)[SHA256_SIZE])trial->mended.carried,
        .file_count = trial->mended.carried_count,
        .record = {.actor = {.name = running->author},
                   .reason = running->reason,
                   .at_ms = batch->at_ms},
    };
}

/* Who approved the rule approved what it makes. */
static struct spool_deed approve(const struct batch *batch, struct errand *errand)
{
    return (struct spool_deed){
        .kind = DEED_APPROVE,
        .entry = errand->entry,
        .revision = errand->trial.revision,
        .sha256 = errand->trial.sha256,
        .record = {.actor = {.name = batch->running->approver}, .at_ms = batch->at_ms},
    };
}

/* A number that somebody else took meanwhile makes the entry fail, and nothing else. */
static bool propose_all(struct batch *batch, struct fault *why)
{
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct errand *errand = &batch->errands[i];
        if (!errand->trial.is_edited)
            continue;
        errand->trial.revision = errand->trial.last_revision + 1;
        batch->deeds[count++] = revise(batch, errand);
        if (errand->trial.needs_approval && batch->running->approver)
            batch->deeds[count++] = approve(batch, errand);
    }
    return count == 0 ||
           spool_do_all(batch->running->spool, batch->deeds, count, batch->outcomes, why);
}

/* ---- the deeds ---- */

static struct spool_deed apply(const struct batch *batch, struct errand *errand)
{
    const struct job_running *running = batch->running;
    const struct job_trial *trial = &errand->trial;
    return (struct spool_deed){
        .kind = trial->is_applied ? DEED_RELEASE : DEED_APPLY,
        .entry = errand->entry,
        .revision = trial->revision,
        .sha256 = trial->revision ? trial->sha256 : NULL,
        .item = &trial->mended.item,
        .may_be_stale = running->wish->rules.may_be_stale,
        .needs_approval = trial->needs_approval,
        .record = {.actor = {.name = running->author},
                   .act = trial->revision && !trial->is_applied ? "apply" : "release",
                   .object = errand->object,
                   .reason = running->reason,
                   .detail = batch->detail,
                   .at_ms = batch->at_ms},
    };
}

static bool apply_all(struct batch *batch, struct job_stepped *stepped, struct fault *why)
{
    const struct job_running *running = batch->running;
    const struct job_step step = {.job = running->job};
    for (size_t i = 0; i < batch->count; i++)
        batch->deeds[i] = apply(batch, &batch->errands[i]);
    if (batch->count > 0 &&
        !spool_job_do(running->spool, &step, batch->deeds, batch->count, batch->outcomes, why))
        return false;
    for (size_t i = 0; i < batch->count; i++) {
        const struct deed_outcome *outcome = &batch->outcomes[i];
        stepped->done += outcome->is_done;
        stepped->failed += !outcome->is_done && !outcome->is_gone && !outcome->is_stale;
    }
    return true;
}

bool job_run_entries(const struct job_running *running, size_t limit, struct job_stepped *stepped,
                     struct fault *why)
{
    __attribute__((cleanup(batch_end))) struct batch batch = {.running = running};
    auto_free(job_page_free) struct job_page *page = calloc(1, sizeof *page);
    *stepped = (struct job_stepped){.tried = 0};
    if (!page)
        return fault_memory(why);
    batch.page = page;
    if (!batch_begin(&batch, running, limit, why) || !job_page_read(running, limit, page, why) ||
        !add_entries(&batch, why) || !propose_all(&batch, why) ||
        !apply_all(&batch, stepped, why) || !job_page_keep(running, page, why))
        return false;
    stepped->tried = batch.count + page->over_count;
    stepped->failed += page->failed;
    stepped->is_over = page->count == 0;
    return true;
}
