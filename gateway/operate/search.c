/* SPDX-License-Identifier: Apache-2.0 */
/* GET entries?dossier&receipt&partner&agency&procedure&type&alias&state&cause&from&to&due&after
 * &order&limit: every list is a range of an index of the spool. */
#include "base/clock.h"
#include "operate/asked.h"
#include "operate/due.h"
#include "operate/item.h"
#include "operate/page.h"
#include "operate/views.h"
#include "spool/find.h"
#include "spool/receipt.h"

enum { MOST_MS = 50 };

/* States as lists show them. */
static const struct {
    int state; /* enum entry_state, or -1 */
    enum find_published published;
} wanted_states[] = {
    {-1, FIND_UNPUBLISHED},    {-1, FIND_PUBLISHED},           {ENTRY_PARKED, FIND_EITHER},
    {ENTRY_DEAD, FIND_EITHER}, {ENTRY_DISCARDED, FIND_EITHER}, {ENTRY_RELEASED, FIND_EITHER},
};
static const char *const state_names[] = {"accepted",  "published", "parked", "dead",
                                          "discarded", "released",  NULL};

struct search {
    struct find_filter filter;
    const char *receipt;
    int state; /* which of wanted_states, or -1 */
    int due;   /* enum due, or -1 */
    int order; /* 0: newest first */
};

static bool read_search(struct http_request *request, struct search *search)
{
    static const char *const orders[] = {"newest", "oldest", NULL};
    struct find_filter *filter = &search->filter;
    const struct asked table[] = {
        {.name = "dossier", .kind = ASKED_TEXT, .to = &filter->dossier_code},
        {.name = "receipt", .kind = ASKED_TEXT, .to = &search->receipt},
        {.name = "partner", .kind = ASKED_TEXT, .to = &filter->partner},
        {.name = "agency", .kind = ASKED_TEXT, .to = &filter->agency},
        {.name = "procedure", .kind = ASKED_TEXT, .to = &filter->procedure},
        {.name = "type", .kind = ASKED_TEXT, .to = &filter->event_type},
        {.name = "alias", .kind = ASKED_TEXT, .to = &filter->alias},
        {.name = "cause", .kind = ASKED_TEXT, .to = &filter->cause},
        {.name = "state", .kind = ASKED_WORD, .to = &search->state, .words = state_names},
        {.name = "from", .kind = ASKED_FROM, .to = &filter->from_ms},
        {.name = "to", .kind = ASKED_UNTIL, .to = &filter->to_ms},
        {.name = "due", .kind = ASKED_WORD, .to = &search->due, .words = due_words},
        {.name = "order", .kind = ASKED_WORD, .to = &search->order, .words = orders},
        {.name = "after", .kind = ASKED_NUMBER, .to = &filter->after},
        {0},
    };
    return asked_read(request, table) && asked_limit(request, &filter->limit);
}

static void settle(struct search *search, const struct find_teller *teller)
{
    struct find_filter *filter = &search->filter;
    filter->teller = teller;
    filter->newest_first = search->order == 0;
    filter->state = search->state >= 0 ? wanted_states[search->state].state : -1;
    if (search->state >= 0)
        filter->published = wanted_states[search->state].published;
    if (search->due >= 0) {
        const struct due_span span = due_span((enum due)search->due, clock_now_ms());
        filter->due_from_ms = span.from_ms;
        filter->due_before_ms = span.before_ms;
    }
}

static bool add_entry(void *own, const struct spool_entry *entry)
{
    struct page *page = own;
    return page_add(page, item_of_entry(page->reader, entry, page->language));
}

/* What is no receipt of this spool finds nothing. */
static bool find_by_receipt(struct page *page, const char *receipt, struct fault *why)
{
    int64_t entry;
    return !receipt_read(spool_reader_key(page->reader), receipt, &entry) ||
           spool_find(page->reader, entry, add_entry, page, why) || why->kind == FAULT_REFUSE;
}

/* A call looks at a bounded number of rows, which may be all in vain: it asks on for a while, so
 * that a page is seldom empty, and the caller goes on from the cursor. */
static bool find(struct page *page, struct find_filter *filter, struct fault *why)
{
    int64_t until = clock_ticks_ms() + MOST_MS;
    size_t limit = filter->limit;
    do {
        filter->limit = limit - json_array_size(page->items);
        if (!spool_search(page->reader, filter, add_entry, page, &page->next, why))
            return false;
        filter->after = page->next;
    } while (page->next && json_array_size(page->items) < limit && page->items &&
             clock_ticks_ms() < until);
    return true;
}

static void list(void *own, struct operator_call *call)
{
    struct views *views = own;
    struct fault why;
    struct search search = {.state = -1, .due = -1};
    struct spool_reader *reader = views_reader(views, call);
    if (!reader || !read_search(call->request, &search))
        return;
    settle(&search, &views->teller);
    struct page page = page_begin(call->request, call->language, reader);
    bool is_found = search.receipt ? find_by_receipt(&page, search.receipt, &why)
                                   : find(&page, &search.filter, &why);
    if (is_found)
        page_answer(&page);
    else
        page_fail(&page, &why);
}

struct guard_table search_table(struct views *views)
{
    static const struct guard_route routes[] = {
        {.method = "GET", .pattern = "/operate/v1/entries", .right = RIGHT_VIEW, .handle = list},
        {0},
    };
    return (struct guard_table){routes, views};
}
