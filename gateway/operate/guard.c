/* SPDX-License-Identifier: Apache-2.0 */
/* Each row becomes a table of its own, so that the server's call brings the row with it. */
#include "operate/guard.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "operate/peer.h"

#include <stdlib.h>
#include <string.h>

static const char prefix[] = "/operate/v1/";

static const struct problem_kind unknown_operator = {
    "unknown-operator", 401, "Chưa đăng nhập hoặc phiên đã hết", "Not signed in, or no longer"};
static const struct problem_kind no_right = {"no-right", 403, "Không có quyền thực hiện việc này",
                                             "You may not do this"};
static const struct problem_kind no_memory = {"internal", 500, "Lỗi của hệ thống",
                                              "A fault of the gateway"};

/* One row, as the server knows it. */
struct bound {
    const struct guard *guard;
    const struct guard_route *row;
    void *stage;
    struct http_route routes[2];
};

struct guard {
    struct guard_options options;
    struct bound *rows;
    struct http_table *tables;
};

/* What a request holds from its begin to its end. */
struct admission {
    struct operator_call call;
    struct peer_name name;
    bool is_handled;
};

/* ---- what is refused ---- */

static void record_refusal(const struct bound *bound, const struct operator_call *call)
{
    const struct guard_options *options = &bound->guard->options;
    struct fault why;
    const struct spool_record record = {
        .actor = call->actor,
        .act = "call",
        .object = http_path(call->request),
        .reason = "",
        .outcome = "refused",
        .detail = "",
        .at_ms = clock_now_ms(),
    };
    if (options->record && !options->record(options->own, &record, &why))
        log_error("operate.not_on_record", "act=call why=\"%s\"", why.text);
}

static void refuse_right(const struct bound *bound, const struct operator_call *call)
{
    const char *name = right_name(bound->row->right);
    char detail[64];
    (void)snprintf(detail, sizeof detail, "right: %s", name ? name : "none");
    record_refusal(bound, call);
    http_problem(call->request, &no_right, detail, NULL);
}

/* ---- the server's calls ---- */

static bool identify(const struct bound *bound, struct admission *admission)
{
    struct operator_call *call = &admission->call;
    struct http_peer peer;
    (void)bound;
    http_peer(call->request, &peer);
    if (!peer.is_unix || !peer.is_known)
        return false;
    peer_name(peer.uid, &admission->name);
    call->actor = (struct spool_actor){.name = admission->name.text};
    call->title = admission->name.text;
    call->session = admission->name.text;
    call->rights = peer_rights(peer.uid);
    return true;
}

static void begin(void *own, struct http_request *request)
{
    const struct bound *bound = own;
    struct admission *admission = calloc(1, sizeof *admission);
    http_set_own(request, admission);
    if (!admission) {
        http_problem(request, &no_memory, NULL, NULL);
        return;
    }
    admission->call.request = request;
    admission->call.language = http_language(request);
    if (!identify(bound, admission))
        http_problem(request, &unknown_operator, NULL, NULL);
    else if (!right_held(admission->call.rights, bound->row->right))
        refuse_right(bound, &admission->call);
}

static void handle(void *own, struct http_request *request)
{
    const struct bound *bound = own;
    struct admission *admission = http_own(request);
    admission->is_handled = true;
    bound->row->handle(bound->stage, &admission->call);
}

static void resumed(void *own, struct http_request *request)
{
    const struct bound *bound = own;
    struct admission *admission = http_own(request);
    if (bound->row->resumed)
        bound->row->resumed(bound->stage, &admission->call);
}

static void end(void *own, struct http_request *request)
{
    const struct bound *bound = own;
    struct admission *admission = http_own(request);
    if (admission && admission->is_handled && bound->row->end)
        bound->row->end(bound->stage, &admission->call);
    free(admission);
}

/* ---- rows ---- */

static bool check_row(const struct guard_route *row, struct fault *why)
{
    if (row->right == RIGHT_MISSING)
        return fault_set(why, FAULT_BROKEN, "%s %s: no right is named", row->method, row->pattern);
    if (strncmp(row->pattern, prefix, sizeof prefix - 1) != 0)
        return fault_set(why, FAULT_BROKEN, "%s %s: not below %s", row->method, row->pattern,
                         prefix);
    return true;
}

static void bind_row(const struct guard *guard, const struct guard_route *row, void *stage,
                     struct bound *bound)
{
    bound->guard = guard;
    bound->row = row;
    bound->stage = stage;
    bound->routes[0] = (struct http_route){
        .method = row->method,
        .pattern = row->pattern,
        .body_limit = row->body_limit,
        .begin = begin,
        .handle = handle,
        .resumed = resumed,
        .end = end,
    };
}

static size_t count_rows(const struct guard_table *tables)
{
    size_t count = 0;
    for (; tables->routes; tables++)
        for (const struct guard_route *row = tables->routes; row->method; row++)
            count++;
    return count;
}

static bool bind_all(struct guard *guard, struct fault *why)
{
    size_t count = count_rows(guard->options.tables);
    guard->rows = calloc(count + 1, sizeof *guard->rows);
    guard->tables = calloc(count + 1, sizeof *guard->tables);
    if (!guard->rows || !guard->tables)
        return fault_memory(why);
    size_t at = 0;
    for (const struct guard_table *table = guard->options.tables; table->routes; table++) {
        for (const struct guard_route *row = table->routes; row->method; row++, at++) {
            if (!check_row(row, why))
                return false;
            bind_row(guard, row, table->own, &guard->rows[at]);
            guard->tables[at] = (struct http_table){guard->rows[at].routes, &guard->rows[at]};
        }
    }
    return true;
}

struct guard *guard_new(const struct guard_options *options, struct fault *why)
{
    struct guard *guard = calloc(1, sizeof *guard);
    if (!guard) {
        (void)fault_memory(why);
        return NULL;
    }
    guard->options = *options;
    bool is_good = bind_all(guard, why);
    guard->options.tables = NULL; /* the caller's, who may let go of it now */
    if (is_good)
        return guard;
    guard_free(guard);
    return NULL;
}

void guard_free(struct guard *guard)
{
    if (!guard)
        return;
    free(guard->tables);
    free(guard->rows);
    free(guard);
}

const struct http_table *guard_tables(const struct guard *guard)
{
    return guard->tables;
}
