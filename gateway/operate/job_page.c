/* SPDX-License-Identifier: Apache-2.0 */
/* One step's items of a running job. */
#include "operate/job_page.h"

#include "base/cleanup.h"

#define IN(state) (1U << (state))

static bool add_subject(void *own, const struct job_item *item)
{
    struct job_page *page = own;
    page->subjects[page->count++] = item->subject;
    return page->count < JOB_STEP_MOST;
}

bool job_page_read(const struct job_running *running, size_t limit, struct job_page *page,
                   struct fault *why)
{
    bool may_be_stale = running->wish->rules.may_be_stale;
    const struct job_items_range range = {
        .job = running->job,
        .states = IN(ITEM_WOULD_PASS) | (may_be_stale ? IN(ITEM_STALE) : 0),
        .after_due_ms = INT64_MIN,
        .limit = limit,
    };
    return spool_job_items_of(running->bench->station->reader, &range, add_subject, page, why);
}

void job_page_end_item(struct job_page *page, int64_t subject, struct job_trial *trial)
{
    bool is_failure = trial->state == ITEM_WOULD_FAIL;
    size_t at = page->over_count++;
    page->notes[at] = steal(trial->note);
    page->over[at] = (struct job_item){
        .subject = subject,
        .state = is_failure ? ITEM_FAILED : trial->state,
        .detail = page->notes[at],
    };
    page->failed += is_failure;
}

bool job_page_keep(const struct job_running *running, struct job_page *page, struct fault *why)
{
    return page->over_count == 0 ||
           spool_job_items(running->spool, running->job, page->over, page->over_count, 0, why);
}

void job_page_free(struct job_page *page)
{
    if (!page)
        return;
    for (size_t i = 0; i < page->over_count; i++)
        free(page->notes[i]);
    free(page);
}
