/* SPDX-License-Identifier: Apache-2.0 */
/* Each row becomes a table of its own, so that the server's call brings the row with it. */
#include "operate/guard.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "operate/answer.h"
#include "operate/lockout.h"
#include "operate/peer.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_KEPT = 200, OBJECT_SIZE = PATH_KEPT + 40 };

/* So many calls from another site are on record of one name, and four times as many of an address;
 * then none for so long. */
enum { ELSEWHERE_MOST = 5, ELSEWHERE_MS = 15 * 60 * 1000 };

static const char prefix[] = "/operate/v1/";

static const struct problem_kind unknown_operator = {
    "unknown-operator", 401, "Chưa đăng nhập hoặc phiên đã hết", "Not signed in, or no longer"};
static const struct problem_kind no_right = {"no-right", 403, "Không có quyền thực hiện việc này",
                                             "You may not do this"};
static const struct problem_kind no_token = {"no-token", 403,
                                             "Thiếu hoặc sai mã chống giả mạo của phiên",
                                             "The session's token is missing or wrong"};
static const struct problem_kind from_elsewhere = {
    "from-elsewhere", 403, "Yêu cầu đến từ một trang khác", "The call comes from another site"};
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
    struct lockout *elsewhere; /* whose calls from another site are kept */
};

/* What a request holds from its begin to its end. */
struct admission {
    struct operator_call call;
    struct http_peer peer;
    char name[SESSION_USER_SIZE + 8];
    struct session session;
    struct check *check; /* of a password that came along */
    bool is_asking;      /* it is not answered yet */
    bool is_handled;
};

/* ---- who it is ---- */

static void name_peer(struct admission *admission)
{
    struct operator_call *call = &admission->call;
    struct peer_name name;
    peer_name(admission->peer.uid, &name);
    (void)snprintf(admission->name, sizeof admission->name, "%s", name.text);
    call->title = admission->name;
    call->session = admission->name;
    call->rights = peer_rights(admission->peer.uid);
}

static void name_user(struct admission *admission)
{
    struct operator_call *call = &admission->call;
    struct session *session = &admission->session;
    (void)snprintf(admission->name, sizeof admission->name, "%s:%s",
                   session->owner.is_foreign ? "oidc" : "user", session->owner.user);
    call->title = session->owner.title;
    call->session = session->name;
    call->csrf = session->is_script ? NULL : session->csrf;
}

static enum access_fate identify(const struct bound *bound, struct admission *admission)
{
    struct operator_call *call = &admission->call;
    struct access *access = bound->guard->options.access;
    enum access_fate fate = ACCESS_UNKNOWN;
    call->actor.name = admission->name;
    call->actor.address = admission->peer.is_unix ? NULL : admission->peer.address;
    if (admission->peer.is_unix && admission->peer.is_known) {
        name_peer(admission);
        return ACCESS_KNOWN;
    }
    if (!admission->peer.is_unix && access && bound->row->right != RIGHT_ANYBODY)
        fate = access_identify(access, call->request, &admission->session, &call->rights);
    if (fate == ACCESS_KNOWN)
        name_user(admission);
    return fate;
}

/* ---- what is refused ---- */

/* The path as it came may be long and is cut; what is not UTF-8 of it is of no use. */
static void record_refusal(const struct bound *bound, const struct operator_call *call,
                           const struct spool_actor *actor, const char *detail)
{
    const struct guard_options *options = &bound->guard->options;
    const char *path = http_path(call->request);
    char object[OBJECT_SIZE];
    struct fault why;
    (void)snprintf(object, sizeof object, "call:%s %.*s", http_method(call->request),
                   (int)utf8_valid(path, strnlen(path, PATH_KEPT)), path);
    const struct spool_record record = {
        .actor = *actor,
        .act = "call",
        .object = object,
        .reason = "",
        .outcome = "refused",
        .detail = detail,
        .at_ms = clock_now_ms(),
    };
    if (options->record && !options->record(options->own, &record, &why))
        log_error("operate.not_on_record", "act=call why=\"%s\"", why.text);
}

static void refuse_right(const struct bound *bound, const struct operator_call *call)
{
    const char *name = right_name(bound->row->right);
    char detail[64], record[64];
    (void)snprintf(detail, sizeof detail, "right: %s", name ? name : "none");
    (void)snprintf(record, sizeof record, "{\"right\":\"%s\"}", name ? name : "none");
    record_refusal(bound, call, &call->actor, record);
    http_problem(call->request, &no_right, detail, NULL);
}

static bool changes_something(const struct http_request *request)
{
    const char *method = http_method(request);
    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
}

/* As browsers say it of themselves; what is no browser does not. */
static bool is_from_elsewhere(const struct http_request *request)
{
    const char *site = http_header(request, "Sec-Fetch-Site");
    return site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}

/* A page that somebody else made may send as many as it likes, so only the first ones are kept, and
 * the last of these says so. */
static void refuse_elsewhere(const struct bound *bound, const struct operator_call *call)
{
    struct lockout *elsewhere = bound->guard->elsewhere;
    const struct spool_actor *actor = &call->actor;
    const struct spool_actor stranger = {.name = "user:?", .address = actor->address};
    const char *address = actor->address ? actor->address : "";
    int64_t now = clock_ticks_ms();
    if (!*actor->name)
        actor = &stranger;
    if (lockout_wait_ms(elsewhere, actor->name, address, now) == 0) {
        bool is_last = lockout_failed(elsewhere, actor->name, address, now);
        record_refusal(bound, call, actor,
                       is_last ? "{\"elsewhere\":true,\"last\":true}" : "{\"elsewhere\":true}");
    }
    http_problem(call->request, &from_elsewhere, NULL, NULL);
}

