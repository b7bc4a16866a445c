/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions and tokens: read from the answer to a login, kept while they are good. */
#include "deliver/login.h"

#include "base/cleanup.h"

#include <inttypes.h>
#include <jansson.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

enum {
    SECOND_MS = 1000,
    LONGEST_S = 30 * 86400,
    EARLY_MS = 5000, /* a token that ends under way would be refused */
    NUMBER_SIZE = 24,
};

bool login_is_needed(const struct service_auth *auth)
{
    return auth->kind == AUTH_OAUTH2 || auth->kind == AUTH_SESSION;
}

bool login_is_good(const struct login *login, int64_t now_ms)
{
    return login->token && now_ms < login->expires_at_ms;
}

/* The member at a path as /data/token or token; NULL when there is none. */
static const json_t *find_member(const json_t *json, const char *path)
{
    while (json && *path) {
        path += *path == '/';
        size_t size = strcspn(path, "/");
        auto_free(free) char *name = strndup(path, size);
        json = name ? json_object_get(json, name) : NULL;
        path += size;
    }
    return json;
}

/* A text, or a number as a text; NULL when it is neither. */
static const char *text_of(const json_t *json, char number[NUMBER_SIZE])
{
    if (json_is_string(json))
        return json_string_value(json);
    if (json_is_boolean(json))
        return json_is_true(json) ? "true" : "false";
    if (!json_is_integer(json))
        return NULL;
    (void)snprintf(number, NUMBER_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
    return number;
}

static bool has_required(const json_t *json, const struct service_text *require)
{
    char number[NUMBER_SIZE];
    for (; require && require->name; require++) {
        const char *text = text_of(find_member(json, require->name), number);
        if (!text || strcmp(text, require->text) != 0)
            return false;
    }
    return true;
}

static int64_t expiry(const json_t *json, const char *path, int64_t now_ms)
{
    char number[NUMBER_SIZE];
    const char *text = path ? text_of(find_member(json, path), number) : NULL;
    long long seconds = text ? strtoll(text, NULL, 10) : 0;
    if (seconds <= 0)
        return INT64_MAX;
    int64_t life_ms = (seconds < LONGEST_S ? seconds : LONGEST_S) * SECOND_MS;
    return now_ms + (life_ms > 2 * EARLY_MS ? life_ms - EARLY_MS : life_ms / 2);
}

static bool check_answer(const struct service_auth *auth, const struct service_answer *answer,
                         const json_t *json, struct fault *why)
{
    if (answer->status >= 500 || answer->status == 408 || answer->status == 429)
        return fault_set(why, FAULT_RETRY, "login: answered %d", answer->status);
    if (answer->status < 200 || answer->status >= 300)
        return fault_set(why, FAULT_REFUSE, "login: answered %d", answer->status);
    if (!json)
        return fault_set(why, FAULT_RETRY, "login: the answer is no JSON");
    return has_required(json, auth->require) ||
           fault_set(why, FAULT_REFUSE, "login: user or password is not accepted");
}

bool login_take(struct login *login, const struct service_auth *auth,
                const struct service_answer *answer, int64_t now_ms, struct fault *why)
{
    char number[NUMBER_SIZE];
    auto_free(json_decref) json_t *json =
        answer->body ? json_loadb(answer->body, answer->size, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (!check_answer(auth, answer, json, why))
        return false;
    const char *path = auth->token ? auth->token : "/access_token";
    const char *token = text_of(find_member(json, path), number);
    if (!token || !*token)
        return fault_set(why, FAULT_REFUSE, "login: the answer has no %s", path);
    char *copy = strdup(token);
    if (!copy)
        return fault_memory(why);
    free(login->token);
    login->token = copy;
    login->generation++;
    bool is_oauth2 = auth->kind == AUTH_OAUTH2 && !auth->expires_in;
    login->expires_at_ms = expiry(json, is_oauth2 ? "/expires_in" : auth->expires_in, now_ms);
    return true;
}

void login_drop(struct login *login, int64_t generation)
{
    if (login->generation != generation)
        return;
    free(login->token);
    login->token = NULL;
}

void login_free(struct login *login)
{
    free(login->token);
    *login = (struct login){.token = NULL};
}
