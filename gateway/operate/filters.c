/* SPDX-License-Identifier: Apache-2.0 */
/* GET and POST filters: those that each operator keeps under a name. */
#include "base/cleanup.h"
#include "operate/answer.h"
#include "operate/item.h"
#include "operate/page.h"
#include "operate/views.h"
#include "spool/job.h"

#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

enum { NAME_LIMIT = 100, FILTER_LIMIT = 4096 };

static bool add_filter(void *own, const char *name, const char *filter)
{
    json_t *parsed = json_loads(filter, JSON_REJECT_DUPLICATES, NULL);
    return page_add(own, json_pack("{so so}", "name", item_text(name), "filter",
                                   parsed ? parsed : json_null()));
}

static void list(void *own, struct operator_call *call)
{
    struct views *views = own;
    struct fault why;
    struct spool_reader *reader = views_reader(views, call);
    if (!reader)
        return;
    struct page page = page_begin(call->request, call->language, reader);
    if (spool_filters(reader, call->actor.name, add_filter, &page, &why))
        page_answer(&page);
    else
        page_fail(&page, &why);
}

/* An object of texts and numbers, as the lists take them; NULL when it is none. */
static char *filter_text(const json_t *filter)
{
    char *text = json_is_object(filter) ? json_dumps(filter, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (text && strlen(text) <= FILTER_LIMIT)
        return text;
    free(text);
    return NULL;
}

static void save(void *own, struct operator_call *call)
{
    struct views *views = own;
    struct fault why;
    auto_free(json_decref) json_t *body = NULL;
    const char *name = operate_member(call->request, "name", &body);
    const json_t *wanted = json_object_get(body, "filter");
    auto_free(free) char *filter = filter_text(wanted);
    if (!name || !*name || strlen(name) > NAME_LIMIT || (!filter && !json_is_null(wanted))) {
        http_problem(call->request, &operate_bad_request,
                     "name: a text of up to 100 bytes; filter: an object of up to 4096, or null",
                     NULL);
        return;
    }
    if (spool_save_filter(views->spool, call->actor.name, name, filter, &why))
        operate_answer(call->request, json_pack("{ss}", "name", name));
    else
        operate_fault(call->request, &why);
}

struct guard_table filters_table(struct views *views)
{
    static const struct guard_route routes[] = {
        {.method = "GET", .pattern = "/operate/v1/filters", .right = RIGHT_VIEW, .handle = list},
        {.method = "POST",
         .pattern = "/operate/v1/filters",
         .right = RIGHT_VIEW, /* nobody else sees them */
         .body_limit = OPERATE_BODY_LIMIT,
         .handle = save},
        {0},
    };
    return (struct guard_table){routes, views};
}
