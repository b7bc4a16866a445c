/* SPDX-License-Identifier: Apache-2.0 */
/* A check belongs to two: to its request, which may be cut before, and to the thread. */
#include "operate/check.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "files/filer.h"
#include "operate/password.h"

#include <pthread.h>
#include <stdatomic.h>

enum { QUEUE_MOST = 32 };

struct checker {
    struct checker_options options;
    struct lockout *lockout;
    pthread_mutex_t lock;
    struct filer *thread; /* guarded by lock; NULL once it has stopped */
};

struct check {
    atomic_int holders;
    struct checker *checker;
    struct http_request *request;
    char *user, *password, *address;
    const char *how;
    struct check_answer answer;
};

ENDS_WITH_SCOPE(struct operators *, operators_release)

static void forget(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

void check_release(struct check *check)
{
    if (!check || atomic_fetch_sub(&check->holders, 1) != 1)
        return;
    forget(check->password);
    free(check->user);
    free(check->address);
    free(check);
}

ENDS_WITH_SCOPE(struct check *, check_release)

/* ---- on the thread ---- */

static bool record(const struct check *check, const char *actor, const char *act,
                   const char *outcome, struct fault *why)
{
    const struct checker_options *options = &check->checker->options;
    char detail[64];
    (void)snprintf(detail, sizeof detail, "{\"by\":\"%s\"}", check->how);
    const struct spool_record record = {
        .actor = {.name = actor, .address = check->address},
        .act = act,
        .object = "",
        .reason = "",
        .outcome = outcome,
        .detail = detail,
        .at_ms = clock_now_ms(),
    };
    return !options->record || options->record(options->own, &record, why);
}

/* What was typed as a name that nobody has may be a password: it is not kept. */
static void fail(struct check *check, const char *actor)
{
    struct fault why;
    check->answer.fate = CHECK_WRONG;
    bool is_locked =
        lockout_failed(check->checker->lockout, check->user, check->address, clock_ticks_ms());
    if (!record(check, actor, "login-failed", "refused", &why))
        log_error("operate.not_on_record", "act=login-failed why=\"%s\"", why.text);
    if (is_locked && !record(check, actor, "locked-out", "done", &why))
        log_error("operate.not_on_record", "act=locked-out why=\"%s\"", why.text);
}

static void succeed(struct check *check, const struct operator_user *user, const char *actor)
{
    struct session_owner *owner = &check->answer.owner;
    lockout_succeeded(check->checker->lockout, check->user);
    (void)snprintf(owner->user, sizeof owner->user, "%s", user->name);
    (void)snprintf(owner->title, sizeof owner->title, "%s", user->title);
    digest_sha256(user->password, strlen(user->password), owner->password);
    if (password_is_dated(user->password))
        log_warn("operate.password_dated",
                 "user=%s note=\"made with older parameters: make it anew\"", user->name);
    check->answer.fate =
        record(check, actor, "login", "done", &check->answer.why) ? CHECK_GOOD : CHECK_FAILED;
}

static void look(struct check *check)
{
    auto_free(operators_release) struct operators *operators =
        operators_current(check->checker->options.place);
    const struct operator_user *user = operators_find(operators, check->user);
    char actor[SESSION_USER_SIZE];
    (void)snprintf(actor, sizeof actor, "user:%s", user ? user->name : "?");
    bool fits = password_fits(user && !user->disabled ? user->password : NULL, check->password);
    if (fits)
        succeed(check, user, actor);
    else
        fail(check, actor);
}

static void run(void *own)
{
    struct check *check = own;
    check->answer.wait_ms =
        lockout_wait_ms(check->checker->lockout, check->user, check->address, clock_ticks_ms());
    if (check->answer.wait_ms > 0)
        check->answer.fate = CHECK_LOCKED;
    else
        look(check);
    http_resume(check->request);
    check_release(check);
}

/* ---- on the request's ---- */

static struct check *make(struct checker *checker, struct http_request *request,
                          const struct check_wish *wish)
{
    auto_free(check_release) struct check *check = calloc(1, sizeof *check);
    if (!check)
        return NULL;
    atomic_init(&check->holders, 1);
    check->checker = checker;
    check->request = request;
    check->user = strdup(wish->user);
    check->password = strdup(wish->password);
    check->address = strdup(wish->address);
    check->how = wish->how;
    return check->user && check->password && check->address ? steal(check) : NULL;
}

static bool queue(struct checker *checker, struct check *check)
{
    struct fault ignored; /* the caller has a better one */
    atomic_store(&check->holders, 2);
    (void)pthread_mutex_lock(&checker->lock);
    bool is_queued = checker->thread && filer_do(checker->thread, run, check, &ignored);
    (void)pthread_mutex_unlock(&checker->lock);
    if (!is_queued)
        atomic_store(&check->holders, 1);
    return is_queued;
}

struct check *checker_ask(struct checker *checker, struct http_request *request,
                          const struct check_wish *wish, struct fault *why)
{
    auto_free(check_release) struct check *check = make(checker, request, wish);
    http_suspend(request);
    if (!check) {
        (void)fault_memory(why);
        return NULL;
    }
    if (queue(checker, check))
        return steal(check);
    (void)fault_set(why, FAULT_RETRY, "too many sign in at once");
    return NULL;
}

const struct check_answer *check_answered(const struct check *check)
{
    return &check->answer;
}

struct checker *checker_open(const struct checker_options *options, struct fault *why)
{
    struct checker *checker = calloc(1, sizeof *checker);
    if (!checker || pthread_mutex_init(&checker->lock, NULL) != 0) {
        free(checker);
        (void)fault_memory(why);
        return NULL;
    }
    checker->options = *options;
    checker->lockout = lockout_new(&options->lockout, why);
    checker->thread = checker->lockout ? filer_open(1, QUEUE_MOST, why) : NULL;
    if (checker->thread)
        return checker;
    checker_free(checker);
    return NULL;
}

void checker_stop(struct checker *checker)
{
    if (!checker)
        return;
    (void)pthread_mutex_lock(&checker->lock);
    struct filer *thread = checker->thread;
    checker->thread = NULL;
    (void)pthread_mutex_unlock(&checker->lock);
    filer_close(thread);
}

void checker_free(struct checker *checker)
{
    if (!checker)
        return;
    checker_stop(checker);
    lockout_free(checker->lockout);
    (void)pthread_mutex_destroy(&checker->lock); /* nobody holds it any more */
    free(checker);
}
