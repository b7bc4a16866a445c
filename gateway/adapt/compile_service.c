/* SPDX-License-Identifier: Apache-2.0 */
/* `send:`, `auth:`, `answers:` and what follows from an answer, checked and made ready. */
#include "adapt/compile.h"

static bool take_texts(struct compiler *compiler, const struct draft_text *drafts, size_t count,
                       struct service_text **texts, struct fault *why)
{
    *texts = compile_take(compiler, count, sizeof **texts, why); /* and one that ends them */
    for (size_t at = 0; *texts && at < count; at++)
        (*texts)[at] = (struct service_text){drafts[at].name, drafts[at].text};
    return *texts != NULL;
}

/* ---- send ---- */

static bool is_message(const struct adapter *adapter, const char *name)
{
    for (size_t at = 0; at < adapter->message_count; at++)
        if (strcmp(adapter->messages[at].name, name) == 0)
            return true;
    return false;
}

static bool check_path(const struct compiler *compiler, const char *path, struct fault *why)
{
    return !path || !*path || *path == '/' || *path == '?' ||
           compile_refuse(compiler, "path", why,
                          "what is appended to an address begins with / or ?");
}

static bool check_send(const struct compiler *compiler, const struct draft_send *draft,
                       struct fault *why)
{
    bool is_multipart = draft->body == BODY_MULTIPART;
    if (draft->message && !is_message(compiler->adapter, draft->message))
        return compile_refuse(compiler, "message", why, "no message is called %s", draft->message);
    if (draft->method && strcmp(draft->method, "POST") != 0 && strcmp(draft->method, "PUT") != 0)
        return compile_refuse(compiler, "method", why, "a method is POST or PUT");
    if (is_multipart && !draft->part)
        return compile_refuse(compiler, "body", why, "multipart needs part");
    if (!is_multipart &&
        (draft->part || draft->file_name || draft->files_part || draft->fields_count))
        return compile_refuse(compiler, "", why,
                              "part, file_name, files_part and fields are for multipart");
    return check_path(compiler, draft->path, why);
}

static bool take_send(struct compiler *compiler, const struct draft_send *draft,
                      struct service_send *send, struct fault *why)
{
    struct service_text *fields = NULL, *headers = NULL;
    if (!check_send(compiler, draft, why) ||
        !take_texts(compiler, draft->fields, draft->fields_count, &fields, why) ||
        !take_texts(compiler, draft->headers, draft->headers_count, &headers, why))
        return false;
    const char *own = compiler->adapter->draft->media_types[0];
    *send = (struct service_send){.message = draft->message,
                                  .method = draft->method ? draft->method : "POST",
                                  .path = draft->path ? draft->path : "",
                                  .media_type = draft->media_type ? draft->media_type : own,
                                  .body = draft->body,
                                  .part = draft->part,
                                  .file_name = draft->file_name,
                                  .files_part = draft->files_part,
                                  .fields = fields,
                                  .headers = headers};
    return true;
}

static bool take_sends(struct compiler *compiler, const struct draft *draft,
                       struct service *service, struct fault *why)
{
    service->sends = compile_take(compiler, draft->send_count, sizeof *service->sends, why);
    for (; service->sends && service->send_count < draft->send_count; service->send_count++) {
        compile_at(compiler, "send[%zu]", service->send_count);
        if (!take_send(compiler, &draft->send[service->send_count],
                       &service->sends[service->send_count], why))
            return false;
    }
    const struct draft_send other = {0};
    return service->sends && take_send(compiler, &other, &service->other, why);
}

/* ---- auth ---- */

static bool is_given(const struct adapter *adapter, const char *name)
{
    for (size_t at = 0; at < adapter->message_count; at++)
        for (size_t row = 0; row < adapter->messages[at].row_count; row++) {
            const char *given = adapter->messages[at].rows[row].given;
            if (given && strcmp(given, name) == 0)
                return true;
        }
    return false;
}

