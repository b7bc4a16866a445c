/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that pushes deliveries to partners: its rounds, its beginning and its end. */
#include "deliver/courier.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "deliver/courier_own.h"

enum {
    LONGEST_WAIT_MS = 500,
    COUNT_MS = 5000, /* from one count of the backlog to the next */
    BRINGERS = 4,    /* threads that wait for a service of files */
    QUEUED = 4       /* times the connections: what may wait for them */
};

ENDS_WITH_SCOPE(struct peer *, peer_free)

/* ---- the partners ---- */

static bool add_as_spool_says(struct loop *loop, struct peer *peer, struct fault *why)
{
    bool is_paused = false;
    if (!spool_paused(loop->reader, peer->id, &is_paused, why))
        return false;
    peer->is_paused = is_paused;
    (void)pthread_mutex_lock(&loop->lock);
    struct peer **longer = reallocarray(loop->peers, loop->peer_count + 1, sizeof *longer);
    if (longer) {
        loop->peers = longer;
        loop->peers[loop->peer_count++] = peer;
    }
    (void)pthread_mutex_unlock(&loop->lock);
    return longer || fault_memory(why);
}

static struct peer *find_or_make(struct loop *loop, const char *id, struct fault *why)
{
    for (size_t i = 0; i < loop->peer_count; i++)
        if (strcmp(loop->peers[i]->id, id) == 0)
            return loop->peers[i];
    auto_free(peer_free) struct peer *peer = peer_new(id, why);
    if (!peer)
        return NULL;
    (void)pthread_mutex_lock(&loop->pausing);
    bool is_added = add_as_spool_says(loop, peer, why);
    (void)pthread_mutex_unlock(&loop->pausing);
    return is_added ? steal(peer) : NULL;
}

static bool bind_partner(struct loop *loop, const struct partner *partner, struct fault *why)
{
    const struct courier_options *options = loop->options;
    const struct outcome_settings settings = {.first_delay_ms = options->first_delay_ms,
                                              .longest_delay_ms = options->longest_delay_ms,
                                              .probe_ms = options->probe_ms};
    struct peer *peer = find_or_make(loop, partner->id, why);
    if (!peer)
        return false;
    peer_bind(peer, partner, options->adapters, &settings);
    pace_set(&peer->pace, partner->deliver.rate_per_s, clock_ticks_ms());
    return true;
}

/* Those that can be bound are, also when another cannot. */
static bool bind_all(struct loop *loop, struct fault *why)
{
    bool is_whole = true;
    const struct directory *directory = loop->directory;
    for (size_t i = 0; i < loop->peer_count; i++) {
        due_drop(loop, loop->peers[i]);
        peer_bind(loop->peers[i], NULL, loop->options->adapters, NULL);
    }
    for (size_t i = 0; i < directory_partner_count(directory); i++) {
        const struct partner *partner = directory_partner_at(directory, i);
        if (partner->deliver.by == DELIVER_PUSH && !bind_partner(loop, partner, why))
            is_whole = fault_prefix(why, "%s", partner->id);
    }
    return is_whole;
}

/* Takes up a directory that has come into force.  A new partner that cannot be bound for now is
 * left out until the next one. */
static void follow_directory(struct loop *loop)
{
    struct fault why;
    struct directory *directory = directory_current(loop->options->place);
    if (directory == loop->directory) {
        directory_release(directory);
        return;
    }
    struct directory *old = loop->directory;
    loop->directory = directory;
    if (!bind_all(loop, &why))
        log_error("courier.partners", "why=\"%s\"", why.text);
    directory_release(old);
    sweep_again(loop);
}

static struct peer *find_peer(struct loop *loop, const char *id)
{
    struct peer *found = NULL;
    (void)pthread_mutex_lock(&loop->lock);
    for (size_t i = 0; i < loop->peer_count && !found; i++)
        if (strcmp(loop->peers[i]->id, id) == 0)
            found = loop->peers[i];
    (void)pthread_mutex_unlock(&loop->lock);
    return found;
}

