/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's thread: each partner's mailbox in its time, each letter in its order. */
#include "deliver/collect.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/moment.h"
#include "base/stop.h"
#include "deliver/collect_list.h"
#include "deliver/prepare.h"

#include <inttypes.h>
#include <string.h>

enum { ROUND_MS = 500, LOOK_BACK_DAYS = 7, DAY_MS = 86400000, DAY_SIZE = 16 };

ENDS_WITH_SCOPE(struct letter_list *, letter_list_free)

/* A partner's mailbox; it stays when the directory no longer has it. */
struct box {
    struct box *next;
    struct peer *peer;
    int64_t due_ms; /* clock_ticks_ms of the next look */
};

struct collector {
    struct collector_options options;
    struct stop stop;
    pthread_t thread;
    struct box *boxes;
    struct metric *taken, *refused;
};

/* One look into one mailbox. */
struct look {
    struct collector *collector;
    struct peer *peer;
    const struct service_mailbox *mailbox;
    char from[DAY_SIZE], to[DAY_SIZE];
    int64_t taken, refused;
};

/* ---- calls ---- */

static void write_day(int64_t moment_ms, char text[DAY_SIZE])
{
    int32_t day = moment_day(moment_ms);
    (void)snprintf(text, DAY_SIZE, "%04d/%02d/%02d", (int)(day / 10000), (int)(day / 100 % 100),
                   (int)(day % 100));
}

static bool log_in(struct look *look, struct fault *why)
{
    const struct service_auth *auth = service_auth(look->peer->adapter);
    int64_t now = clock_ticks_ms();
    if (!login_is_needed(auth) || login_is_good(&look->peer->login, now))
        return true;
    auto_free(request_free) struct request *request =
        prepare_login(look->peer, look->collector->options.answer_limit_bytes, why);
    if (!request)
        return false;
    CURLcode result = request_perform(request);
    if (request_result(request, result) != CURLE_OK)
        return fault_set(why, FAULT_RETRY, "login: %s", curl_easy_strerror(result));
    const struct service_answer answer = request_answer(request);
    return login_take(&look->peer->login, auth, &answer, now, why);
}

/* Fetches and marks say no more than that they were heard: a 2xx that the adapter's rules for
 * documents do not refuse. */
static bool is_good(struct look *look, const struct service_answer *answer, struct fault *why)
{
    char cause[ANSWER_CAUSE_SIZE];
    const char *detail;
    enum answer_meaning meaning = service_judge(look->peer->adapter, answer, cause, &detail);
    if (meaning == ANSWER_LOGIN)
        login_drop(&look->peer->login, look->peer->login.generation);
    bool is_heard = answer->status >= 200 && answer->status <= 299 && meaning != ANSWER_REFUSED &&
                    meaning != ANSWER_LOGIN;
    return is_heard ||
           fault_set(why, FAULT_RETRY, "the mailbox answered %d (%s)", answer->status, cause);
}

/* The caller frees the request, whose answer it reads. */
static struct request *call(struct look *look, const struct service_call *what, const char *id,
                            int64_t limit, struct fault *why)
{
    const struct adapt_given texts[] = {{"id", id}, {"from", look->from}, {"to", look->to}};
    const struct given given = {texts, sizeof texts / sizeof *texts};
    if (!log_in(look, why))
        return NULL;
    auto_free(request_free) struct request *request =
        prepare_mailbox(look->peer, what, &given, limit, why);
    if (!request)
        return NULL;
    CURLcode result = request_perform(request);
    if (request_result(request, result) != CURLE_OK) {
        (void)fault_set(why, FAULT_RETRY, "%s", curl_easy_strerror(result));
        return NULL;
    }
    const struct service_answer answer = request_answer(request);
    return is_good(look, &answer, why) ? steal(request) : NULL;
}

/* ---- letters ---- */

static char *fetch(struct look *look, const struct listed *letter, size_t *size, struct fault *why)
{
    const struct service_mailbox *mailbox = look->mailbox;
    const struct service_answer none = {0};
    if (!mailbox->has_fetch)
        return letter_document(&mailbox->list, &none, letter->document ? letter->document : "",
                               size, why);
    auto_free(request_free) struct request *request =
        call(look, &mailbox->fetch, letter->id, look->collector->options.document_limit_bytes, why);
    if (!request)
        return NULL;
    const struct service_answer answer = request_answer(request);
    return letter_document(&mailbox->fetch, &answer, NULL, size, why);
}

static bool mark(struct look *look, const struct service_call *as, const char *id,
                 struct fault *why)
{
    auto_free(request_free) struct request *request =
        call(look, as, id, look->collector->options.answer_limit_bytes, why);
    return request != NULL;
}

/* What is no document at all is told to the mailbox where it can be told; else it stays there, for
 * a person. */
static bool mark_failed(struct look *look, const char *id, struct fault *why)
{
    look->refused++;
    metrics_add(look->collector->refused, 1);
    return !look->mailbox->has_failed || mark(look, &look->mailbox->failed, id, why);
}

