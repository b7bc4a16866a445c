/* SPDX-License-Identifier: Apache-2.0 */
/* Finds what a job is about, tries each, and puts them into the order in which they are to go. */
#include "operate/job_preview.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "operate/job_crew.h"

#include <string.h>

enum { FIRST_CAPACITY = 1024 };
#define WITHOUT_DATE_MS (30 * INT64_C(86400000)) /* as long as it may wait without one */

ENDS_WITH_SCOPE(struct job_trial *, job_trial_end)

/* What the order is made of: only of those that may go. */
struct place {
    uint64_t lane;
    int64_t number, due_at_ms;
    enum job_item_state state;
    bool is_hastened;
};

struct job_preview {
    struct spool *spool;
    const struct job_bench *bench;
    int64_t job;
    const struct job_wish *wish;
    struct job_collect collect;
    struct place *places; /* of those with a lane */
    size_t count, capacity;
    size_t ordered; /* of them, once all were tried */
    int64_t tried;
    int64_t oldest_ms;
    bool needs_approval;
};

struct job_preview *job_preview_new(struct spool *spool, const struct job_bench *bench, int64_t job,
                                    const struct job_wish *wish, struct fault *why)
{
    struct job_preview *preview = calloc(1, sizeof *preview);
    if (!preview) {
        (void)fault_memory(why);
        return NULL;
    }
    preview->spool = spool;
    preview->bench = bench;
    preview->job = job;
    preview->wish = wish;
    preview->collect = (struct job_collect){
        .reader = bench->station->reader, .wish = wish, .now_ms = clock_now_ms()};
    return preview;
}

void job_preview_free(struct job_preview *preview)
{
    if (!preview)
        return;
    free(preview->places);
    free(preview);
}

int64_t job_preview_oldest(const struct job_preview *preview)
{
    return preview->oldest_ms;
}

bool job_preview_needs_approval(const struct job_preview *preview)
{
    return preview->needs_approval;
}

/* ---- trying ---- */

static bool remember(struct job_preview *preview, const struct place *place, struct fault *why)
{
    if (preview->count == preview->capacity) {
        size_t capacity = preview->capacity ? 2 * preview->capacity : FIRST_CAPACITY;
        struct place *grown = reallocarray(preview->places, capacity, sizeof *grown);
        if (!grown)
            return fault_memory(why);
        preview->places = grown;
        preview->capacity = capacity;
    }
    preview->places[preview->count++] = *place;
    return true;
}

/* What one trial came to; its document is let go at once. */
struct tried {
    int64_t number;
    struct job_trial trial; /* without what it was tried with */
    bool is_good;
    struct fault why;
};

/* A page on its way. */
struct trying {
    const struct job_preview *preview;
    struct tried list[JOB_PAGE];
};

static void try_one(void *own, const struct job_bench *bench, size_t index)
{
    struct trying *trying = own;
    struct tried *tried = &trying->list[index];
    const struct job_wish *wish = trying->preview->wish;
    struct job_trial held;
    auto_free(job_trial_end) struct job_trial *trial = &held;
    tried->is_good = wish->kind == JOB_OF_DELIVERIES
                         ? job_try_delivery(bench, tried->number, trial, &tried->why)
                         : job_try_entry(bench, &wish->rules, tried->number, trial, &tried->why);
    char *note = steal(trial->note);
    tried->trial = (struct job_trial){.state = trial->state,
                                      .note = note,
                                      .due_at_ms = trial->due_at_ms,
                                      .arrived_at_ms = trial->arrived_at_ms,
                                      .lane = trial->lane,
                                      .needs_approval = trial->needs_approval};
}

static void note_facts(struct job_preview *preview, const struct job_trial *trial)
{
    int64_t at_ms = trial->arrived_at_ms;
    preview->tried++;
    preview->needs_approval |= trial->needs_approval;
    if (at_ms && (!preview->oldest_ms || at_ms < preview->oldest_ms))
        preview->oldest_ms = at_ms;
}

