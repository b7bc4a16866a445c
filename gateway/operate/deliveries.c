/* SPDX-License-Identifier: Apache-2.0 */
/* The operators' calls about deliveries and partners. */
#include "operate/deliveries.h"

#include "base/cleanup.h"
#include "base/number.h"
#include "operate/answer.h"

#include <inttypes.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

enum { REASON_LIMIT = 500, OBJECT_SIZE = 48 };

static void list_partners(void *own, struct operator_call *call)
{
    const struct deliveries_hooks *hooks = own;
    operate_answer(call->request, hooks->partners(hooks->own));
}

/* ---- one partner ---- */

/* A person's name stands behind a change, so it needs a reason; NULL: the call is answered.  The
 * JSON is the caller's to release. */
static const char *read_reason(struct http_request *request, json_t **json)
{
    const char *reason = operate_member(request, "reason", json);
    if (reason && *reason && strlen(reason) <= REASON_LIMIT)
        return reason;
    http_problem(request, &operate_bad_request, "reason: a text of up to 500 bytes", NULL);
    return NULL;
}

/* `json` NULL when `why` says that it was not done. */
static void conclude(const struct operator_call *call, const char *act, const char *reason,
                     json_t *json, const struct fault *why)
{
    auto_free(free) char *object = NULL;
    if (asprintf(&object, "partner:%s", http_segment(call->request, "partner")) < 0)
        object = NULL;
    const struct operator_act done = {
        .act = act, .object = object ? object : "partner:", .reason = reason};
    guard_conclude(call, &done, json, why);
}

static void set_paused(const struct deliveries_hooks *hooks, const struct operator_call *call,
                       bool is_paused)
{
    struct fault why;
    json_t *json = NULL;
    auto_free(json_decref) json_t *body = NULL;
    const char *partner = http_segment(call->request, "partner");
    const char *reason = read_reason(call->request, &body);
    if (!reason)
        return;
    if (hooks->pause(hooks->own, partner, is_paused, &why)) {
        (void)fault_memory(&why); /* for an answer without memory */
        json = json_pack("{ss sb}", "partner", partner, "paused", is_paused);
    }
    conclude(call, is_paused ? "pause" : "resume", reason, json, &why);
}

static void pause_partner(void *own, struct operator_call *call)
{
    set_paused(own, call, true);
}

static void resume_partner(void *own, struct operator_call *call)
{
    set_paused(own, call, false);
}

static void test_partner(void *own, struct operator_call *call)
{
    struct fault why;
    const struct deliveries_hooks *hooks = own;
    json_t *json = hooks->test(hooks->own, http_segment(call->request, "partner"), &why);
    conclude(call, "test", "", json, &why);
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
    *reason = read_reason(request, json);
    return *reason != NULL;
}

/* What an operator wants of a delivery, once it is read. */
struct wanted {
    const struct deliveries_hooks *hooks;
    int64_t delivery;
    const char *reason;
    json_t *json; /* the request's body */
};

static bool release(const struct wanted *wanted, struct fault *why)
{
    return wanted->hooks->release(wanted->hooks->own, wanted->delivery, wanted->reason, why);
}

static bool discard(const struct wanted *wanted, struct fault *why)
{
    return wanted->hooks->discard(wanted->hooks->own, wanted->delivery, wanted->reason, why);
}

static bool route(const struct wanted *wanted, struct fault *why)
{
    const char *partner = json_string_value(json_object_get(wanted->json, "partner"));
    if (!partner)
        return fault_set(why, FAULT_REFUSE, "partner: to whom it is to go");
    return wanted->hooks->route(wanted->hooks->own, wanted->delivery, partner, wanted->reason, why);
}

static void change(const struct operator_call *call, const char *act,
                   const struct deliveries_hooks *hooks,
                   bool (*wish)(const struct wanted *wanted, struct fault *why))
{
    struct fault why;
    struct wanted wanted = {.hooks = hooks};
    auto_free(json_decref) json_t *json = NULL;
    if (!read_wish(call->request, &wanted.delivery, &wanted.reason, &json))
        return;
    wanted.json = json;
    char object[OBJECT_SIZE];
    (void)snprintf(object, sizeof object, "delivery:d-%" PRId64, wanted.delivery);
    const struct operator_act done = {.act = act, .object = object, .reason = wanted.reason};
    json_t *answer = NULL;
    if (wish(&wanted, &why)) {
        (void)fault_memory(&why); /* for an answer without memory */
        answer = json_pack("{ss}", "delivery", http_segment(call->request, "delivery"));
    }
    guard_conclude(call, &done, answer, &why);
}

static void retry_delivery(void *own, struct operator_call *call)
{
    change(call, "release", own, release);
}

static void discard_delivery(void *own, struct operator_call *call)
{
    change(call, "discard", own, discard);
}

static void route_delivery(void *own, struct operator_call *call)
{
    change(call, "route", own, route);
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
         .handle = test_partner},
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