static bool has_token(const struct operator_call *call)
{
    const char *token = http_header(call->request, "X-Csrf-Token");
    size_t size = strlen(call->csrf);
    return token && strlen(token) == size && sodium_memcmp(token, call->csrf, size) == 0;
}

/* Whether this call may go on to its handler; it is answered when not. */
static bool may(const struct bound *bound, const struct operator_call *call)
{
    if (call->csrf && changes_something(call->request) && !has_token(call)) {
        record_refusal(bound, call, &call->actor, "{\"token\":false}");
        http_problem(call->request, &no_token, NULL, NULL);
        return false;
    }
    if (right_held(call->rights, bound->row->right))
        return true;
    refuse_right(bound, call);
    return false;
}

static void refuse_unknown(struct http_request *request)
{
    /* Not "Basic": a browser would ask for a password and send it with every call. */
    http_add_header(request, "WWW-Authenticate", "Session realm=\"lienthong\"");
    http_problem(request, &unknown_operator, NULL, NULL);
}

/* ---- the server's calls ---- */

static void judge(const struct bound *bound, struct admission *admission)
{
    struct operator_call *call = &admission->call;
    enum access_fate fate = identify(bound, admission);
    if (!admission->peer.is_unix && changes_something(call->request) &&
        is_from_elsewhere(call->request))
        refuse_elsewhere(bound, call);
    else if (fate == ACCESS_UNKNOWN && bound->row->right != RIGHT_ANYBODY)
        refuse_unknown(call->request);
    else if (fate == ACCESS_ASK)
        admission->is_asking = true; /* with the body in, when the request may wait */
    else
        (void)may(bound, call); /* it is answered when not */
}

static void begin(void *own, struct http_request *request)
{
    const struct bound *bound = own;
    struct admission *admission = calloc(1, sizeof *admission);
    http_set_own(request, admission);
    http_set_header(request, "Cache-Control", "no-store");
    if (!admission) {
        http_problem(request, &no_memory, NULL, NULL);
        return;
    }
    admission->call.guard = bound->guard;
    admission->call.request = request;
    admission->call.language = http_language(request);
    http_peer(request, &admission->peer);
    judge(bound, admission);
}

static void pass_on(const struct bound *bound, struct admission *admission)
{
    admission->is_handled = true;
    bound->row->handle(bound->stage, &admission->call);
}

static void handle(void *own, struct http_request *request)
{
    const struct bound *bound = own;
    struct admission *admission = http_own(request);
    struct fault why;
    if (!admission->is_asking) {
        pass_on(bound, admission);
        return;
    }
    admission->check =
        access_ask(bound->guard->options.access, request, admission->peer.address, &why);
    if (!admission->check)
        operate_fault(request, &why);
}

static void take_check(const struct bound *bound, struct admission *admission)
{
    const struct check_answer *answer = check_answered(admission->check);
    struct operator_call *call = &admission->call;
    admission->is_asking = false;
    if (answer->fate != CHECK_GOOD) {
        access_refuse(call->request, answer);
        return;
    }
    access_admit_script(bound->guard->options.access, call->request, &answer->owner,
                        &admission->session, &call->rights);
    name_user(admission);
    if (may(bound, call))
        pass_on(bound, admission);
}

static void resumed(void *own, struct http_request *request)
{
    const struct bound *bound = own;
    struct admission *admission = http_own(request);
    if (admission->is_asking)
        take_check(bound, admission);
    else if (bound->row->resumed)
        bound->row->resumed(bound->stage, &admission->call);
}

static void end(void *own, struct http_request *request)
{
    const struct bound *bound = own;
    struct admission *admission = http_own(request);
    if (!admission)
        return;
    if (admission->is_handled && bound->row->end)
        bound->row->end(bound->stage, &admission->call);
    check_release(admission->check);
    free(admission);
}

/* ---- what is done ---- */

struct spool_record guard_record(const struct operator_call *call, const struct operator_act *act)
{
    return (struct spool_record){
        .actor = call->actor,
        .act = act->act,
        .object = act->object,
        .reason = act->reason,
        .outcome = "",
        .detail = "",
        .at_ms = clock_now_ms(),
    };
}

static bool record_act(const struct operator_call *call, const struct operator_act *act,
                       const char *outcome, struct fault *why)
{
    const struct guard_options *options = &call->guard->options;
    struct spool_record record = guard_record(call, act);
    record.outcome = outcome;
    if (!options->record || options->record(options->own, &record, why))
        return true;
    log_error("operate.not_on_record", "act=%s outcome=%s why=\"%s\"", act->act, outcome,
              why->text);
    return false;
}

bool guard_begin(const struct operator_call *call, const struct operator_act *act)
{
    struct fault why;
    if (record_act(call, act, "begun", &why))
        return true;
    operate_fault(call->request, &why);
    return false;
}

void guard_conclude(const struct operator_call *call, const struct operator_act *act, json_t *json,
                    const struct fault *why)
{
    struct fault inner;
    (void)record_act(call, act, json ? "done" : "refused", &inner); /* it is logged */
    if (json)
        operate_answer(call->request, json);
    else
        operate_fault(call->request, why);
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
    const struct lockout_options elsewhere = {ELSEWHERE_MOST, ELSEWHERE_MS};
    guard->options = *options;
    guard->elsewhere = lockout_new(&elsewhere, why);
    bool is_good = guard->elsewhere && bind_all(guard, why);
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
    lockout_free(guard->elsewhere);
    free(guard->tables);
    free(guard->rows);
    free(guard);
}

const struct http_table *guard_tables(const struct guard *guard)
{
    return guard->tables;
}
