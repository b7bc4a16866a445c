/* SPDX-License-Identifier: Apache-2.0 */
/* Login with a password, logout, and who one is. */
#include "operate/sign_in.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "operate/answer.h"

#include <strings.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

enum { LOGIN_LIMIT = 4096, NAME_MOST = 200, PASSWORD_BYTES = 1024 };

static const struct problem_kind not_json = {"unsupported-media-type", 415,
                                             "Nội dung phải là application/json",
                                             "The body must be application/json"};

static json_t *list_rights(right_set rights)
{
    json_t *list = json_array();
    for (enum right right = RIGHT_MISSING; right <= RIGHT_ANYBODY; right++)
        if (right_name(right) && right_held(rights, right))
            (void)json_array_append_new(list, json_string(right_name(right))); /* one less to see */
    return list;
}

json_t *sign_in_describe(const char *user, const char *title, right_set rights, const char *csrf)
{
    return json_pack("{ss ss so ss?}", "user", user, /**/
                     "title", title,                 /**/
                     "rights", list_rights(rights),  /**/
                     "csrf", csrf);
}

static void show_me(void *own, struct operator_call *call)
{
    (void)own;
    operate_answer(call->request,
                   sign_in_describe(call->actor.name, call->title, call->rights, call->csrf));
}

/* ---- login ---- */

/* A form of another site can send no such type without asking first. */
static bool is_json(const struct http_request *request)
{
    static const char wanted[] = "application/json";
    const char *type = http_header(request, "Content-Type");
    return type && strncasecmp(type, wanted, sizeof wanted - 1) == 0;
}

static bool read_wish(struct operator_call *call, struct check_wish *wish, json_t **json)
{
    wish->user = operate_member(call->request, "user", json);
    wish->password = json_string_value(json_object_get(*json, "password"));
    wish->address = call->actor.address ? call->actor.address : "";
    wish->how = "password";
    return wish->user && wish->password && *wish->user && strlen(wish->user) <= NAME_MOST &&
           strlen(wish->password) <= PASSWORD_BYTES;
}

static void ask(struct access *access, struct operator_call *call)
{
    struct fault why;
    struct check_wish wish;
    auto_free(json_decref) json_t *json = NULL;
    if (!read_wish(call, &wish, &json)) {
        http_problem(call->request, &operate_bad_request, "user, password: texts", NULL);
        return;
    }
    call->own = access_ask_login(access, call->request, &wish, &why);
    if (!call->own)
        operate_fault(call->request, &why);
}

/* Who is known by the machine's own socket needs no login. */
static void log_in(void *own, struct operator_call *call)
{
    if (call->session)
        show_me(own, call);
    else if (!is_json(call->request))
        http_problem(call->request, &not_json, NULL, NULL);
    else
        ask(own, call);
}

static void answer_login(void *own, struct operator_call *call)
{
    const struct check_answer *answer = check_answered(call->own);
    struct session session;
    right_set rights;
    if (answer->fate != CHECK_GOOD) {
        access_refuse(call->request, answer);
        return;
    }
    access_sign_in(own, call->request, &answer->owner, &session, &rights);
    char user[SESSION_USER_SIZE + 8];
    (void)snprintf(user, sizeof user, "user:%s", session.owner.user);
    operate_answer(call->request,
                   sign_in_describe(user, session.owner.title, rights, session.csrf));
}

static void end_login(void *own, struct operator_call *call)
{
    (void)own;
    check_release(call->own);
}

static void log_out(void *own, struct operator_call *call)
{
    struct fault why;
    const struct spool_record record = {
        .actor = call->actor,
        .act = "logout",
        .object = "",
        .reason = "",
        .outcome = "done",
        .detail = "",
        .at_ms = clock_now_ms(),
    };
    access_sign_out(own, call->request);
    if (access_record(own, &record, &why))
        operate_answer(call->request, json_object());
    else
        operate_fault(call->request, &why);
}

/* For a page that nobody has signed in to yet. */
static void show_ways(void *own, struct operator_call *call)
{
    operate_answer(call->request,
                   json_pack("{sb sb}", "password", true, "oidc", access_has_provider(own)));
}

struct guard_table sign_in_table(struct access *access)
{
    static const struct guard_route routes[] = {
        {.method = "GET",
         .pattern = "/operate/v1/login",
         .right = RIGHT_ANYBODY,
         .handle = show_ways},
        {.method = "POST",
         .pattern = "/operate/v1/login",
         .right = RIGHT_ANYBODY,
         .body_limit = LOGIN_LIMIT,
         .handle = log_in,
         .resumed = answer_login,
         .end = end_login},
        {.method = "POST",
         .pattern = "/operate/v1/logout",
         .right = RIGHT_SIGNED_IN,
         .body_limit = LOGIN_LIMIT,
         .handle = log_out},
        {.method = "GET", .pattern = "/operate/v1/me", .right = RIGHT_SIGNED_IN, .handle = show_me},
        {0},
    };
    return (struct guard_table){routes, access};
}