static bool make_item(struct job_preview *preview, const struct tried *tried, struct job_item *item,
                      struct fault *why)
{
    const struct job_trial *trial = &tried->trial;
    if (!tried->is_good) {
        *why = tried->why;
        return false;
    }
    note_facts(preview, trial);
    int64_t due_at_ms =
        trial->due_at_ms ? trial->due_at_ms : trial->arrived_at_ms + WITHOUT_DATE_MS;
    const struct place place = {trial->lane, tried->number, due_at_ms, trial->state, false};
    *item = (struct job_item){.subject = tried->number,
                              .due_at_ms = due_at_ms,
                              .state = trial->state,
                              .detail = trial->note};
    return trial->lane == 0 || remember(preview, &place, why);
}

static bool put_page(struct job_preview *preview, const struct trying *trying, size_t count,
                     struct fault *why)
{
    struct job_item items[JOB_PAGE];
    for (size_t i = 0; i < count; i++)
        if (!make_item(preview, &trying->list[i], &items[i], why))
            return false;
    return spool_job_items(preview->spool, preview->job, items, count, preview->tried, why);
}

static bool try_page(struct job_preview *preview, const int64_t *numbers, size_t count,
                     struct fault *why)
{
    auto_free(free) struct trying *trying = calloc(1, sizeof *trying);
    if (!trying)
        return fault_memory(why);
    trying->preview = preview;
    for (size_t i = 0; i < count; i++)
        trying->list[i].number = numbers[i];
    job_crew_do(preview->bench->crew, try_one, trying, count);
    bool is_done = put_page(preview, trying, count, why);
    for (size_t i = 0; i < count; i++)
        free(trying->list[i].trial.note);
    return is_done;
}

/* ---- the order ---- */

static int compare(const void *one, const void *other)
{
    const struct place *left = one, *right = other;
    if (left->lane != right->lane)
        return left->lane < right->lane ? -1 : 1;
    return left->number < right->number ? -1 : left->number > right->number;
}

/* What came before another of its lane goes before it, so it is due as early. */
static void hasten(struct place *places, size_t count)
{
    if (count > 0)
        qsort(places, count, sizeof *places, compare);
    for (size_t i = count; i-- > 1;) {
        struct place *before = &places[i - 1];
        if (before->lane != places[i].lane || before->due_at_ms <= places[i].due_at_ms)
            continue;
        before->due_at_ms = places[i].due_at_ms;
        before->is_hastened = true;
    }
}

/* The next page of those that got another date. */
static bool put_places(struct job_preview *preview, struct fault *why)
{
    struct job_item items[JOB_PAGE];
    size_t count = 0;
    for (; preview->ordered < preview->count && count < JOB_PAGE; preview->ordered++) {
        const struct place *place = &preview->places[preview->ordered];
        if (place->is_hastened)
            items[count++] = (struct job_item){
                .subject = place->number, .due_at_ms = place->due_at_ms, .state = place->state};
    }
    return count == 0 ||
           spool_job_items(preview->spool, preview->job, items, count, preview->tried, why);
}

static bool find_page(struct job_preview *preview, struct fault *why)
{
    int64_t numbers[JOB_PAGE];
    size_t count = 0;
    if (!job_collect_page(&preview->collect, numbers, &count, why) ||
        !try_page(preview, numbers, count, why))
        return false;
    if (preview->collect.is_over)
        hasten(preview->places, preview->count);
    return preview->tried <= JOB_ITEMS_MOST ||
           fault_set(why, FAULT_REFUSE, "it is about more than %d: choose fewer", JOB_ITEMS_MOST);
}

bool job_preview_step(struct job_preview *preview, bool *is_over, struct fault *why)
{
    bool is_found = preview->collect.is_over;
    bool is_done = is_found ? put_places(preview, why) : find_page(preview, why);
    *is_over = is_done && is_found && preview->ordered == preview->count;
    return is_done;
}
