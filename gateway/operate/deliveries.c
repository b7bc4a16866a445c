/* SPDX-License-Identifier: Apache-2.0 */
/* The operators' calls about deliveries and partners. */
#include "operate/deliveries.h"

#include "base/cleanup.h"
#include "base/number.h"
#include "operate/answer.h"
#include "operate/lengthy.h"
#include "operate/reason.h"

#include <inttypes.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

enum { OBJECT_SIZE = 48 };

#define OBJECT_START "partner:"

static void list_partners(void *own, struct operator_call *call)
{
    const struct deliveries_hooks *hooks = own;
    operate_answer(call->request, hooks->partners(hooks->own));
}

/* ---- one partner ---- */

static void set_paused(const struct deliveries_hooks *hooks, const struct operator_call *call,
                       bool is_paused)
{
    struct fault why;
    auto_free(json_decref) json_t *body = NULL;
    const char *partner = http_segment(call->request, "partner");
    const char *reason = reason_asked(call->request, &body);
    if (!reason)
        return;
    auto_free(free) char *object = NULL;
    if (asprintf(&object, OBJECT_START "%s", partner) < 0)
        object = NULL;
    const struct operator_act act = {.act = is_paused ? "pause" : "resume",
                                     .object = object ? object : OBJECT_START,
                                     .reason = reason};
    const struct spool_record record = guard_record(call, &act);
    if (hooks->pause(hooks->own, partner, is_paused, &record, &why))
        operate_answer(call->request,
                       json_pack("{ss sb}", "partner", partner, "paused", is_paused));
    else
        operate_fault_finding(call->request, &why);
}

static void pause_partner(void *own, struct operator_call *call)
{
    set_paused(own, call, true);
}

static void resume_partner(void *own, struct operator_call *call)
{
    set_paused(own, call, false);
}

struct testing {
    struct lengthy lengthy;
    const struct deliveries_hooks *hooks;
    char object[]; /* OBJECT_START and the partner */
};

static json_t *run_test(struct lengthy *lengthy, struct fault *why)
{
    const struct testing *testing = (const struct testing *)lengthy;
    return testing->hooks->test(testing->hooks->own, testing->object + strlen(OBJECT_START), why);
}

static void test_partner(void *own, struct operator_call *call)
{
    const struct deliveries_hooks *hooks = own;
    const char *partner = http_segment(call->request, "partner");
    size_t size = strlen(OBJECT_START) + strlen(partner) + 1;
    struct testing *testing = calloc(1, sizeof *testing + size);
    if (testing) {
        (void)snprintf(testing->object, size, OBJECT_START "%s", partner);
        testing->lengthy = (struct lengthy){
            .act = {.act = "test", .object = testing->object, .reason = ""}, .run = run_test};
        testing->hooks = hooks;
    }
    lengthy_begin(hooks->aside, call, testing ? &testing->lengthy : NULL);
}

/* ---- one delivery ---- */

/* False: it is answered. */
static bool read_wish(struct http_request *request, int64_t *delivery, const char **reason,
                      json_t **json)
{
    const char *text = http_segment(request, "delivery");
    if (strncmp(text, "d-", 2) != 0 ||
        number_read(text + 2, strlen(text + 2), 1, INT64_MAX, delivery) != NUMBER_GOOD) {
        http_problem(request, &operate_bad_request, "a delivery is called d-NUMBER", NULL);
        return false;
    }
    *reason = reason_asked(request, json);
    return *reason != NULL;
}

/* What an operator wants of a delivery, once it is read. */
struct wanted {
    const struct deliveries_hooks *hooks;
    int64_t delivery;
    const struct spool_record *record;
    const char *partner; /* that the body names; or NULL */
};

static bool release(const struct wanted *wanted, struct fault *why)
{
    return wanted->hooks->release(wanted->hooks->own, wanted->delivery, wanted->record, why);
}

static bool discard(const struct wanted *wanted, struct fault *why)
{
    return wanted->hooks->discard(wanted->hooks->own, wanted->delivery, wanted->record, why);
}

static bool route(const struct wanted *wanted, struct fault *why)
{
    return wanted->hooks->route(wanted->hooks->own, wanted->delivery, wanted->partner,
                                wanted->record, why);
}

/* What is done to one, and by which name that is on record. */
struct word {
    const char *act;
    bool has_partner; /* the body must name one */
    bool (*wish)(const struct wanted *wanted, struct fault *why);
};

static void change(const struct deliveries_hooks *hooks, const struct operator_call *call,
                   const struct word *word)
{
    struct fault why;
    const char *reason;
    struct wanted wanted = {.hooks = hooks};
    auto_free(json_decref) json_t *json = NULL;
    if (!read_wish(call->request, &wanted.delivery, &reason, &json))
        return;
    char object[OBJECT_SIZE];
    (void)snprintf(object, sizeof object, "delivery:d-%" PRId64, wanted.delivery);
    const struct operator_act act = {.act = word->act, .object = object, .reason = reason};
    const struct spool_record record = guard_record(call, &act);
    wanted.record = &record;
    wanted.partner = json_string_value(json_object_get(json, "partner"));
    if (word->has_partner && !wanted.partner)
        http_problem(call->request, &operate_bad_request, "partner: to whom it is to go", NULL);
    else if (word->wish(&wanted, &why))
        operate_answer(call->request,
                       json_pack("{ss}", "delivery", http_segment(call->request, "delivery")));
    else
        operate_fault(call->request, &why);
}

static void retry_delivery(void *own, struct operator_call *call)
{
    static const struct word word = {"release", false, release};
    change(own, call, &word);
}

static void discard_delivery(void *own, struct operator_call *call)
{
    static const struct word word = {"discard", false, discard};
    change(own, call, &word);
}

static void route_delivery(void *own, struct operator_call *call)
{
    static const struct word word = {"route", true, route};
    change(own, call, &word);
}

struct guard_table deliveries_table(struct deliveries_hooks *hooks)
{
    static const struct guard_route routes[] = {
        {.method = "GET",
         .pattern = "/operate/v1/partners",
         .right = RIGHT_VIEW,
         .handle = list_partners},
        {.method = "POST",
         .pattern = "/operate/v1/partners/{partner}/pause",
         .right = RIGHT_ADMINISTER,
         .body_limit = OPERATE_BODY_LIMIT,
         .handle = pause_partner},
        {.method = "POST",
         .pattern = "/operate/v1/partners/{partner}/resume",
         .right = RIGHT_ADMINISTER,
         .body_limit = OPERATE_BODY_LIMIT,
         .handle = resume_partner},
        {.method = "POST",
         .pattern = "/operate/v1/partners/{partner}/test",
         .right = RIGHT_ADMINISTER,
         .body_limit = OPERATE_BODY_LIMIT,
         .handle = test_partner,
         .resumed = lengthy_resumed,
         .end = lengthy_end},
        {.method = "POST",
         .pattern = "/operate/v1/deliveries/{delivery}/retry",
         .right = RIGHT_REPAIR,
         .body_limit = OPERATE_BODY_LIMIT,
         .handle = retry_delivery},
        {.method = "POST",
         .pattern = "/operate/v1/deliveries/{delivery}/discard",
         .right = RIGHT_REPAIR,
         .body_limit = OPERATE_BODY_LIMIT,
         .handle = discard_delivery},
        {.method = "POST",
         .pattern = "/operate/v1/deliveries/{delivery}/route",
         .right = RIGHT_REPAIR,
         .body_limit = OPERATE_BODY_LIMIT,
         .handle = route_delivery},
        {0},
    };
    return (struct guard_table){routes, hooks};
}
