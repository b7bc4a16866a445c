/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that copies events into deliveries: when to try, when to wait, whom to tell. */
#include "kafka/subscriber.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/stop.h"
#include "kafka/intake.h"
#include "kafka/loop.h"

#include <inttypes.h>
#include <pthread.h>

enum {
    HELD_PAUSE_MS = 10000,
    HELD_LOOK_MS = 100, /* how soon a person's word is heard */
};

struct subscriber {
    struct intake *intake; /* the thread's alone */
    struct registry *registry;
    struct stop stop;
    _Atomic int word; /* enum positions_word: a person's, until it is taken */
    _Atomic int64_t lag;
    struct metric *state_gauge;
    struct loop_reason reason; /* the thread's alone */
    pthread_t thread;

    pthread_mutex_t lock; /* guards what follows */
    enum subscriber_state state;
    struct fault why;
};

/* ---- state ---- */

static void log_state(enum subscriber_state state, const struct fault *why)
{
    switch (state) {
    case SUBSCRIBER_STARTING:
        break;
    case SUBSCRIBER_RUNNING:
        log_info("subscriber.running", NULL);
        break;
    case SUBSCRIBER_WAITING:
        if (why->kind == FAULT_RETRY)
            log_warn("subscriber.waiting", "why=\"%s\"", why->text);
        else
            log_error("subscriber.waiting", "why=\"%s\"", why->text);
        break;
    case SUBSCRIBER_HELD:
        log_error("subscriber.held", "why=\"%s\"", why->text);
        break;
    }
}

static void enter(struct subscriber *subscriber, enum subscriber_state state,
                  const struct fault *why)
{
    bool is_to_log = loop_is_news(&subscriber->reason, state != subscriber->state, why);
    (void)pthread_mutex_lock(&subscriber->lock);
    subscriber->state = state;
    subscriber->why = *why;
    (void)pthread_mutex_unlock(&subscriber->lock);
    metrics_set(subscriber->state_gauge, state);
    if (is_to_log)
        log_state(state, why);
}

enum subscriber_state subscriber_state(struct subscriber *subscriber, struct fault *why)
{
    pthread_mutex_lock(&subscriber->lock);
    enum subscriber_state state = subscriber->state;
    *why = subscriber->why;
    pthread_mutex_unlock(&subscriber->lock);
    return state;
}

bool subscriber_resume(struct subscriber *subscriber, bool from_end)
{
    pthread_mutex_lock(&subscriber->lock);
    bool is_held = subscriber->state == SUBSCRIBER_HELD;
    if (is_held)
        atomic_store(&subscriber->word, from_end ? POSITIONS_FROM_END : POSITIONS_FROM_START);
    pthread_mutex_unlock(&subscriber->lock);
    return is_held;
}

int64_t subscriber_lag(struct subscriber *subscriber)
{
    return atomic_load(&subscriber->lag);
}

/* ---- the loop ---- */

static void await_word(struct subscriber *subscriber)
{
    int64_t look_again_at = clock_ticks_ms() + HELD_PAUSE_MS;
    while (atomic_load(&subscriber->word) == POSITIONS_AS_STORED &&
           clock_ticks_ms() < look_again_at)
        if (stop_wait(&subscriber->stop, HELD_LOOK_MS))
            return;
}

/* A person's word holds until it has led to somewhere. */
static enum positions_word word_of(struct subscriber *subscriber)
{
    return (enum positions_word)atomic_load(&subscriber->word);
}

static void *run(void *own)
{
    struct subscriber *subscriber = own;
    int failures = 0;
    (void)pthread_setname_np(pthread_self(), "subscriber"); /* only to be told apart in top -H */
    while (!stop_is_asked(&subscriber->stop)) {
        struct fault why = {.kind = FAULT_NONE};
        enum intake_step step = intake_step(subscriber->intake, word_of(subscriber), &why);
        atomic_store(&subscriber->lag, intake_lag(subscriber->intake));
        switch (step) {
        case INTAKE_STARTS:
            enter(subscriber, SUBSCRIBER_STARTING, &why);
            break;
        case INTAKE_GOES:
            failures = 0;
            atomic_store(&subscriber->word, POSITIONS_AS_STORED);
            enter(subscriber, SUBSCRIBER_RUNNING, &why);
            break;
        case INTAKE_WAITS:
            enter(subscriber, SUBSCRIBER_WAITING, &why);
            (void)stop_wait(&subscriber->stop, loop_pause_ms(++failures)); /* asked again above */
            break;
        case INTAKE_HELD:
            enter(subscriber, SUBSCRIBER_HELD, &why);
            await_word(subscriber);
            break;
        }
    }
    return NULL;
}

/* ---- life ---- */

static void free_subscriber(struct subscriber *subscriber)
{
    intake_close(subscriber->intake);
    stop_close(&subscriber->stop);
    pthread_mutex_destroy(&subscriber->lock);
    free(subscriber);
}

ENDS_WITH_SCOPE(struct subscriber *, free_subscriber)

struct subscriber *subscriber_start(const struct subscriber_options *options, struct spool *spool,
                                    struct fault *why)
{
    auto_free(free_subscriber) struct subscriber *subscriber = calloc(1, sizeof *subscriber);
    if (!subscriber) {
        fault_memory(why);
        return NULL;
    }
    subscriber->stop.wake = -1;
    subscriber->registry = options->registry;
    atomic_init(&subscriber->lag, -1);
    pthread_mutex_init(&subscriber->lock, NULL);
    subscriber->state_gauge =
        metrics_gauge("lienthong_subscriber_state",
                      "0 starting, 1 running, 2 waiting, 3 held for a person", NULL);
    if (!stop_open(&subscriber->stop, why))
        return NULL;
    subscriber->intake = intake_open(options, spool, &subscriber->stop, why);
    if (!subscriber->intake)
        return NULL;
    if (pthread_create(&subscriber->thread, NULL, run, subscriber) != 0) {
        fault_set(why, FAULT_BROKEN, "no thread for the subscriber");
        return NULL;
    }
    return steal(subscriber);
}

void subscriber_stop(struct subscriber *subscriber)
{
    if (!subscriber)
        return;
    stop_ask(&subscriber->stop);
    registry_interrupt(subscriber->registry); /* a silent one would hold up the stop */
    pthread_join(subscriber->thread, NULL);
    free_subscriber(subscriber);
}
