/* SPDX-License-Identifier: Apache-2.0 */
/* One step of a running job of entries: read again, then done many at once. */
#include "operate/job_run.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "operate/job_page.h"
#include "spool/receipt.h"

#include <inttypes.h>
#include <string.h>

enum { OBJECT_SIZE = RECEIPT_TEXT_SIZE + 8, DETAIL_SIZE = 40, STEP_BYTES = 16 << 20 };

ENDS_WITH_SCOPE(struct job_page *, job_page_free)

/* One entry that passes. */
struct errand {
    int64_t entry;
    struct job_trial trial;
    char object[OBJECT_SIZE];
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

static bool add_entry(struct batch *batch, int64_t entry, size_t *bytes, struct fault *why)
{
    const struct job_bench *bench = batch->running->bench;
    struct errand *errand = &batch->errands[batch->count];
    if (!job_try_entry(bench, &batch->running->wish->rules, entry, &errand->trial, why)) {
        job_trial_end(&errand->trial);
        return false;
    }
    if (!may_go(batch->running, &errand->trial)) {
        job_page_end_item(batch->page, entry, &errand->trial);
        job_trial_end(&errand->trial);
        return true;
    }
    if (!errand->trial.is_edited) {
        free(errand->trial.bytes); /* the spool has it */
        errand->trial.bytes = NULL;
    }
    errand->entry = entry;
    char receipt[RECEIPT_TEXT_SIZE];
    receipt_write(spool_reader_key(bench->station->reader), entry, receipt);
    (void)snprintf(errand->object, sizeof errand->object, "entry:%s", receipt);
    *bytes +=
        errand->trial.mended.item.event_size + (errand->trial.is_edited ? errand->trial.size : 0);
    batch->count++;
    return true;
}

/* What is left over of a page of large documents is the next step's. */
static bool add_entries(struct batch *batch, struct fault *why)
{
    size_t bytes = 0;
    for (size_t i = 0; i < batch->page->count && bytes < STEP_BYTES; i++)
        if (!add_entry(batch, batch->page->subjects[i], &bytes, why))
            return false;
    return true;
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
