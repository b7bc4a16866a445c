/* SPDX-License-Identifier: Apache-2.0 */
/* GET overview: all that the first page shows, from numbers that are kept. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/digest.h"
#include "operate/answer.h"
#include "operate/failures.h"
#include "operate/item.h"
#include "operate/page.h"
#include "operate/views.h"

#include <string.h>

ENDS_WITH_SCOPE(struct directory *, directory_release)
ENDS_WITH_SCOPE(json_t *, json_decref)

enum { TOP_GROUPS = 10, ETAG_SIZE = SHA256_HEX_SIZE + 2 };

/* ---- partners ---- */

static const json_t *find_described(const json_t *described, const char *partner)
{
    for (size_t i = 0; i < json_array_size(described); i++) {
        const json_t *one = json_array_get(described, i);
        const char *id = json_string_value(json_object_get(one, "partner"));
        if (id && strcmp(id, partner) == 0)
            return one;
    }
    return NULL;
}

static json_t *describe_partner(struct lookout *lookout, const struct partner *partner,
                                const json_t *described)
{
    struct lookout_source source;
    lookout_source(lookout, partner->id, &source);
    json_t *one = json_pack("{ss so so sb}", "partner", partner->id, "name",
                            item_text(partner->name), "last_received",
                            item_moment(source.last_received_ms), "silent", source.is_silent);
    const json_t *health = find_described(described, partner->id);
    if (one && health && json_object_update_missing(one, (json_t *)(uintptr_t)health) == 0)
        return one;
    if (one && !health &&
        json_object_update_new(one, json_pack("{ss ss si si si so}", "by", "none", "state", "none",
                                              "waiting", 0, "parked", 0, "dead", 0, "oldest",
                                              json_null())) == 0)
        return one;
    json_decref(one);
    return NULL;
}

static json_t *describe_partners(struct lookout *lookout)
{
    const struct lookout_options *options = lookout_options(lookout);
    auto_free(directory_release) struct directory *directory = directory_current(options->place);
    auto_free(json_decref) json_t *list = json_array();
    auto_free(json_decref) json_t *described =
        options->hooks.partners ? options->hooks.partners(options->hooks.own) : NULL;
    for (size_t i = 0; i < directory_partner_count(directory); i++)
        if (json_array_append_new(
                list, describe_partner(lookout, directory_partner_at(directory, i), described)) !=
            0)
            return NULL;
    return steal(list);
}

/* ---- the rest ---- */

static json_t *describe_waiting(const struct spool_levels *levels)
{
    return json_pack("{s{sI so sI sI} s{sI sI sI}}",                    /**/
                     "entries",                                         /**/
                     "unpublished", (json_int_t)levels->unpublished,    /**/
                     "oldest", item_moment(levels->oldest_ms),          /**/
                     "parked", (json_int_t)levels->parked,              /**/
                     "dead", (json_int_t)levels->dead,                  /**/
                     "deliveries",                                      /**/
                     "waiting", (json_int_t)levels->deliveries_waiting, /**/
                     "parked", (json_int_t)levels->deliveries_parked,   /**/
                     "dead", (json_int_t)levels->deliveries_dead);
}

static json_t *describe_disk(const struct spool_levels *levels)
{
    return json_pack("{sI sI sb}", "file_bytes", (json_int_t)levels->file_bytes, "free_bytes",
                     (json_int_t)levels->free_bytes, "below_reserve", levels->below_reserve);
}

static json_t *describe_stages(const struct lookout_hooks *hooks)
{
    return json_pack("{so* so*}", "publisher", hooks->publisher(hooks->own), "subscriber",
                     hooks->subscriber ? hooks->subscriber(hooks->own) : NULL);
}

static bool add_group(void *own, const struct failure_group *group)
{
    struct page *page = own;
    return page_add(page, failures_item(page->reader, group, page->language)) &&
           json_array_size(page->items) < TOP_GROUPS;
}

/* NULL without memory. */
static json_t *compose(struct views *views, json_t *groups)
{
    struct spool_levels levels;
    const struct lookout_hooks *hooks = &lookout_options(views->lookout)->hooks;
    spool_levels(views->spool, &levels);
    return json_pack("{so so so so so so so so}",                   /**/
                     "flow", lookout_flow(views->lookout),          /**/
                     "waiting", describe_waiting(&levels),          /**/
                     "due", lookout_due(views->lookout),            /**/
                     "partners", describe_partners(views->lookout), /**/
                     "failures", groups,                            /**/
                     "stages", describe_stages(hooks),              /**/
                     "disk", describe_disk(&levels),                /**/
                     "proofs", lookout_proofs(views->lookout));
}

/* Of everything but the time of day, so that nothing new is 304. */
static bool make_etag(const json_t *overview, char etag[ETAG_SIZE])
{
    uint8_t digest[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE];
    auto_free(free) char *text = json_dumps(overview, JSON_COMPACT | JSON_SORT_KEYS);
    if (!text)
        return false;
    digest_sha256(text, strlen(text), digest);
    digest_hex(digest, sizeof digest, hex);
    (void)snprintf(etag, ETAG_SIZE, "\"%s\"", hex);
    return true;
}

static void answer(struct operator_call *call, json_t *overview)
{
    char etag[ETAG_SIZE];
    const char *known = http_header(call->request, "If-None-Match");
    if (!overview || !make_etag(overview, etag)) {
        json_decref(overview);
        operate_answer(call->request, NULL);
        return;
    }
    http_add_header(call->request, "ETag", etag);
    http_add_header(call->request, "Vary", "Accept-Language");
    if (known && strstr(known, etag)) {
        json_decref(overview);
        http_answer(call->request, 304, "application/json", NULL, 0);
        return;
    }
    (void)json_object_set_new(overview, "now", item_moment(clock_now_ms())); /* or without it */
    operate_answer(call->request, overview);
}

static void show(void *own, struct operator_call *call)
{
    struct views *views = own;
    struct fault why;
    struct spool_reader *reader = views_reader(views, call);
    if (!reader)
        return;
    struct page page = page_begin(call->request, call->language, reader);
    if (spool_failures(reader, add_group, &page, &why))
        answer(call, page.items ? compose(views, page.items) : NULL);
    else
        page_fail(&page, &why);
}

struct guard_table overview_table(struct views *views)
{
    static const struct guard_route routes[] = {
        {.method = "GET", .pattern = "/operate/v1/overview", .right = RIGHT_VIEW, .handle = show},
        {0},
    };
    return (struct guard_table){routes, views};
}
