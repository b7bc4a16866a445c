/* SPDX-License-Identifier: Apache-2.0 */
/* How a partner's system is spoken to, and what its answers mean: tables of adapter.yaml. */
#include "adapt/service.h"

#include "adapt/answer.h"
#include "adapt/map.h"
#include "base/cleanup.h"

ENDS_WITH_SCOPE(struct answer *, answer_free)

/* ---- one rule ---- */

static bool has_status(const struct answer_rule *rule, int status)
{
    for (size_t at = 0; at < rule->status_count; at++)
        if (status >= rule->statuses[at].first && status <= rule->statuses[at].last)
            return true;
    return rule->status_count == 0;
}

/* Which of the texts it is; `count` when none. */
static size_t which_is(const struct answer_where *where, const char *text)
{
    size_t at = 0;
    while (at < where->is_count && strcmp(where->is[at], text) != 0)
        at++;
    return at;
}

static bool contains_one(const struct answer_where *where, const char *text, size_t size)
{
    for (size_t at = 0; at < where->contains_count; at++)
        if (answer_contains(text, size, where->contains[at]))
            return true;
    return where->contains_count == 0;
}

/* A code that is not in the table may be told too, when it is too short to be anybody's number. */
enum { CODE_SIZE = 7 };

/* What a judgement is made from. */
struct judgement {
    const struct service_answer *answer;
    const struct answer *parsed;     /* NULL: nothing could be made of it */
    const struct answer_where *told; /* the first condition that chose among texts */
    const char *value;               /* and which of them it was */
    char code[CODE_SIZE];            /* or what it was, when any would do */
};

static bool is_code(const char *text)
{
    size_t size = strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_");
    return size > 0 && size < CODE_SIZE && !text[size];
}

/* Remembers by which text a condition was met. */
static void note_told(struct judgement *judgement, const struct answer_where *where, size_t which,
                      const char *text)
{
    if (judgement->told)
        return;
    if (which < where->is_count) {
        judgement->told = where;
        judgement->value = where->is[which];
    } else if (!where->contains_count && is_code(text)) {
        judgement->told = where;
        (void)snprintf(judgement->code, sizeof judgement->code, "%s", text);
        judgement->value = judgement->code;
    }
}

static bool where_holds(struct judgement *judgement, const struct answer_where *where)
{
    if (!where->has_path)
        return contains_one(where, judgement->answer->body, judgement->answer->size);
    auto_free(free) char *text =
        judgement->parsed ? answer_text(judgement->parsed, &where->path) : NULL;
    if (where->is_absent)
        return judgement->parsed && !text;
    if (!text || !contains_one(where, text, strlen(text)))
        return false;
    size_t which = which_is(where, text);
    if (where->is_count && which == where->is_count)
        return false;
    note_told(judgement, where, which, text);
    return true;
}

static bool rule_fits(struct judgement *judgement, const struct answer_rule *rule)
{
    judgement->told = NULL;
    if (!has_status(rule, judgement->answer->status))
        return false;
    for (size_t at = 0; at < rule->where_count; at++)
        if (!where_holds(judgement, &rule->where[at]))
            return false;
    return true;
}

/* ---- the judgement ---- */

static enum answer_meaning by_status(const struct adapter *adapter, int status)
{
    enum service_auth_kind auth = adapter->service->auth.kind;
    if (status >= 200 && status <= 299)
        return ANSWER_DONE;
    if (status == 401 && (auth == AUTH_SESSION || auth == AUTH_OAUTH2))
        return ANSWER_LOGIN;
    bool is_passing = status == 408 || status == 425 || status == 429 || status >= 500;
    return is_passing ? ANSWER_AGAIN : ANSWER_REFUSED;
}

static void say_cause(const struct judgement *judgement, const struct answer_rule *rule,
                      char cause[ANSWER_CAUSE_SIZE])
{
    if (rule && rule->cause) {
        (void)snprintf(cause, ANSWER_CAUSE_SIZE, "answer:%s", rule->cause);
    } else if (rule && judgement->told) {
        const struct path *path = &judgement->told->path;
        (void)snprintf(cause, ANSWER_CAUSE_SIZE, "answer:%s=%s", path->steps[path->count - 1].name,
                       judgement->value);
    } else {
        (void)snprintf(cause, ANSWER_CAUSE_SIZE, "answer:status=%d", judgement->answer->status);
    }
}

enum answer_meaning service_judge(const struct adapter *adapter,
                                  const struct service_answer *answer,
                                  char cause[ANSWER_CAUSE_SIZE], const char **detail)
{
    const struct service *service = adapter->service;
    auto_free(answer_free) struct answer *parsed = answer_new(answer);
    struct judgement judgement = {.answer = answer, .parsed = parsed};
    const struct answer_rule *rule = NULL;
    for (size_t at = 0; !rule && at < service->rule_count; at++)
        rule = rule_fits(&judgement, &service->rules[at]) ? &service->rules[at] : NULL;
    say_cause(&judgement, rule, cause);
    *detail = rule ? rule->detail : NULL;
    return rule ? rule->meaning : by_status(adapter, answer->status);
}

char *service_member(const struct service_answer *answer, const char *path)
{
    struct path parsed = {0};
    struct fault unused;
    if (!path_parse(path, &parsed, &unused))
        return NULL;
    auto_free(answer_free) struct answer *body = answer_new(answer);
    char *text = body ? answer_text(body, &parsed) : NULL;
    path_free(&parsed);
    return text;
}

/* ---- what stands in adapter.yaml ---- */

const struct service_send *service_send(const struct adapter *adapter, const char *message)
{
    const struct service *service = adapter->service;
    for (size_t at = 0; at < service->send_count; at++) {
        const struct service_send *send = &service->sends[at];
        if (!send->message || (message && strcmp(send->message, message) == 0))
            return send;
    }
    return &service->other;
}

const struct service_auth *service_auth(const struct adapter *adapter)
{
    return &adapter->service->auth;
}

const struct service_mailbox *service_mailbox(const struct adapter *adapter)
{
    return adapter->service->mailbox;
}

const struct service_text *service_when_exists(const struct adapter *adapter)
{
    return adapter->service->when_exists;
}

const struct service_text *service_when_missing(const struct adapter *adapter)
{
    return adapter->service->when_missing;
}