/* A path of one value in an answer. */
static bool take_member(struct compiler *compiler, const char *key, const char *text,
                        struct path *path, struct fault *why)
{
    if (!compile_path(compiler, key, text, path, why))
        return false;
    for (size_t at = 0; at < path->count; at++)
        if (path->steps[at].kind != STEP_ELEMENT || path->steps[at].which == WHICH_EACH ||
            path->steps[at].which == WHICH_ADDED)
            return compile_refuse(compiler, key, why, "the path is of one member");
    return (path->from_root && path->count) ||
           compile_refuse(compiler, key, why, "the path begins with / and has a name");
}

/* What a login call needs, and what has no use without one. */
static bool check_call(const struct compiler *compiler, const struct draft_auth *draft,
                       struct fault *why)
{
    bool has_call = draft->kind == AUTH_SESSION || draft->kind == AUTH_OAUTH2;
    bool speaks_of_call = draft->path || draft->media_type || draft->body || draft->token ||
                          draft->expires_in || draft->require_count;
    if (!has_call && speaks_of_call)
        return compile_refuse(compiler, "", why,
                              "path, body, token and require are for oauth2 and session");
    return !has_call || draft->path || compile_refuse(compiler, "", why, "the login needs a path");
}

static bool check_auth(const struct compiler *compiler, const struct draft_auth *draft,
                       struct fault *why)
{
    if (!check_call(compiler, draft, why))
        return false;
    if (draft->kind == AUTH_SESSION && (!draft->body || !draft->token))
        return compile_refuse(compiler, "", why, "a session needs body and token");
    if (draft->kind == AUTH_HEADERS && !draft->headers_count)
        return compile_refuse(compiler, "", why, "headers are missing");
    if (draft->given && (draft->kind != AUTH_SESSION || !is_given(compiler->adapter, draft->given)))
        return compile_refuse(compiler, "given", why, "no row of a session's format has given: %s",
                              draft->given);
    return check_path(compiler, draft->path, why);
}

static bool check_members(struct compiler *compiler, const struct draft_auth *draft,
                          struct fault *why)
{
    struct path unused;
    if ((draft->token && !take_member(compiler, "token", draft->token, &unused, why)) ||
        (draft->expires_in &&
         !take_member(compiler, "expires_in", draft->expires_in, &unused, why)))
        return false;
    for (size_t at = 0; at < draft->require_count; at++)
        if (!take_member(compiler, "require", draft->require[at].name, &unused, why))
            return false;
    return true;
}

static bool take_auth(struct compiler *compiler, const struct draft_auth *draft,
                      struct service_auth *auth, struct fault *why)
{
    const struct draft_auth none = {0};
    draft = draft ? draft : &none;
    struct service_text *headers = NULL, *require = NULL;
    compile_at(compiler, "auth");
    if (!check_auth(compiler, draft, why) || !check_members(compiler, draft, why) ||
        !take_texts(compiler, draft->headers, draft->headers_count, &headers, why) ||
        !take_texts(compiler, draft->require, draft->require_count, &require, why))
        return false;
    *auth = (struct service_auth){.kind = draft->kind,
                                  .path = draft->path,
                                  .media_type = draft->media_type,
                                  .body = draft->body,
                                  .token = draft->token,
                                  .expires_in = draft->expires_in,
                                  .given = draft->given,
                                  .headers = headers,
                                  .require = require};
    if (draft->kind != AUTH_OAUTH2)
        return true;
    if (!auth->body) { /* RFC 6749, 4.4 and 2.3.1 */
        auth->body = "grant_type=client_credentials&client_id={user}&client_secret={password}";
        auth->media_type = "application/x-www-form-urlencoded";
    }
    auth->token = auth->token ? auth->token : "/access_token";
    auth->expires_in = auth->expires_in ? auth->expires_in : "/expires_in";
    return true;
}

/* ---- mailbox ---- */

