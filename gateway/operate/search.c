/* SPDX-License-Identifier: Apache-2.0 */
/* GET entries?dossier&receipt&partner&agency&procedure&type&alias&state&cause&from&to&due&after
 * &order&limit: every list is a range of an index of the spool. */
#include "base/clock.h"
#include "operate/asked.h"
#include "operate/item.h"
#include "operate/page.h"
#include "operate/views.h"
#include "spool/find.h"
#include "spool/receipt.h"

enum { DAY_MS = 86400000, ZONE_MS = 25200000 };

/* States as lists show them.  What is accepted and what is published are one state of the spool,
 * told apart by the watermark. */
enum wanted_state {
    WANTED_ACCEPTED,
    WANTED_PUBLISHED,
    WANTED_PARKED,
    WANTED_DEAD,
    WANTED_DISCARDED,
    WANTED_RELEASED,
};
static const char *const states[] = {
    [WANTED_ACCEPTED] = "accepted",   [WANTED_PUBLISHED] = "published",
    [WANTED_PARKED] = "parked",       [WANTED_DEAD] = "dead",
    [WANTED_DISCARDED] = "discarded", [WANTED_RELEASED] = "released",
    [WANTED_RELEASED + 1] = NULL,
};
static const int spool_states[] = {
    [WANTED_ACCEPTED] = ENTRY_READY,      [WANTED_PUBLISHED] = ENTRY_READY,
    [WANTED_PARKED] = ENTRY_PARKED,       [WANTED_DEAD] = ENTRY_DEAD,
    [WANTED_DISCARDED] = ENTRY_DISCARDED, [WANTED_RELEASED] = ENTRY_RELEASED,
};

enum wanted_due { DUE_ANY = -1, DUE_OVERDUE, DUE_TODAY };

struct search {
    struct find_filter filter;
    const char *receipt;
    int state; /* enum wanted_state, or -1 */
    int due;   /* enum wanted_due */
    int order; /* 0: newest first */
};

static bool read_search(struct http_request *request, struct search *search)
{
    static const char *const dues[] = {"overdue", "today", NULL};
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
        {.name = "state", .kind = ASKED_WORD, .to = &search->state, .words = states},
        {.name = "from", .kind = ASKED_FROM, .to = &filter->from_ms},
        {.name = "to", .kind = ASKED_UNTIL, .to = &filter->to_ms},
        {.name = "due", .kind = ASKED_WORD, .to = &search->due, .words = dues},
        {.name = "order", .kind = ASKED_WORD, .to = &search->order, .words = orders},
        {.name = "after", .kind = ASKED_NUMBER, .to = &filter->after},
        {0},
    };
    return asked_read(request, table) && asked_limit(request, &filter->limit);
}

/* The last moment of today in Vietnam, and one more. */
static int64_t end_of_day(int64_t now_ms)
{
    return now_ms - (now_ms + ZONE_MS) % DAY_MS + DAY_MS;
}

/* READY ones above the watermark are accepted, the others published: a bound of the list, or the
 * place where it ends. */
static void bound_by_watermark(struct search *search, int64_t watermark)
{
    struct find_filter *filter = &search->filter;
    bool is_newest_first = filter->newest_first;
    if (search->state == WANTED_ACCEPTED && !is_newest_first && filter->after < watermark)
        filter->after = watermark;
    if (search->state == WANTED_PUBLISHED && is_newest_first &&
        (filter->after == 0 || filter->after > watermark + 1))
        filter->after = watermark + 1;
}

static void settle(struct search *search, int64_t watermark)
{
    int64_t now_ms = clock_now_ms();
    struct find_filter *filter = &search->filter;
    filter->newest_first = search->order == 0;
    filter->state = search->state >= 0 ? spool_states[search->state] : -1;
    if (search->due == DUE_OVERDUE)
        filter->due_before_ms = now_ms;
    if (search->due == DUE_TODAY) {
        filter->due_from_ms = now_ms;
        filter->due_before_ms = end_of_day(now_ms);
    }
    bound_by_watermark(search, watermark);
}

struct searching {
    struct page page;
    const struct search *search;
    bool is_at_end; /* what follows is on the other side of the watermark */
};

static bool add_entry(void *own, const struct spool_entry *entry)
{
    struct searching *searching = own;
    int state = searching->search->state;
    struct page *page = &searching->page;
    searching->is_at_end = (state == WANTED_ACCEPTED && entry->is_published) ||
                           (state == WANTED_PUBLISHED && !entry->is_published);
    return !searching->is_at_end &&
           page_add(page, item_of_entry(page->reader, entry, page->language));
}

static bool find_by_receipt(struct searching *searching, struct fault *why)
{
    int64_t entry;
    struct spool_reader *reader = searching->page.reader;
    if (!receipt_read(spool_reader_key(reader), searching->search->receipt, &entry))
        return true;
    return spool_find(reader, entry, add_entry, searching, why) || why->kind == FAULT_REFUSE;
}

static void list(void *own, struct operator_call *call)
{
    struct views *views = own;
    struct fault why;
    struct search search = {.state = -1, .due = DUE_ANY};
    struct spool_reader *reader = views_reader(views, call);
    if (!reader || !read_search(call->request, &search))
        return;
    settle(&search, spool_watermark(views->spool));
    struct searching searching = {.page = page_begin(call->request, call->language, reader),
                                  .search = &search};
    bool is_found = search.receipt ? find_by_receipt(&searching, &why)
                                   : spool_search(reader, &search.filter, add_entry, &searching,
                                                  &searching.page.next, &why);
    if (searching.is_at_end)
        searching.page.next = 0;
    if (is_found)
        page_answer(&searching.page);
    else
        page_fail(&searching.page, &why);
}

struct guard_table search_table(struct views *views)
{
    static const struct guard_route routes[] = {
        {.method = "GET", .pattern = "/operate/v1/entries", .right = RIGHT_VIEW, .handle = list},
        {0},
    };
    return (struct guard_table){routes, views};
}
