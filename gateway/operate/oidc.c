/* SPDX-License-Identifier: Apache-2.0 */
/* A login goes away to the provider and comes back: both ends on a thread that may wait. */
#include "operate/oidc.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "files/filer.h"
#include "operate/answer.h"
#include "operate/away.h"
#include "operate/id_token.h"
#include "operate/provider.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

enum { QUEUE_MOST = 32, CODE_MOST = 4096 };

static const char cookie_name[] = "lt_oidc";
static const char cookie_attributes[] = "Path=/operate/v1/oidc; HttpOnly; SameSite=Lax; "
                                        "Max-Age=600";
static const char cookie_gone[] = "Path=/operate/v1/oidc; HttpOnly; SameSite=Lax";
static const char callback_path[] = "/operate/v1/oidc/callback";

ENDS_WITH_SCOPE(json_t *, json_decref)

struct oidc {
    struct oidc_options options;
    char *redirect_url, *client_secret;
    uint8_t key[SHA256_SIZE];
    struct provider *provider; /* the thread's alone */
    pthread_mutex_t lock;
    struct filer *thread; /* guarded by lock; NULL once it has stopped */
};

/* One end of a login: it belongs to its request and to the thread. */
struct errand {
    atomic_int holders;
    struct oidc *oidc;
    struct http_request *request;
    char address[HTTP_ADDRESS_SIZE];
    char cookie[AWAY_COOKIE_SIZE];
    struct away_texts texts;
    char *code;                 /* NULL: it goes, and does not come */
    char *location;             /* to where it goes */
    struct session_owner owner; /* who came */
    bool is_good;
    struct fault why;
};

static void errand_release(struct errand *errand)
{
    if (!errand || atomic_fetch_sub(&errand->holders, 1) != 1)
        return;
    free(errand->code);
    free(errand->location);
    explicit_bzero(errand, sizeof *errand);
    free(errand);
}

ENDS_WITH_SCOPE(struct errand *, errand_release)

/* ---- on the thread ---- */

static bool record(const struct errand *errand, const char *actor, struct fault *why)
{
    const struct spool_record record = {
        .actor = {.name = actor, .address = errand->address},
        .act = errand->is_good ? "login" : "login-failed",
        .object = "",
        .reason = "",
        .outcome = errand->is_good ? "done" : "refused",
        .detail = "{\"by\":\"oidc\"}",
        .at_ms = clock_now_ms(),
    };
    return access_record(errand->oidc->options.access, &record, why);
}

/* The roles of a user on their way into the session. */
struct granting {
    struct access *access;
    struct session_owner *owner;
    size_t used;
    bool is_over; /* there are more than fit */
};

static void grant(void *own, const char *role)
{
    struct granting *granting = own;
    size_t size = strlen(role) + 1;
    if (!access_knows_role(granting->access, role))
        return;
    granting->is_over |= size >= sizeof granting->owner->roles - granting->used;
    if (granting->is_over)
        return;
    memcpy(granting->owner->roles + granting->used, role, size);
    granting->used += size;
}

static bool read_owner(const struct oidc *oidc, const json_t *claims, struct session_owner *owner,
                       struct fault *why)
{
    struct granting granting = {.access = oidc->options.access, .owner = owner};
    const char *subject = json_string_value(json_object_get(claims, "sub"));
    const char *title = json_string_value(json_object_get(claims, "name"));
    *owner = (struct session_owner){.is_foreign = true};
    id_token_texts(claims, oidc->options.role_claim, grant, &granting);
    (void)snprintf(owner->user, sizeof owner->user, "%s", subject);
    bool has_title = title && *title && strlen(title) < sizeof owner->title;
    (void)snprintf(owner->title, sizeof owner->title, "%s", has_title ? title : subject);
    if (granting.is_over)
        return fault_set(why, FAULT_REFUSE, "too many of the user's roles are known here");
    return granting.used > 0 ||
           fault_set(why, FAULT_REFUSE, "none of the user's roles is known here");
}

static bool come(struct errand *errand)
{
    struct oidc *oidc = errand->oidc;
    const struct provider_login login = {errand->texts.state, errand->texts.nonce,
                                         errand->texts.verifier};
    auto_free(json_decref) json_t *claims =
        provider_redeem(oidc->provider, errand->code, &login, &errand->why);
    if (!claims)
        return false;
    if (!read_owner(oidc, claims, &errand->owner, &errand->why))
        return false;
    return !access_is_disabled(oidc->options.access, errand->owner.user) ||
           fault_set(&errand->why, FAULT_REFUSE, "the user is disabled here");
}