bool courier_view(struct courier *courier, const char *id, struct peer_view *view)
{
    struct peer *peer = find_peer(&courier->loop, id);
    if (peer)
        peer_look(peer, view);
    return peer != NULL;
}

/* ---- one round ---- */

static void end_one(struct loop *loop, CURL *curl, CURLcode result)
{
    struct errand *errand = request_own(curl);
    if (errand && errand->fetch) {
        ended_fetch(loop, errand, result);
        return;
    }
    if (errand) {
        ended_delivery(loop, errand, result);
        return;
    }
    for (size_t i = 0; i < loop->peer_count; i++) {
        struct peer *peer = loop->peers[i];
        if (peer->login_request && request_is(peer->login_request, curl)) {
            ended_login(loop, peer, result);
            return;
        }
    }
}

static void end_some(struct loop *loop)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(loop->multi, &left));)
        if (message->msg == CURLMSG_DONE)
            end_one(loop, message->easy_handle, message->data.result);
}

static bool set_gauges(void *own, const struct delivery_sum *sum)
{
    struct loop *loop = own;
    struct peer *peer = sum->partner ? find_peer(loop, sum->partner) : NULL;
    if (!peer)
        return true;
    metrics_set(peer->waiting_gauge, sum->waiting);
    metrics_set(peer->parked_gauge, sum->parked);
    metrics_set(peer->dead_gauge, sum->dead);
    return true;
}

static void show(struct courier *courier)
{
    struct loop *loop = &courier->loop;
    struct fault why;
    int64_t now_ms = clock_ticks_ms();
    int64_t time_of_day_ms = clock_now_ms();
    for (size_t i = 0; i < loop->peer_count; i++)
        peer_show(loop->peers[i], now_ms, time_of_day_ms);
    if (now_ms < courier->count_at_ms)
        return;
    courier->count_at_ms = now_ms + COUNT_MS;
    if (!spool_delivery_sums(loop->reader, set_gauges, loop, &why))
        log_warn("courier.unread", "why=\"%s\"", why.text);
}

static bool has_login(const struct loop *loop)
{
    for (size_t i = 0; i < loop->peer_count; i++)
        if (loop->peers[i]->login_request)
            return true;
    return false;
}

static bool is_over(const struct courier *courier)
{
    const struct loop *loop = &courier->loop;
    if (!loop->is_stopping)
        return false;
    return clock_ticks_ms() >= atomic_load(&courier->stop_at) ||
           (loop->in_flight == 0 && !has_login(loop) && settler_open(loop->settler) == 0);
}

static void *run(void *own)
{
    struct courier *courier = own;
    struct loop *loop = &courier->loop;
    int running;
    (void)pthread_setname_np(pthread_self(), "courier"); /* only to be told apart in top -H */
    due_trust_clock(loop);
    while (!is_over(courier)) {
        due_follow_clock(loop);
        loop->is_stopping = stop_is_asked(&courier->stop);
        settle_all(loop);
        follow_directory(loop);
        sweep_some(loop);
        start_all(loop);
        (void)curl_multi_perform(loop->multi, &running); /* each transfer has its own result */
        end_some(loop);
        ended_brings(loop);
        settle_all(loop);
        show(courier);
        int64_t wait = sweep_is_due(loop) ? 0 : start_wait_ms(loop, LONGEST_WAIT_MS);
        (void)curl_multi_poll(loop->multi, NULL, 0, (int)wait, NULL); /* or it is only sooner */
    }
    return NULL;
}

/* ---- life ---- */

/* From the spool's writer, and whoever else has news. */
static void wake(void *own)
{
    struct courier *courier = own;
    (void)curl_multi_wakeup(courier->loop.multi); /* else it wakes by itself before long */
}

static void note_change(void *own)
{
    struct courier *courier = own;
    (void)atomic_fetch_add(&courier->loop.changes, 1);
    wake(courier);
}

