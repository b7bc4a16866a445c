/* SPDX-License-Identifier: Apache-2.0 */
/* GET deliveries?partner&unroutable&state&dossier&order&after&limit and GET deliveries/{id}. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/number.h"
#include "operate/answer.h"
#include "operate/asked.h"
#include "operate/item.h"
#include "operate/page.h"
#include "operate/views.h"

#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

/* Arrivals that one step looks at, and how long the steps of one call may take. */
enum { STEP = 20000 * DELIVERIES_PER_ARRIVAL, MOST_MS = 50 };

static bool add_one(void *own, const struct spool_delivery *delivery)
{
    struct page *page = own;
    page->next = delivery->delivery;
    return page_add(page, item_of_delivery(delivery, page->language)) &&
           json_array_size(page->items) < page->limit;
}

/* What is over is in no index by partner. */
static bool is_indexed(const struct delivery_filter *filter)
{
    return filter->dossier_code || (filter->state >= 0 && filter->state <= DELIVERY_DEAD);
}

/* What is left to look at: the numbers between the two. */
struct stretch {
    int64_t low, high;
};

/* Its next part, from the end at which the list begins. */
static void take_step(struct stretch *left, struct delivery_filter *filter)
{
    bool is_whole = is_indexed(filter) || left->high - left->low <= STEP;
    bool newest_first = filter->newest_first;
    filter->after = is_whole || !newest_first ? left->low : left->high - STEP;
    filter->before = is_whole || newest_first ? left->high : left->low + STEP;
    if (newest_first)
        left->high = filter->after + 1;
    else
        left->low = filter->before - 1;
}

/* What is in no index is looked at in steps: a page may be short of items while there is more, and
 * the cursor goes on. */
static bool find(struct page *page, struct delivery_filter *filter, struct stretch left,
                 struct fault *why)
{
    int64_t until = clock_ticks_ms() + MOST_MS;
    size_t count = 0;
    while (page->items && count < page->limit && left.low < left.high - 1 &&
           clock_ticks_ms() < until) {
        take_step(&left, filter);
        if (!spool_deliveries(page->reader, filter, add_one, page, why))
            return false;
        count = json_array_size(page->items);
    }
    if (count < page->limit && left.low < left.high - 1)
        page->next = filter->newest_first ? left.high : left.low;
    else if (count < page->limit)
        page->next = 0;
    return true;
}

/* All that the spool has, or what of it comes after the cursor. */
static struct stretch stretch_of(struct spool *spool, const struct delivery_filter *filter,
                                 int64_t cursor)
{
    struct stretch left = {.high = (spool_last_arrival(spool) + 1) * DELIVERIES_PER_ARRIVAL};
    if (!filter->newest_first)
        left.low = cursor;
    else if (cursor > 0 && cursor < left.high)
        left.high = cursor;
    return left;
}

static void list(void *own, struct operator_call *call)
{
    static const char *const yes[] = {"false", "true", NULL};
    static const char *const orders[] = {"newest", "oldest", NULL};
    struct views *views = own;
    struct delivery_filter filter = {.state = -1};
    int is_unroutable = 0, order = 0;
    int64_t cursor = 0;
    size_t limit;
    const struct asked table[] = {
        {.name = "partner", .kind = ASKED_TEXT, .to = &filter.partner},
        {.name = "unroutable", .kind = ASKED_WORD, .to = &is_unroutable, .words = yes},
        {.name = "state", .kind = ASKED_WORD, .to = &filter.state, .words = item_delivery_states},
        {.name = "dossier", .kind = ASKED_TEXT, .to = &filter.dossier_code},
        {.name = "order", .kind = ASKED_WORD, .to = &order, .words = orders},
        {.name = "after", .kind = ASKED_NUMBER, .to = &cursor},
        {0},
    };
    if (!asked_read(call->request, table) || !asked_limit(call->request, &limit))
        return;
    struct page page = page_begin(call->request, call->language, views_reader(views, call));
    struct fault why;
    if (is_unroutable)
        filter.partner = "";
    page.limit = limit;
    filter.limit = limit;
    filter.newest_first = order == 0;
    if (!page.reader)
        json_decref(page.items);
    else if (find(&page, &filter, stretch_of(views->spool, &filter, cursor), &why))
        page_answer(&page);
    else
        page_fail(&page, &why);
}

/* ---- one ---- */

struct showing {
    enum http_language language;
    json_t *json, *trail;
};

static bool show_delivery(void *own, const struct spool_delivery *delivery)
{
    struct showing *showing = own;
    showing->json = item_of_delivery(delivery, showing->language);
    return false;
}

static bool show_line(void *own, const struct spool_trail *line)
{
    struct showing *showing = own;
    return json_array_append_new(showing->trail, item_of_trail(line, showing->language)) == 0;
}

static bool read_name(const char *text, int64_t *delivery)
{
    return strncmp(text, "d-", 2) == 0 &&
           number_read(text + 2, strlen(text + 2), 1, INT64_MAX, delivery) == NUMBER_GOOD;
}

static void show(void *own, struct operator_call *call)
{
    struct views *views = own;
    struct fault why;
    int64_t delivery;
    struct spool_reader *reader = views_reader(views, call);
    if (!reader)
        return;
    struct showing showing = {.language = call->language, .trail = json_array()};
    auto_free(json_decref) json_t *trail = showing.trail;
    if (!read_name(http_segment(call->request, "delivery"), &delivery)) {
        http_problem(call->request, &operate_bad_request, "a delivery is called d-NUMBER", NULL);
    } else if (!spool_find_delivery(reader, delivery, show_delivery, &showing, &why) ||
               !spool_trail(reader, delivery, show_line, &showing, &why)) {
        json_decref(showing.json);
        operate_fault_finding(call->request, &why);
    } else {
        if (showing.json && json_object_set(showing.json, "trail", trail) != 0) {
            json_decref(showing.json);
            showing.json = NULL;
        }
        operate_answer(call->request, showing.json);
    }
}

struct guard_table delivery_list_table(struct views *views)
{
    static const struct guard_route routes[] = {
        {.method = "GET", .pattern = "/operate/v1/deliveries", .right = RIGHT_VIEW, .handle = list},
        {.method = "GET",
         .pattern = "/operate/v1/deliveries/{delivery}",
         .right = RIGHT_VIEW,
         .handle = show},
        {0},
    };
    return (struct guard_table){routes, views};
}
