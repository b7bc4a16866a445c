/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that carries the spool's entries to Kafka: when to try, when to wait, whom to tell. */
#include "kafka/publisher.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/stop.h"
#include "kafka/carrier.h"
#include "kafka/loop.h"

#include <inttypes.h>
#include <pthread.h>

enum {
    HELD_PAUSE_MS = 10000,
    HELD_LOOK_MS = 100, /* how soon an operator's word is heard */
};

struct publisher {
    struct carrier *carrier; /* the thread's alone */
    struct stop stop;
    _Atomic int64_t stop_at; /* clock_ticks_ms; a transaction under way is aborted then */
    _Atomic int word;        /* enum place_word: an operator's, until it is taken */
    struct metric *state_gauge;
    struct loop_reason reason; /* the thread's alone */
    pthread_t thread;

    pthread_mutex_t lock; /* guards what follows */
    enum publisher_state state;
    struct fault why;
};

/* ---- state ---- */

static void log_state(enum publisher_state state, int64_t after, const struct fault *why)
{
    switch (state) {
    case PUBLISHER_STARTING:
        break;
    case PUBLISHER_RUNNING:
        log_info("publisher.running", "after=%" PRId64, after);
        break;
    case PUBLISHER_WAITING:
        if (why->kind == FAULT_RETRY)
            log_warn("publisher.waiting", "after=%" PRId64 " why=\"%s\"", after, why->text);
        else
            log_error("publisher.waiting", "after=%" PRId64 " why=\"%s\"", after, why->text);
        break;
    case PUBLISHER_HELD:
        log_error("publisher.held", "why=\"%s\"", why->text);
        break;
    }
}

static void enter(struct publisher *publisher, enum publisher_state state, const struct fault *why)
{
    bool is_to_log = loop_is_news(&publisher->reason, state != publisher->state, why);
    (void)pthread_mutex_lock(&publisher->lock);
    publisher->state = state;
    publisher->why = *why;
    (void)pthread_mutex_unlock(&publisher->lock);
    metrics_set(publisher->state_gauge, state);
    if (is_to_log)
        log_state(state, carrier_after(publisher->carrier), why);
}

enum publisher_state publisher_state(struct publisher *publisher, struct fault *why)
{
    pthread_mutex_lock(&publisher->lock);
    enum publisher_state state = publisher->state;
    *why = publisher->why;
    pthread_mutex_unlock(&publisher->lock);
    return state;
}

bool publisher_resume(struct publisher *publisher, bool from_spool)
{
    pthread_mutex_lock(&publisher->lock);
    bool is_held = publisher->state == PUBLISHER_HELD;
    if (is_held)
        atomic_store(&publisher->word, from_spool ? WORD_FROM_SPOOL : WORD_FROM_KAFKA);
    pthread_mutex_unlock(&publisher->lock);
    return is_held;
}

/* ---- the loop ---- */

static void await_word(struct publisher *publisher)
{
    int64_t look_again_at = clock_ticks_ms() + HELD_PAUSE_MS;
    while (atomic_load(&publisher->word) == WORD_NONE && clock_ticks_ms() < look_again_at)
        if (stop_wait(&publisher->stop, HELD_LOOK_MS))
            return;
}

static enum place_word take_word(struct publisher *publisher)
{
    return (enum place_word)atomic_exchange(&publisher->word, WORD_NONE);
}

static void *run(void *own)
{
    struct publisher *publisher = own;
    int failures = 0;
    (void)pthread_setname_np(pthread_self(), "publisher"); /* only to be told apart in top -H */
    while (!stop_is_asked(&publisher->stop)) {
        struct fault why = {.kind = FAULT_NONE};
        switch (carrier_step(publisher->carrier, take_word(publisher), &why)) {
        case CARRIER_GOES:
            failures = 0;
            enter(publisher, PUBLISHER_RUNNING, &why);
            break;
        case CARRIER_WAITS:
            enter(publisher, PUBLISHER_WAITING, &why);
            (void)stop_wait(&publisher->stop, loop_pause_ms(++failures)); /* the loop asks again */
            break;
        case CARRIER_HELD:
            enter(publisher, PUBLISHER_HELD, &why);
            await_word(publisher);
            break;
        }
    }
    return NULL;
}

/* ---- life ---- */

static void free_publisher(struct publisher *publisher)
{
    carrier_close(publisher->carrier);
    stop_close(&publisher->stop);
    pthread_mutex_destroy(&publisher->lock);
    free(publisher);
}

ENDS_WITH_SCOPE(struct publisher *, free_publisher)

struct publisher *publisher_start(const struct publisher_options *options, struct spool *spool,
                                  struct fault *why)
{
    auto_free(free_publisher) struct publisher *publisher = calloc(1, sizeof *publisher);
    if (!publisher) {
        fault_memory(why);
        return NULL;
    }
    publisher->stop.wake = -1;
    atomic_init(&publisher->stop_at, INT64_MAX);
    pthread_mutex_init(&publisher->lock, NULL);
    publisher->state_gauge = metrics_gauge(
        "lienthong_publisher_state", "0 starting, 1 running, 2 waiting, 3 held for a person", NULL);
    if (!stop_open(&publisher->stop, why))
        return NULL;
    publisher->carrier = carrier_open(options, spool, &publisher->stop, &publisher->stop_at, why);
    if (!publisher->carrier)
        return NULL;
    if (pthread_create(&publisher->thread, NULL, run, publisher) != 0) {
        fault_set(why, FAULT_BROKEN, "no thread for the publisher");
        return NULL;
    }
    return steal(publisher);
}

void publisher_stop(struct publisher *publisher, int64_t timeout_ms)
{
    if (!publisher)
        return;
    atomic_store(&publisher->stop_at, clock_ticks_ms() + timeout_ms);
    stop_ask(&publisher->stop);
    pthread_join(publisher->thread, NULL);
    free_publisher(publisher);
}