static void free_courier(struct courier *courier)
{
    struct loop *loop = &courier->loop;
    if (courier->is_watching)
        spool_off_delivery(courier->options.spool, courier);
    filer_close(loop->filer); /* before the errands that it works for */
    settler_free(loop->settler);
    for (size_t i = 0; i < loop->peer_count; i++)
        peer_free(loop->peers[i]);
    free(loop->peers);
    numbers_free(&loop->held);
    preparer_free(loop->preparer);
    spool_reader_close(loop->reader);
    directory_release(loop->directory);
    if (loop->multi)
        (void)curl_multi_cleanup(loop->multi); /* nothing is in it any more */
    (void)pthread_mutex_destroy(&loop->pausing);
    (void)pthread_mutex_destroy(&loop->lock);
    stop_close(&courier->stop);
    free(courier);
}

ENDS_WITH_SCOPE(struct courier *, free_courier)

static bool open_multi(struct loop *loop, struct fault *why)
{
    loop->multi = curl_multi_init();
    if (!loop->multi)
        return fault_memory(why);
    return curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, (long)loop->options->connections) ==
               CURLM_OK ||
           fault_set(why, FAULT_BROKEN, "libcurl does not take an option");
}

static bool open_filer(struct courier *courier, struct fault *why)
{
    struct loop *loop = &courier->loop;
    const struct file_store *files = courier->options.files;
    loop->wake = wake;
    loop->wake_own = courier;
    if (!files || !file_store_is_far(files))
        return true;
    loop->filer = filer_open(BRINGERS, (size_t)courier->options.connections * QUEUED, why);
    return loop->filer != NULL;
}

static bool open_loop(struct courier *courier, struct fault *why)
{
    struct loop *loop = &courier->loop;
    const struct courier_options *options = loop->options;
    const struct preparer_options preparer = {
        .adapters = options->adapters,
        .schema = options->schema,
        .files = options->files,
        .spool = options->spool,
        .public_url = options->public_url,
        .link_hours = options->link_hours,
        .answer_limit_bytes = options->answer_limit_bytes,
    };
    if (!open_multi(loop, why) || !(loop->reader = spool_reader_open(options->spool_file, why)) ||
        !(loop->preparer = preparer_new(&preparer, why)) || !open_filer(courier, why) ||
        !(loop->settler = settler_new(options->spool, wake, courier, why)) ||
        !stop_open(&courier->stop, why))
        return false;
    loop->directory = directory_current(options->place);
    sweep_begin(loop);
    if (!bind_all(loop, why))
        return false;
    courier->is_watching = spool_on_delivery(options->spool, note_change, courier, why);
    return courier->is_watching;
}

struct courier *courier_start(const struct courier_options *options, struct fault *why)
{
    auto_free(free_courier) struct courier *courier = calloc(1, sizeof *courier);
    if (!courier) {
        (void)fault_memory(why);
        return NULL;
    }
    courier->options = *options;
    courier->loop.options = &courier->options;
    courier->stop.wake = -1;
    atomic_init(&courier->stop_at, INT64_MAX);
    (void)pthread_mutex_init(&courier->loop.lock, NULL);
    (void)pthread_mutex_init(&courier->loop.pausing, NULL);
    if (!open_loop(courier, why))
        return NULL;
    if (pthread_create(&courier->thread, NULL, run, courier) != 0) {
        (void)fault_set(why, FAULT_BROKEN, "no thread for the courier");
        return NULL;
    }
    return steal(courier);
}

void courier_stop(struct courier *courier, int64_t timeout_ms)
{
    if (!courier)
        return;
    atomic_store(&courier->stop_at, clock_ticks_ms() + timeout_ms);
    stop_ask(&courier->stop);
    wake(courier);
    (void)pthread_join(courier->thread, NULL);
    free_courier(courier);
}

bool courier_pause(struct courier *courier, const char *partner, bool is_paused,
                   const struct spool_record *record, struct fault *why)
{
    if (!courier_knows(courier, partner, record, why))
        return false;
    (void)pthread_mutex_lock(&courier->loop.pausing);
    bool is_said = spool_pause_partner(courier->options.spool, partner, is_paused, record, why);
    struct peer *peer = is_said ? find_peer(&courier->loop, partner) : NULL;
    if (peer)
        peer->is_paused = is_paused;
    (void)pthread_mutex_unlock(&courier->loop.pausing);
    if (is_said)
        wake(courier);
    return is_said;
}
