/* SPDX-License-Identifier: Apache-2.0 */
/* GET failures: what needs a person, grouped by cause; GET failures/{fingerprint}/items. */
#include "operate/failures.h"

#include "operate/answer.h"
#include "operate/asked.h"
#include "operate/cause.h"
#include "operate/detail.h"
#include "operate/item.h"
#include "operate/page.h"
#include "operate/views.h"

#include <string.h>

enum { FINGERPRINT_TEXT_SIZE = 2 * SHORT_FINGERPRINT_SIZE + 1 };

json_t *failures_item(const struct spool_reader *reader, const struct failure_group *group,
                      enum http_language language)
{
    char fingerprint[FINGERPRINT_TEXT_SIZE];
    digest_hex(group->fingerprint, SHORT_FINGERPRINT_SIZE, fingerprint);
    return json_pack("{ss ss so ss so so so sI sI so so sI so}",            /**/
                     "fingerprint", fingerprint,                            /**/
                     "kind", group->is_delivery ? "deliveries" : "entries", /**/
                     "cause", item_text(group->cause),                      /**/
                     "cause_text", cause_text(group->cause, language),      /**/
                     "partner", item_text(group->partner),                  /**/
                     "adapter", item_text(group->adapter),                  /**/
                     "detail", detail_shown(group->detail, language),       /**/
                     "count", (json_int_t)group->count,                     /**/
                     "parked_behind", (json_int_t)group->parked_behind,     /**/
                     "oldest", item_moment(group->oldest_ms),               /**/
                     "newest", item_moment(group->newest_ms),               /**/
                     "overdue", (json_int_t)group->overdue,                 /**/
                     "sample",
                     group->is_delivery ? item_delivery_name(group->sample)
                                        : item_receipt(reader, group->sample));
}

/* What a list of groups is narrowed by. */
struct narrowed {
    struct page page;
    const char *partner;
    int kind; /* of `kinds` below, or -1 */
};

static bool add_group(void *own, const struct failure_group *group)
{
    struct narrowed *narrowed = own;
    bool is_other =
        narrowed->partner && (!group->partner || strcmp(narrowed->partner, group->partner) != 0);
    if (is_other || (narrowed->kind >= 0 && (narrowed->kind == 1) != group->is_delivery))
        return true;
    return page_add(&narrowed->page,
                    failures_item(narrowed->page.reader, group, narrowed->page.language));
}

static void list(void *own, struct operator_call *call)
{
    static const char *const kinds[] = {"entries", "deliveries", NULL};
    struct views *views = own;
    struct fault why;
    struct narrowed narrowed = {.kind = -1};
    const struct asked table[] = {
        {.name = "partner", .kind = ASKED_TEXT, .to = &narrowed.partner},
        {.name = "kind", .kind = ASKED_WORD, .to = &narrowed.kind, .words = kinds},
        {0},
    };
    struct spool_reader *reader = views_reader(views, call);
    if (!reader || !asked_read(call->request, table))
        return;
    narrowed.page = page_begin(call->request, call->language, reader);
    if (spool_failures(reader, add_group, &narrowed, &why))
        page_answer(&narrowed.page);
    else
        page_fail(&narrowed.page, &why);
}

/* ---- the items of a group ---- */

/* Numbers first, since each item is another question to the same reader. */
struct members {
    int64_t numbers[LIST_LIMIT_MOST];
    size_t count;
};

static bool keep_number(void *own, int64_t number)
{
    struct members *members = own;
    members->numbers[members->count++] = number;
    return members->count < LIST_LIMIT_MOST;
}

static bool add_entry(void *own, const struct spool_entry *entry)
{
    struct page *page = own;
    (void)page_add(page, item_of_entry(page->reader, entry, page->language)); /* the page knows */
    return false;
}

static bool add_delivery(void *own, const struct spool_delivery *delivery)
{
    struct page *page = own;
    (void)page_add(page, item_of_delivery(delivery, page->language)); /* the page knows */
    return false;
}

/* Whether the group is of deliveries. */
struct kind {
    const uint8_t *fingerprint;
    bool is_found, is_delivery;
};

static bool look_at_group(void *own, const struct failure_group *group)
{
    struct kind *kind = own;
    if (memcmp(kind->fingerprint, group->fingerprint, SHORT_FINGERPRINT_SIZE) != 0)
        return true;
    kind->is_found = true;
    kind->is_delivery = group->is_delivery;
    return false;
}

/* One that was settled meanwhile is left out. */
static bool add_members(struct page *page, const struct members *members, const struct kind *kind,
                        struct fault *why)
{
    for (size_t i = 0; i < members->count && i < page->limit; i++) {
        int64_t number = members->numbers[i];
        page->next = number;
        bool is_found = kind->is_delivery
                            ? spool_find_delivery(page->reader, number, add_delivery, page, why)
                            : spool_find(page->reader, number, add_entry, page, why);
        if (!is_found && why->kind != FAULT_REFUSE)
            return false;
    }
    if (members->count <= page->limit)
        page->next = 0;
    return true;
}

static void answer_items(struct page *page, const struct kind *kind, int64_t after)
{
    struct fault why;
    struct members *members = calloc(1, sizeof *members);
    size_t limit = page->limit < LIST_LIMIT_MOST ? page->limit + 1 : LIST_LIMIT_MOST;
    const struct failure_page of = {kind->fingerprint, after, limit};
    if (!members)
        (void)fault_memory(&why);
    bool is_done = members && (!kind->is_found ||
                               (spool_failures_of(page->reader, &of, keep_number, members, &why) &&
                                add_members(page, members, kind, &why)));
    free(members);
    if (is_done)
        page_answer(page);
    else
        page_fail(page, &why);
}

static void list_items(void *own, struct operator_call *call)
{
    struct views *views = own;
    struct fault why;
    uint8_t fingerprint[SHORT_FINGERPRINT_SIZE];
    int64_t after = 0;
    size_t limit;
    const char *text = http_segment(call->request, "fingerprint");
    const struct asked table[] = {{.name = "after", .kind = ASKED_NUMBER, .to = &after}, {0}};
    struct spool_reader *reader = views_reader(views, call);
    if (!reader || !asked_read(call->request, table) || !asked_limit(call->request, &limit))
        return;
    if (strlen(text) != FINGERPRINT_TEXT_SIZE - 1 ||
        !digest_unhex(text, sizeof fingerprint, fingerprint)) {
        http_problem(call->request, &operate_bad_request, "a fingerprint has 16 hex digits", NULL);
        return;
    }
    struct kind kind = {.fingerprint = fingerprint};
    struct page page = page_begin(call->request, call->language, reader);
    page.limit = limit < LIST_LIMIT_MOST ? limit : LIST_LIMIT_MOST - 1;
    if (spool_failures(reader, look_at_group, &kind, &why))
        answer_items(&page, &kind, after);
    else
        page_fail(&page, &why);
}

struct guard_table failures_table(struct views *views)
{
    static const struct guard_route routes[] = {
        {.method = "GET", .pattern = "/operate/v1/failures", .right = RIGHT_VIEW, .handle = list},
        {.method = "GET",
         .pattern = "/operate/v1/failures/{fingerprint}/items",
         .right = RIGHT_VIEW,
         .handle = list_items},
        {0},
    };
    return (struct guard_table){routes, views};
}