static bool take_call(struct compiler *compiler, const char *name, const struct draft_call *draft,
                      struct service_call *call, struct fault *why)
{
    compile_at(compiler, "mailbox.%s", name);
    bool is_post = draft->method && strcmp(draft->method, "POST") == 0;
    if (draft->method && !is_post && strcmp(draft->method, "GET") != 0)
        return compile_refuse(compiler, "method", why, "a method is GET or POST");
    if (draft->body && (!is_post || !draft->media_type))
        return compile_refuse(compiler, "body", why, "a body needs POST and media_type");
    *call = (struct service_call){.method = is_post ? "POST" : "GET",
                                  .path = draft->path,
                                  .media_type = draft->media_type,
                                  .body = draft->body,
                                  .items = draft->items ? draft->items : "",
                                  .id = draft->id,
                                  .document = draft->document,
                                  .is_base64 = draft->base64,
                                  .state = draft->state,
                                  .waits = (const char *const *)draft->waits,
                                  .waits_count = draft->waits_count};
    if (!draft->state != !draft->waits_count)
        return compile_refuse(compiler, "", why, "state and waits need one another");
    return check_path(compiler, draft->path, why);
}

static bool check_list(const struct compiler *compiler, const struct draft_mailbox *draft,
                       struct fault *why)
{
    if (!draft->list->id)
        return compile_refuse(compiler, "", why, "the list needs id");
    return draft->fetch || draft->list->document ||
           compile_refuse(compiler, "", why, "without fetch, the list needs document");
}

static bool take_mailbox(struct compiler *compiler, const struct draft_mailbox *draft,
                         struct service *service, struct fault *why)
{
    if (!draft)
        return true;
    struct service_mailbox *mailbox = compile_take(compiler, 1, sizeof *mailbox, why);
    if (!mailbox)
        return false;
    service->mailbox = mailbox;
    mailbox->has_fetch = draft->fetch != NULL;
    mailbox->has_failed = draft->failed != NULL;
    return take_call(compiler, "list", draft->list, &mailbox->list, why) &&
           check_list(compiler, draft, why) &&
           take_call(compiler, "done", draft->done, &mailbox->done, why) &&
           (!draft->fetch || take_call(compiler, "fetch", draft->fetch, &mailbox->fetch, why)) &&
           (!draft->failed || take_call(compiler, "failed", draft->failed, &mailbox->failed, why));
}

/* ---- answers ---- */

/* "200", or "2xx" for all of a hundred. */
static bool read_status(const char *text, struct status_range *range)
{
    bool is_class =
        strlen(text) == 3 && text[0] >= '1' && text[0] <= '5' && strcmp(text + 1, "xx") == 0;
    if (is_class) {
        range->first = (text[0] - '0') * 100;
        range->last = range->first + 99;
        return true;
    }
    char *end = NULL;
    long status = strtol(text, &end, 10);
    range->first = range->last = (int)status;
    return strlen(text) == 3 && !*end && status >= 100 && status <= 599;
}

static bool take_statuses(struct compiler *compiler, const struct draft_answer *draft,
                          struct answer_rule *rule, struct fault *why)
{
    rule->statuses = compile_take(compiler, draft->status_count, sizeof *rule->statuses, why);
    for (; rule->statuses && rule->status_count < draft->status_count; rule->status_count++) {
        const char *text = draft->status[rule->status_count];
        if (!read_status(text, &rule->statuses[rule->status_count]))
            return compile_refuse(compiler, "status", why, "a status is 100 to 599, or as 2xx: %s",
                                  text);
    }
    return rule->statuses != NULL;
}