static bool take(struct look *look, const struct listed *letter, struct fault *why)
{
    const struct collector_options *options = &look->collector->options;
    size_t size;
    char *bytes = fetch(look, letter, &size, why);
    if (!bytes)
        return why->kind == FAULT_REFUSE && mark_failed(look, letter->id, why);
    if (!options->take(options->own, look->peer->id, bytes, size, why))
        return false;
    look->taken++;
    metrics_add(look->collector->taken, 1);
    return mark(look, &look->mailbox->done, letter->id, why);
}

static bool empty(struct look *look, struct fault *why)
{
    auto_free(request_free) struct request *request =
        call(look, &look->mailbox->list, "", look->collector->options.document_limit_bytes, why);
    if (!request)
        return false;
    const struct service_answer answer = request_answer(request);
    auto_free(letter_list_free) struct letter_list *list =
        letter_list_read(&look->mailbox->list, &answer, why);
    if (!list)
        return false;
    for (size_t i = 0; i < letter_list_count(list); i++) {
        const struct listed letter = letter_list_at(list, i);
        if (stop_is_asked(&look->collector->stop))
            return true;
        if (!take(look, &letter, why))
            return false;
    }
    return true;
}

/* ---- mailboxes ---- */

static const struct adapter *adapter_of(const struct collector *collector,
                                        const struct partner *partner)
{
    for (size_t i = 0; i < partner->adapter_count; i++) {
        const struct adapter *adapter =
            adapters_find(collector->options.adapters, partner->adapters[i]);
        if (adapter && service_mailbox(adapter))
            return adapter;
    }
    return NULL;
}

static void look_into(struct collector *collector, struct box *box, const struct partner *partner)
{
    struct fault why;
    struct look look = {.collector = collector, .peer = box->peer};
    box->peer->partner = partner;
    box->peer->adapter = adapter_of(collector, partner);
    if (!box->peer->adapter) {
        log_error("collect.no_mailbox", "partner=%s why=\"none of its adapters has one\"",
                  partner->id);
        return;
    }
    look.mailbox = service_mailbox(box->peer->adapter);
    write_day(clock_now_ms() - LOOK_BACK_DAYS * (int64_t)DAY_MS, look.from);
    write_day(clock_now_ms(), look.to);
    if (!peer_read_secrets(box->peer, clock_ticks_ms(), &why) || !empty(&look, &why))
        log_warn("collect.waits", "partner=%s why=\"%s\"", partner->id, why.text);
    if (look.taken > 0)
        log_info("collect.taken", "partner=%s letters=%" PRId64, partner->id, look.taken);
    if (look.refused > 0)
        log_error("collect.refused", "partner=%s letters=%" PRId64, partner->id, look.refused);
    box->peer->partner = NULL; /* it is the directory's, which may go */
}

static struct box *box_of(struct collector *collector, const char *id)
{
    struct fault why;
    for (struct box *box = collector->boxes; box; box = box->next)
        if (strcmp(box->peer->id, id) == 0)
            return box;
    struct box *box = calloc(1, sizeof *box);
    if (!box || !(box->peer = peer_new(id, &why))) {
        free(box);
        return NULL; /* the next round tries again */
    }
    box->next = collector->boxes;
    collector->boxes = box;
    return box;
}

static void go_round(struct collector *collector)
{
    struct directory *directory = directory_current(collector->options.place);
    for (size_t i = 0; i < directory_partner_count(directory); i++) {
        const struct partner *partner = directory_partner_at(directory, i);
        if (partner->collect.poll_every_ms == 0 || stop_is_asked(&collector->stop))
            continue;
        struct box *box = box_of(collector, partner->id);
        if (!box || clock_ticks_ms() < box->due_ms)
            continue;
        look_into(collector, box, partner);
        box->due_ms = clock_ticks_ms() + partner->collect.poll_every_ms;
    }
    directory_release(directory);
}

static void *run(void *own)
{
    struct collector *collector = own;
    do
        go_round(collector);
    while (!stop_wait(&collector->stop, ROUND_MS));
    return NULL;
}

struct collector *collector_start(const struct collector_options *options, struct fault *why)
{
    struct collector *collector = calloc(1, sizeof *collector);
    if (!collector) {
        (void)fault_memory(why);
        return NULL;
    }
    collector->options = *options;
    collector->taken = metrics_counter("lienthong_collected_total",
                                       "letters from partners' mailboxes", "outcome=\"taken\"");
    collector->refused = metrics_counter("lienthong_collected_total",
                                         "letters from partners' mailboxes", "outcome=\"refused\"");
    if (!stop_open(&collector->stop, why)) {
        free(collector);
        return NULL;
    }
    if (pthread_create(&collector->thread, NULL, run, collector) == 0)
        return collector;
    (void)fault_set(why, FAULT_BROKEN, "the collector's thread does not start");
    stop_close(&collector->stop);
    free(collector);
    return NULL;
}

void collector_stop(struct collector *collector)
{
    if (!collector)
        return;
    stop_ask(&collector->stop);
    (void)pthread_join(collector->thread, NULL);
    for (struct box *box; (box = collector->boxes);) {
        collector->boxes = box->next;
        peer_free(box->peer);
        free(box);
    }
    stop_close(&collector->stop);
    free(collector);
}
