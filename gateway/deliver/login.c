/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions and tokens: read from the answer to a login, kept while they are good. */
#include "deliver/login.h"

#include "base/cleanup.h"

enum {
    SECOND_MS = 1000,
    LONGEST_S = 30 * 86400,
    EARLY_MS = 5000 /* a token that ends under way would be refused */
};

bool login_is_needed(const struct service_auth *auth)
{
    return auth->kind == AUTH_OAUTH2 || auth->kind == AUTH_SESSION;
}

bool login_is_good(const struct login *login, int64_t now_ms)
{
    return login->token && now_ms < login->expires_at_ms;
}

static bool has_required(const struct service_answer *answer, const struct service_text *require)
{
    for (; require && require->name; require++) {
        auto_free(free) char *text = service_member(answer, require->name);
        if (!text || strcmp(text, require->text) != 0)
            return false;
    }
    return true;
}

static int64_t expiry(const struct service_answer *answer, const char *path, int64_t now_ms)
{
    auto_free(free) char *text = path ? service_member(answer, path) : NULL;
    long long seconds = text ? strtoll(text, NULL, 10) : 0;
    if (seconds <= 0)
        return INT64_MAX;
    int64_t life_ms = (seconds < LONGEST_S ? seconds : LONGEST_S) * SECOND_MS;
    return now_ms + (life_ms > 2 * EARLY_MS ? life_ms - EARLY_MS : life_ms / 2);
}

static bool check_answer(const struct service_auth *auth, const struct service_answer *answer,
                         struct fault *why)
{
    if (answer->status >= 500 || answer->status == 408 || answer->status == 429)
        return fault_set(why, FAULT_RETRY, "login: answered %d", answer->status);
    if (answer->status < 200 || answer->status >= 300)
        return fault_set(why, FAULT_REFUSE, "login: answered %d", answer->status);
    return has_required(answer, auth->require) ||
           fault_set(why, FAULT_REFUSE, "login: user or password is not accepted");
}

bool login_take(struct login *login, const struct service_auth *auth,
                const struct service_answer *answer, int64_t now_ms, struct fault *why)
{
    if (!check_answer(auth, answer, why))
        return false;
    const char *path = auth->token ? auth->token : "/access_token";
    auto_free(free) char *token = service_member(answer, path);
    if (!token || !*token)
        return fault_set(why, FAULT_REFUSE, "login: the answer has no %s", path);
    free(login->token);
    login->token = steal(token);
    login->generation++;
    bool is_oauth2 = auth->kind == AUTH_OAUTH2 && !auth->expires_in;
    login->expires_at_ms = expiry(answer, is_oauth2 ? "/expires_in" : auth->expires_in, now_ms);
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
