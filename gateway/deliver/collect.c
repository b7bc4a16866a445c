/* SPDX-License-Identifier: Apache-2.0 */
/* Each partner's mailbox by a thread of its own, in its time, each letter in its order. */
#include "deliver/collect.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "deliver/collect_look.h"

#include <inttypes.h>
#include <string.h>

enum {
    ROUND_MS = 500,
    LOOK_BACK_DAYS = 7,
    FIRST_LOOK_BACK_DAYS = 28, /* nobody knows what was left before the start */
    DAY_MS = 86400000
};

/* A partner's mailbox, and the thread that empties it; both stay when the directory no longer has
 * it.  But for `next` it is the thread's. */
struct box {
    struct box *next;
    struct collector *collector;
    pthread_t thread;
    struct peer *peer;
    struct directory *directory; /* that the peer is bound to; held */
    int64_t due_ms;              /* clock_ticks_ms of the next look */
    int64_t since_ms;            /* time of day; nothing is left there from before it */
    size_t first;                /* which letter of the list the next look begins with */
};

struct collector {
    struct collector_options options;
    struct stop stop;
    pthread_t thread; /* opens the boxes */
    struct box *boxes;
    struct metric *taken, *refused;
};

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

/* What was agreed with the partner as it was set before is not for it as it is set now. */
static void follow_directory(struct box *box)
{
    struct collector *collector = box->collector;
    struct directory *directory = directory_current(collector->options.place);
    if (directory == box->directory) {
        directory_release(directory);
        return;
    }
    peer_bind(box->peer, NULL, collector->options.adapters, NULL);
    directory_release(box->directory);
    box->directory = directory;
    box->due_ms = 0;
    const struct partner *partner = directory_partner(directory, box->peer->id);
    if (!partner || partner->collect.poll_every_ms == 0)
        return;
    box->peer->partner = partner;
    box->peer->adapter = adapter_of(collector, partner);
}

static void tell(const struct box *box, const struct look_result *result)
{
    const char *partner = box->peer->id;
    if (result->taken > 0)
        log_info("collect.taken", "partner=%s letters=%" PRId64, partner, result->taken);
    if (result->refused > 0)
        log_error("collect.refused", "partner=%s letters=%" PRId64, partner, result->refused);
    if (result->left > 0)
        log_error("collect.left", "partner=%s letters=%" PRId64 " why=\"%s\"", partner,
                  result->left, result->last.text);
}

static void look(struct box *box)
{
    struct fault why;
    struct look_result result;
    struct collector *collector = box->collector;
    int64_t now_ms = clock_now_ms();
    int64_t from_ms = now_ms - LOOK_BACK_DAYS * (int64_t)DAY_MS;
    const struct look_settings settings = {
        .options = &collector->options,
        .stop = &collector->stop,
        .directory = box->directory,
        .from_ms = from_ms < box->since_ms ? from_ms : box->since_ms,
        .to_ms = now_ms,
        .first = box->first,
        .taken = collector->taken,
        .refused = collector->refused,
    };
    if (!box->peer->adapter) {
        log_error("collect.no_mailbox", "partner=%s why=\"none of its adapters has one\"",
                  box->peer->id);
        return;
    }
    if (!look_into(box->peer, &settings, &result, &why) && !stop_is_asked(&collector->stop))
        log_warn("collect.waits", "partner=%s why=\"%s\"", box->peer->id, why.text);
    box->since_ms = result.is_whole ? now_ms : settings.from_ms;
    box->first = result.next_first;
    tell(box, &result);
}

static void *run_box(void *own)
{
    struct box *box = own;
    do {
        follow_directory(box);
        if (!box->peer->partner || clock_ticks_ms() < box->due_ms)
            continue;
        look(box);
        box->due_ms = clock_ticks_ms() + box->peer->partner->collect.poll_every_ms;
    } while (!stop_wait(&box->collector->stop, ROUND_MS));
    return NULL;
}

static void box_free(struct box *box)
{
    if (!box)
        return;
    peer_free(box->peer);
    directory_release(box->directory);
    free(box);
}

ENDS_WITH_SCOPE(struct box *, box_free)

static bool open_box(struct collector *collector, const char *id, struct fault *why)
{
    auto_free(box_free) struct box *box = calloc(1, sizeof *box);
    if (!box)
        return fault_memory(why);
    box->collector = collector;
    box->since_ms = clock_now_ms() - FIRST_LOOK_BACK_DAYS * (int64_t)DAY_MS;
    if (!(box->peer = peer_new(id, why)))
        return false;
    if (pthread_create(&box->thread, NULL, run_box, box) != 0)
        return fault_set(why, FAULT_RETRY, "no thread for the mailbox");
    box->next = collector->boxes;
    collector->boxes = steal(box);
    return true;
}

static bool has_box(const struct collector *collector, const char *id)
{
    const struct box *box = collector->boxes;
    while (box && strcmp(box->peer->id, id) != 0)
        box = box->next;
    return box != NULL;
}

static void go_round(struct collector *collector)
{
    struct fault why;
    struct directory *directory = directory_current(collector->options.place);
    for (size_t i = 0; i < directory_partner_count(directory); i++) {
        const struct partner *partner = directory_partner_at(directory, i);
        if (partner->collect.poll_every_ms == 0 || has_box(collector, partner->id))
            continue;
        if (!open_box(collector, partner->id, &why)) /* the next round tries again */
            log_warn("collect.waits", "partner=%s why=\"%s\"", partner->id, why.text);
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
        (void)pthread_join(box->thread, NULL);
        box_free(box);
    }
    stop_close(&collector->stop);
    free(collector);
}
