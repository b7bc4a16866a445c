/* SPDX-License-Identifier: Apache-2.0 */
/* One partner's state: what it is set to, how it does, and what of that others see. */
#include "deliver/peer.h"

#include "adapt/service.h"
#include "base/file.h"

enum { SECRETS_MS = 10000, LABEL_SIZE = 100 };

static struct metric *counter_of(const struct peer *peer, const char *outcome)
{
    char labels[LABEL_SIZE];
    (void)snprintf(labels, sizeof labels, "partner=\"%s\",outcome=\"%s\"", peer->id, outcome);
    return metrics_counter("lienthong_delivery_attempts_total",
                           "requests to partners by what came of them", labels);
}

static struct metric *gauge_of(const struct peer *peer, const char *name, const char *help)
{
    char labels[LABEL_SIZE];
    (void)snprintf(labels, sizeof labels, "partner=\"%s\"", peer->id);
    return metrics_gauge(name, help, labels);
}

static void open_metrics(struct peer *peer)
{
    static const char *const outcomes[TALLY_COUNT] = {
        [TALLY_DELIVERED] = "delivered", [TALLY_AGAIN] = "again",
        [TALLY_REFUSED] = "refused",     [TALLY_EXPIRED] = "expired",
        [TALLY_UNREACHED] = "unreached",
    };
    char labels[LABEL_SIZE];
    for (size_t i = 0; i < TALLY_COUNT; i++)
        peer->tallies[i] = counter_of(peer, outcomes[i]);
    peer->in_flight_gauge =
        gauge_of(peer, "lienthong_deliveries_in_flight", "requests to partners under way");
    peer->state_gauge =
        gauge_of(peer, "lienthong_partner_state", "0 up, 1 down, 2 probed, 3 paused by a person");
    peer->waiting_gauge = gauge_of(peer, "lienthong_deliveries_waiting", "deliveries to be tried");
    peer->parked_gauge =
        gauge_of(peer, "lienthong_deliveries_parked", "deliveries behind another of their dossier");
    peer->dead_gauge = gauge_of(peer, "lienthong_deliveries_dead", "deliveries that need a person");
    (void)snprintf(labels, sizeof labels, "partner=\"%s\"", peer->id);
    peer->seconds =
        metrics_histogram("lienthong_delivery_seconds", "one request to a partner", labels);
}

struct peer *peer_new(const char *id, struct fault *why)
{
    struct peer *peer = calloc(1, sizeof *peer);
    if (!peer || !(peer->id = strdup(id))) {
        free(peer);
        (void)fault_memory(why);
        return NULL;
    }
    (void)pthread_mutex_init(&peer->lock, NULL);
    open_metrics(peer);
    return peer;
}

static void drop_secrets(struct peer *peer)
{
    free(peer->user);
    free(peer->password);
    peer->user = peer->password = NULL;
    peer->secrets_at_ms = 0;
}

static void free_all(struct errands *errands)
{
    for (struct errand *errand; (errand = errands_take(errands));)
        errand_free(errand);
}

void peer_free(struct peer *peer)
{
    if (!peer)
        return;
    free_all(&peer->ready);
    free_all(&peer->flying);
    free_all(&peer->fetching);
    request_free(peer->login_request);
    login_free(&peer->login);
    drop_secrets(peer);
    (void)pthread_mutex_destroy(&peer->lock);
    free(peer->id);
    free(peer);
}

/* What was agreed before, or is being agreed, may be another's now.  A probe that ends so says
 * nothing of the partner. */
static void drop_login(struct peer *peer)
{
    login_drop(&peer->login, peer->login.generation);
    if (!peer->login_request)
        return;
    request_free(peer->login_request);
    peer->login_request = NULL;
    breaker_withdrawn(&peer->breaker, peer->login_probe);
}

void peer_bind(struct peer *peer, const struct partner *partner, const struct adapters *adapters,
               const struct outcome_settings *settings)
{
    peer->partner = partner;
    peer->adapter = partner && partner->deliver.adapter
                        ? adapters_find(adapters, partner->deliver.adapter)
                        : NULL;
    drop_login(peer);
    if (!peer->adapter)
        peer->partner = NULL;
    drop_secrets(peer);
    if (!peer->partner)
        return;
    peer->settings = *settings;
    peer->settings.give_up_ms = partner->deliver.give_up_ms;
}

static bool read_user(struct peer *peer, const struct partner_delivery *deliver, struct fault *why)
{
    if (!deliver->user && !deliver->user_file)
        return true;
    peer->user = deliver->user ? strdup(deliver->user) : file_read_secret(deliver->user_file, why);
    return peer->user || !deliver->user || fault_memory(why);
}

bool peer_read_secrets(struct peer *peer, int64_t now_ms, struct fault *why)
{
    const struct partner_delivery *deliver = &peer->partner->deliver;
    if (peer->secrets_at_ms && now_ms - peer->secrets_at_ms < SECRETS_MS)
        return true;
    drop_secrets(peer);
    if (!read_user(peer, deliver, why))
        return false;
    if (deliver->user_file && !peer->user)
        return false;
    if (deliver->password_file && !(peer->password = file_read_secret(deliver->password_file, why)))
        return false;
    peer->secrets_at_ms = now_ms;
    return true;
}

void peer_show(struct peer *peer, int64_t now_ms, int64_t time_of_day_ms)
{
    enum { SHOWN_PAUSED = BREAKER_PROBING + 1 };
    bool is_paused = peer->is_paused;
    bool is_open = peer->breaker.state == BREAKER_OPEN;
    (void)pthread_mutex_lock(&peer->lock);
    peer->view.state = peer->breaker.state;
    peer->view.is_paused = is_paused;
    peer->view.in_flight = peer->flying.count;
    peer->view.next_probe_ms = is_open ? time_of_day_ms + peer->breaker.probe_at_ms - now_ms : 0;
    peer->view.last_answer_ms = peer->last_answer_ms;
    memcpy(peer->view.cause, peer->cause, sizeof peer->view.cause);
    (void)pthread_mutex_unlock(&peer->lock);
    metrics_set(peer->in_flight_gauge, (int64_t)peer->flying.count);
    metrics_set(peer->state_gauge, is_paused ? SHOWN_PAUSED : (int64_t)peer->breaker.state);
}

void peer_look(struct peer *peer, struct peer_view *view)
{
    (void)pthread_mutex_lock(&peer->lock);
    *view = peer->view;
    (void)pthread_mutex_unlock(&peer->lock);
}