static bool take_where(struct compiler *compiler, const struct draft_where *draft,
                       struct answer_where *where, struct fault *why)
{
    where->has_path = draft->path != NULL;
    where->is = draft->is;
    where->is_count = draft->is_count;
    where->contains = draft->contains;
    where->contains_count = draft->contains_count;
    where->is_absent = draft->absent;
    if (!draft->path && (draft->is_count || draft->absent || !draft->contains_count))
        return compile_refuse(compiler, "where", why, "without a path, it needs contains alone");
    if (draft->absent && (draft->is_count || draft->contains_count))
        return compile_refuse(compiler, "where", why, "it cannot be absent and have a text");
    for (size_t at = 0; at < draft->contains_count; at++)
        if (!*draft->contains[at])
            return compile_refuse(compiler, "where", why, "contains needs a text");
    return !draft->path || take_member(compiler, "where", draft->path, &where->path, why);
}

/* A meaning asks for something that the format must have. */
static bool check_meaning(const struct compiler *compiler, const struct service *service,
                          const struct draft_answer *draft, struct fault *why)
{
    enum service_auth_kind auth = service->auth.kind;
    if (draft->meaning == ANSWER_LOGIN && auth != AUTH_SESSION && auth != AUTH_OAUTH2)
        return compile_refuse(compiler, "meaning", why, "there is no login in auth");
    if (draft->meaning == ANSWER_EXISTS && !service->when_exists)
        return compile_refuse(compiler, "meaning", why, "exists needs when_exists");
    if (draft->meaning == ANSWER_MISSING && !service->when_missing)
        return compile_refuse(compiler, "meaning", why, "missing needs when_missing");
    return draft->status_count || draft->where_count ||
           compile_refuse(compiler, "", why, "a rule needs status or where");
}

static bool take_answer(struct compiler *compiler, const struct service *service,
                        const struct draft_answer *draft, struct answer_rule *rule,
                        struct fault *why)
{
    rule->meaning = draft->meaning;
    rule->cause = draft->cause;
    rule->detail = draft->detail;
    rule->where = compile_take(compiler, draft->where_count, sizeof *rule->where, why);
    if (!rule->where || !check_meaning(compiler, service, draft, why) ||
        !take_statuses(compiler, draft, rule, why))
        return false;
    for (; rule->where_count < draft->where_count; rule->where_count++)
        if (!take_where(compiler, &draft->where[rule->where_count], &rule->where[rule->where_count],
                        why))
            return false;
    return true;
}

static bool take_answers(struct compiler *compiler, const struct draft *draft,
                         struct service *service, struct fault *why)
{
    service->rules = compile_take(compiler, draft->answers_count, sizeof *service->rules, why);
    for (; service->rules && service->rule_count < draft->answers_count; service->rule_count++) {
        compile_at(compiler, "answers[%zu]", service->rule_count);
        if (!take_answer(compiler, service, &draft->answers[service->rule_count],
                         &service->rules[service->rule_count], why))
            return false;
    }
    return service->rules != NULL;
}

/* What is given to the writer must be written somewhere. */
static bool take_given(struct compiler *compiler, const char *key, const struct draft_text *drafts,
                       size_t count, struct service_text **texts, struct fault *why)
{
    compile_at(compiler, "%s", "");
    for (size_t at = 0; at < count; at++)
        if (!is_given(compiler->adapter, drafts[at].name))
            return compile_refuse(compiler, key, why, "no row has given: %s", drafts[at].name);
    return !count || take_texts(compiler, drafts, count, texts, why);
}

bool compile_service(struct compiler *compiler, const struct draft *draft, struct fault *why)
{
    struct service *service = compile_take(compiler, 1, sizeof *service, why);
    if (!service)
        return false;
    compiler->adapter->service = service;
    return take_sends(compiler, draft, service, why) &&
           take_auth(compiler, draft->auth, &service->auth, why) &&
           take_mailbox(compiler, draft->mailbox, service, why) &&
           take_given(compiler, "when_exists", draft->when_exists, draft->when_exists_count,
                      &service->when_exists, why) &&
           take_given(compiler, "when_missing", draft->when_missing, draft->when_missing_count,
                      &service->when_missing, why) &&
           take_answers(compiler, draft, service, why);
}
