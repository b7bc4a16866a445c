/* SPDX-License-Identifier: Apache-2.0 */
/* One step of a running job of deliveries: released many at once. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "operate/job_page.h"
#include "operate/job_run.h"

#include <inttypes.h>

enum { LINE_SIZE = 600, DETAIL_SIZE = 40 };

ENDS_WITH_SCOPE(struct job_page *, job_page_free)
ENDS_WITH_SCOPE(struct job_trial *, job_trial_end)

struct batch {
    const struct job_running *running;
    struct job_page *page;
    struct spool_settlement *settlements;
    void **memories; /* of what Kafka is told */
    bool *outcomes;
    size_t count;
    char line[LINE_SIZE]; /* of the deliveries' trails */
    int64_t at_ms;
};

static void batch_end(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        batch->running->tell->forget(batch->memories[i]);
    free(batch->settlements);
    free(batch->memories);
    free(batch->outcomes);
}

static bool batch_begin(struct batch *batch, size_t limit, struct fault *why)
{
    batch->at_ms = clock_now_ms();
    batch->settlements = calloc(limit + 1, sizeof *batch->settlements);
    batch->memories = calloc(limit + 1, sizeof *batch->memories);
    batch->outcomes = calloc(limit + 1, sizeof *batch->outcomes);
    (void)snprintf(batch->line, sizeof batch->line, "job %" PRId64 ": %s", batch->running->job,
                   batch->running->reason);
    return (batch->settlements && batch->memories && batch->outcomes) || fault_memory(why);
}

/* What the one delivery that is read becomes. */
struct telling {
    struct batch *batch;
    bool is_told;
    struct fault why;
};

static bool tell(void *own, const struct spool_delivery *delivery)
{
    struct telling *telling = own;
    struct batch *batch = telling->batch;
    const struct job_tell *hooks = batch->running->tell;
    struct spool_settlement *settlement = &batch->settlements[batch->count];
    *settlement = (struct spool_settlement){
        .delivery = delivery->delivery,
        .kind = SETTLE_RELEASE,
        .at_ms = batch->at_ms,
        .next_at_ms = batch->at_ms,
        .detail = batch->line,
    };
    telling->is_told = hooks->released(hooks->own, delivery, settlement,
                                       &batch->memories[batch->count], &telling->why);
    return false;
}

static bool add_delivery(struct batch *batch, int64_t delivery, struct fault *why)
{
    struct job_trial held;
    auto_free(job_trial_end) struct job_trial *trial = &held;
    const struct job_bench *bench = batch->running->bench;
    struct telling telling = {.batch = batch};
    if (!job_try_delivery(bench, delivery, trial, why))
        return false;
    if (trial->state != ITEM_WOULD_PASS) {
        job_page_end_item(batch->page, delivery, trial);
        return true;
    }
    (void)fault_set(&telling.why, FAULT_RETRY, "a delivery went while it was looked at");
    if (!spool_find_delivery(bench->station->reader, delivery, tell, &telling, why))
        return false;
    if (!telling.is_told) {
        *why = telling.why;
        return false;
    }
    batch->count++;
    return true;
}

static bool settle_all(struct batch *batch, struct job_stepped *stepped, struct fault *why)
{
    char detail[DETAIL_SIZE];
    const struct job_running *running = batch->running;
    (void)snprintf(detail, sizeof detail, "{\"job\":%" PRId64 "}", running->job);
    const struct spool_record record = {.actor = {.name = running->author},
                                        .act = "release",
                                        .object = "",
                                        .reason = running->reason,
                                        .outcome = "done",
                                        .detail = detail,
                                        .at_ms = batch->at_ms};
    const struct job_step step = {.job = running->job, .record = &record};
    if (batch->count > 0 && !spool_job_settle(running->spool, &step, batch->settlements,
                                              batch->count, batch->outcomes, why))
        return false;
    for (size_t i = 0; i < batch->count; i++) {
        stepped->done += batch->outcomes[i];
        if (batch->outcomes[i] && running->watch)
            job_watch_add(running->watch, batch->settlements[i].delivery, clock_ticks_ms());
    }
    return true;
}

static bool add_deliveries(struct batch *batch, struct fault *why)
{
    for (size_t i = 0; i < batch->page->count; i++)
        if (!add_delivery(batch, batch->page->subjects[i], why))
            return false;
    return true;
}

bool job_run_deliveries(const struct job_running *running, size_t limit,
                        struct job_stepped *stepped, struct fault *why)
{
    __attribute__((cleanup(batch_end))) struct batch batch = {.running = running};
    auto_free(job_page_free) struct job_page *page = calloc(1, sizeof *page);
    *stepped = (struct job_stepped){.tried = 0};
    if (!page)
        return fault_memory(why);
    batch.page = page;
    if (!batch_begin(&batch, limit, why) || !job_page_read(running, limit, page, why) ||
        !add_deliveries(&batch, why) || !settle_all(&batch, stepped, why) ||
        !job_page_keep(running, page, why))
        return false;
    stepped->tried = batch.count + page->over_count;
    stepped->failed = page->failed;
    stepped->is_over = page->count == 0;
    return true;
}
