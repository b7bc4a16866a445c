/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a partner beside taking deliveries. */
#include "deliver/call.h"

#include "deliver/equip.h"

/* ---- a login ---- */

static bool add_login_body(struct request *request, const struct service_auth *auth,
                           const struct peer *peer, const struct given *given, struct fault *why)
{
    const char *media_type =
        auth->media_type ? auth->media_type : "application/x-www-form-urlencoded";
    const char *text = auth->body ? auth->body : "grant_type=client_credentials";
    auto_free(free) char *body = given_fill(text, given, given_escape_of(media_type), why);
    if (!body || !request_set_text(request, body, why) ||
        !request_add_header(request, "Content-Type", media_type, why))
        return false;
    /* RFC 6749, 2.3.1: the way that every token endpoint knows. */
    return auth->body || !peer->user || !peer->password ||
           request_set_basic(request, peer->user, peer->password, why);
}

struct request *call_login(const struct peer *peer, int64_t answer_limit_bytes, struct fault *why)
{
    const struct service_auth *auth = service_auth(peer->adapter);
    struct given given;
    auto_free(free) struct adapt_given *texts = equip_gather(peer, NULL, &given);
    if (!texts) {
        (void)fault_memory(why);
        return NULL;
    }
    auto_free(free) char *path = given_fill(auth->path ? auth->path : "", &given, GIVEN_PATH, why);
    auto_free(request_free) struct request *request =
        path ? request_new(&peer->partner->deliver, "POST", path, why) : NULL;
    if (!request)
        return NULL;
    request_limit_answer(request, answer_limit_bytes);
    return add_login_body(request, auth, peer, &given, why) ? steal(request) : NULL;
}

/* ---- a mailbox ---- */

static bool add_body(struct request *request, const struct service_call *call,
                     const struct given *given, struct fault *why)
{
    if (strcmp(call->method, "GET") == 0)
        return true;
    const char *text = call->body ? call->body : "";
    const char *media_type = call->media_type ? call->media_type : "application/json";
    auto_free(free) char *body = given_fill(text, given, given_escape_of(media_type), why);
    return body && request_set_text(request, body, why) &&
           request_add_header(request, "Content-Type", media_type, why);
}

struct request *call_mailbox(const struct peer *peer, const struct service_call *call,
                             const struct given *texts, int64_t answer_limit_bytes,
                             struct fault *why)
{
    struct given given;
    auto_free(free) struct adapt_given *all = equip_gather(peer, NULL, &given);
    if (!all) {
        (void)fault_memory(why);
        return NULL;
    }
    for (size_t i = 0; i < texts->count; i++)
        equip_give(&given, all, texts->texts[i].name, texts->texts[i].text);
    auto_free(free) char *path = given_fill(call->path, &given, GIVEN_PATH, why);
    auto_free(request_free) struct request *request =
        path ? request_new(&peer->partner->deliver, call->method, path, why) : NULL;
    if (!request)
        return NULL;
    request_limit_answer(request, answer_limit_bytes);
    return equip_credentials(request, peer, &given, why) && add_body(request, call, &given, why)
               ? steal(request)
               : NULL;
}

/* ---- its address ---- */

struct request *call_address(const struct peer *peer, struct fault *why)
{
    struct given given;
    auto_free(free) struct adapt_given *texts = equip_gather(peer, NULL, &given);
    if (!texts) {
        (void)fault_memory(why);
        return NULL;
    }
    auto_free(request_free) struct request *request =
        request_new(&peer->partner->deliver, "HEAD", "", why);
    return request && equip_credentials(request, peer, &given, why) ? steal(request) : NULL;
}