static void run_come(struct errand *errand)
{
    char actor[SESSION_USER_SIZE + 8];
    struct fault why;
    errand->is_good = come(errand);
    (void)snprintf(actor, sizeof actor, "oidc:%s", *errand->owner.user ? errand->owner.user : "?");
    if (!errand->is_good)
        log_warn("operate.oidc_refused", "why=\"%s\"", errand->why.text);
    if (record(errand, actor, &why))
        return;
    log_error("operate.not_on_record", "act=login why=\"%s\"", why.text);
    errand->why = why;
    errand->is_good = false;
}

static void run(void *own)
{
    struct errand *errand = own;
    if (errand->code) {
        run_come(errand);
    } else {
        const struct provider_login login = {errand->texts.state, errand->texts.nonce,
                                             errand->texts.verifier};
        errand->location = provider_address(errand->oidc->provider, &login, &errand->why);
        if (!errand->location)
            log_warn("operate.oidc_failed", "why=\"%s\"", errand->why.text);
    }
    http_resume(errand->request);
    errand_release(errand);
}

/* ---- on the request's ---- */

static bool queue(struct oidc *oidc, struct errand *errand)
{
    struct fault ignored; /* the caller has a better one */
    atomic_store(&errand->holders, 2);
    (void)pthread_mutex_lock(&oidc->lock);
    bool is_queued = oidc->thread && filer_do(oidc->thread, run, errand, &ignored);
    (void)pthread_mutex_unlock(&oidc->lock);
    if (!is_queued)
        atomic_store(&errand->holders, 1);
    return is_queued;
}

static struct errand *make(struct oidc *oidc, const struct operator_call *call, const char *code,
                           struct fault *why)
{
    auto_free(errand_release) struct errand *errand = calloc(1, sizeof *errand);
    if (!errand) {
        (void)fault_memory(why);
        return NULL;
    }
    atomic_init(&errand->holders, 1);
    errand->oidc = oidc;
    errand->request = call->request;
    (void)snprintf(errand->address, sizeof errand->address, "%s",
                   call->actor.address ? call->actor.address : "");
    errand->code = code ? strdup(code) : NULL;
    if (code && !errand->code) {
        (void)fault_memory(why);
        return NULL;
    }
    return steal(errand);
}

/* Takes the errand. */
static void send(struct oidc *oidc, struct operator_call *call, struct errand *errand)
{
    away_derive(oidc->key, errand->cookie, &errand->texts);
    call->own = errand;
    http_suspend(call->request);
    struct fault why;
    if (queue(oidc, errand))
        return;
    (void)fault_set(&why, FAULT_RETRY, "too many sign in at once");
    operate_fault(call->request, &why);
}

static void end(void *own, struct operator_call *call)
{
    (void)own;
    errand_release(call->own);
}

static void go(void *own, struct operator_call *call)
{
    struct fault why;
    struct errand *errand = make(own, call, NULL, &why);
    if (!errand) {
        operate_fault(call->request, &why);
        return;
    }
    away_begin(errand->cookie, clock_ticks_ms());
    send(own, call, errand);
}

static void gone(void *own, struct operator_call *call)
{
    const struct oidc *oidc = own;
    const struct errand *errand = call->own;
    if (!errand->location) {
        operate_fault(call->request, &errand->why);
        return;
    }
    access_set_cookie(oidc->options.access, call->request, cookie_name, errand->cookie,
                      cookie_attributes);
    http_add_header(call->request, "Location", errand->location);
    http_answer(call->request, 302, NULL, NULL, 0);
}

/* ---- and back ---- */

/* The session's cookie is not sent along a way that began at another site; a page of our own that
 * goes on by itself begins a new one. */
static void show_page(struct operator_call *call, int status, const char *vi, const char *en,
                      const char *head)
{
    bool is_english = call->language == LANGUAGE_EN;
    const char *text = is_english ? en : vi;
    char *page = NULL;
    int size =
        asprintf(&page,
                 "<!doctype html><html lang=\"%s\"><head><meta charset=\"utf-8\">"
                 "<meta name=\"viewport\" content=\"width=device-width\">%s<title>%s</title>"
                 "</head><body><main><h1>%s</h1><p><a href=\"/\">%s</a></p></main></body>"
                 "</html>",
                 is_english ? "en" : "vi", head, text, text, is_english ? "Go on" : "Tiếp tục");
    http_answer(call->request, status, "text/html; charset=utf-8", size < 0 ? NULL : page,
                size < 0 ? 0 : (size_t)size);
}

static void show_refusal(struct operator_call *call)
{
    show_page(call, 403, "Không đăng nhập được", "The sign-in did not work", "");
}

static bool is_ours(const struct oidc *oidc, struct operator_call *call,
                    char cookie[AWAY_COOKIE_SIZE])
{
    struct away_texts texts;
    const char *state = http_query(call->request, "state");
    if (!state || !access_cookie(call->request, cookie_name, AWAY_COOKIE_SIZE, cookie) ||
        !away_is_fresh(cookie, clock_ticks_ms()))
        return false;
    away_derive(oidc->key, cookie, &texts);
    return strlen(state) == AWAY_TEXT_SIZE - 1 &&
           sodium_memcmp(state, texts.state, AWAY_TEXT_SIZE - 1) == 0;
}

static void come_back(void *own, struct operator_call *call)
{
    const struct oidc *oidc = own;
    char cookie[AWAY_COOKIE_SIZE];
    struct fault why;
    const char *code = http_query(call->request, "code");
    access_set_cookie(oidc->options.access, call->request, cookie_name, NULL, cookie_gone);
    if (!is_ours(oidc, call, cookie) || !code || strlen(code) > CODE_MOST) {
        show_refusal(call);
        return;
    }
    struct errand *errand = make(own, call, code, &why);
    if (!errand) {
        operate_fault(call->request, &why);
        return;
    }
    memcpy(errand->cookie, cookie, sizeof cookie);
    send(own, call, errand);
}

static void came_back(void *own, struct operator_call *call)
{
    const struct oidc *oidc = own;
    const struct errand *errand = call->own;
    struct session session;
    right_set rights;
    if (!errand->is_good) {
        show_refusal(call);
        return;
    }
    access_sign_in(oidc->options.access, call->request, &errand->owner, &session, &rights);
    show_page(call, 200, "Đã đăng nhập", "Signed in",
              "<meta http-equiv=\"refresh\" content=\"0;url=/\">");
}

struct guard_table oidc_table(struct oidc *oidc)
{
    static const struct guard_route routes[] = {
        {.method = "GET",
         .pattern = "/operate/v1/oidc/login",
         .right = RIGHT_ANYBODY,
         .handle = go,
         .resumed = gone,
         .end = end},
        {.method = "GET",
         .pattern = callback_path,
         .right = RIGHT_ANYBODY,
         .handle = come_back,
         .resumed = came_back,
         .end = end},
        {0},
    };
    return (struct guard_table){routes, oidc};
}

/* ---- its life ---- */

static bool make_redirect(struct oidc *oidc, struct fault *why)
{
    const char *url = oidc->options.public_url;
    size_t size = strlen(url);
    if (size > 0 && url[size - 1] == '/')
        size--;
    if (asprintf(&oidc->redirect_url, "%.*s%s", (int)size, url, callback_path) >= 0)
        return true;
    oidc->redirect_url = NULL;
    return fault_memory(why);
}

static bool start(struct oidc *oidc, struct fault *why)
{
    const struct oidc_options *options = &oidc->options;
    if (!make_redirect(oidc, why))
        return false;
    if (options->client_secret_file &&
        !(oidc->client_secret = file_read_secret(options->client_secret_file, why)))
        return false;
    const struct provider_options provider = {
        .issuer = options->issuer,
        .client_id = options->client_id,
        .client_secret = oidc->client_secret,
        .redirect_url = oidc->redirect_url,
        .ca_file = options->ca_file,
    };
    random_fill(oidc->key, sizeof oidc->key);
    oidc->provider = provider_new(&provider, why);
    oidc->thread = oidc->provider ? filer_open(1, QUEUE_MOST, why) : NULL;
    return oidc->thread != NULL;
}

struct oidc *oidc_open(const struct oidc_options *options, struct fault *why)
{
    struct oidc *oidc = calloc(1, sizeof *oidc);
    if (!oidc || pthread_mutex_init(&oidc->lock, NULL) != 0) {
        free(oidc);
        (void)fault_memory(why);
        return NULL;
    }
    oidc->options = *options;
    if (start(oidc, why))
        return oidc;
    oidc_free(oidc);
    return NULL;
}

void oidc_stop(struct oidc *oidc)
{
    if (!oidc)
        return;
    (void)pthread_mutex_lock(&oidc->lock);
    struct filer *thread = oidc->thread;
    oidc->thread = NULL;
    (void)pthread_mutex_unlock(&oidc->lock);
    filer_close(thread);
}

void oidc_free(struct oidc *oidc)
{
    if (!oidc)
        return;
    oidc_stop(oidc);
    provider_free(oidc->provider);
    (void)pthread_mutex_destroy(&oidc->lock); /* nobody holds it any more */
    if (oidc->client_secret)
        explicit_bzero(oidc->client_secret, strlen(oidc->client_secret));
    free(oidc->client_secret);
    free(oidc->redirect_url);
    free(oidc);
}
