/* SPDX-License-Identifier: Apache-2.0 */
/* The long poll: one queue for each partner, and one thread that looks for all of them. */
#include "deliver/room.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Many commits a second are looked at together. */
enum { PAUSE_MS = 3, LONGEST_MS = 60000, AFTER_FAULT_MS = 1000, PARTNER_PAUSED_MS = 1000 };

struct queue {
    struct queue *next;
    struct visit *first, *last; /* each is held */
    bool is_taken;              /* one of its visits has the turn */
    char partner[];
};

struct room {
    struct spool *spool;
    struct spool_reader *reader; /* the thread's */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct queue *queues; /* guarded by lock, as is what is in them; the list only grows */
    struct metric *waiting;
    bool has_news, is_hushed, is_stopping; /* guarded by lock */
};

static void tell(struct room *room)
{
    room->has_news = true;
    (void)pthread_cond_signal(&room->changed);
}

/* From the spool's writer. */
static void spool_changed(void *own)
{
    struct room *room = own;
    pthread_mutex_lock(&room->lock);
    tell(room);
    pthread_mutex_unlock(&room->lock);
}

/* Under the lock. */
static struct queue *queue_of(struct room *room, const char *partner)
{
    struct queue *queue = room->queues;
    while (queue && strcmp(queue->partner, partner) != 0)
        queue = queue->next;
    if (queue)
        return queue;
    size_t size = strlen(partner) + 1;
    queue = calloc(1, sizeof *queue + size);
    if (!queue)
        return NULL;
    memcpy(queue->partner, partner, size);
    queue->next = room->queues;
    room->queues = queue;
    return queue;
}

/* Under the lock: out of its queue, whose first it is. */
static struct visit *take_first(struct room *room, struct queue *queue)
{
    struct visit *visit = queue->first;
    queue->first = visit->behind;
    if (!queue->first)
        queue->last = NULL;
    metrics_add(room->waiting, -1);
    return visit;
}

/* Under the lock. */
static void give_turn(struct room *room, struct queue *queue)
{
    while (queue->first && !queue->is_taken) {
        struct visit *visit = take_first(room, queue);
        queue->is_taken = true;
        atomic_store(&visit->has_turn, true);
        if (!visit_wake(visit)) {
            queue->is_taken = false;
            atomic_store(&visit->has_turn, false);
        }
        visit_release(visit);
    }
}

/* Under the lock: those whose time is up.  Returns when the next one's will be. */
static int64_t send_away(struct room *room, struct queue *queue, int64_t now_ticks)
{
    struct visit *waiting = queue->first;
    int64_t next = INT64_MAX;
    queue->first = queue->last = NULL;
    while (waiting) {
        struct visit *visit = waiting;
        waiting = visit->behind;
        visit->behind = NULL;
        if (room->is_hushed || visit->until_ticks <= now_ticks) {
            metrics_add(room->waiting, -1);
            (void)visit_wake(visit); /* or it is over already */
            visit_release(visit);
            continue;
        }
        if (queue->last)
            queue->last->behind = visit;
        else
            queue->first = visit;
        queue->last = visit;
        next = visit->until_ticks < next ? visit->until_ticks : next;
    }
    return next;
}

/* When something is due for the partner, in milliseconds from now; 0 when it is. */
static int64_t due_in_ms(struct room *room, const char *partner)
{
    struct fault why;
    bool is_paused = false;
    int64_t at = 0;
    if (!spool_paused(room->reader, partner, &is_paused, &why) ||
        (!is_paused && !spool_next_due(room->reader, partner, &at, &why))) {
        log_error("inbox.unread", "partner=%s why=\"%s\"", partner, why.text);
        return AFTER_FAULT_MS;
    }
    int64_t now = clock_now_ms();
    if (is_paused)
        return PARTNER_PAUSED_MS; /* the end of a pause is no news */
    if (at > now + LONGEST_MS)
        return LONGEST_MS;
    return at > now ? at - now : 0;
}

/* Returns the ticks at which the queue is to be looked at again without news. */
static int64_t look(struct room *room, struct queue *queue)
{
    pthread_mutex_lock(&room->lock);
    bool is_asking = queue->first && !queue->is_taken;
    bool is_hushed = room->is_hushed;
    pthread_mutex_unlock(&room->lock);
    if (!is_asking && !is_hushed)
        return INT64_MAX; /* giving the turn back is news */

    /* Who comes while the spool is asked may know of a letter that the answer does not. */
    int64_t now = clock_ticks_ms(), next = INT64_MAX;
    int64_t wait_ms = is_hushed ? LONGEST_MS : due_in_ms(room, queue->partner);
    pthread_mutex_lock(&room->lock);
    if (wait_ms == 0)
        give_turn(room, queue);
    if (!queue->is_taken || room->is_hushed)
        next = send_away(room, queue, now);
    pthread_mutex_unlock(&room->lock);
    return next < now + wait_ms ? next : now + wait_ms;
}

static int64_t look_at_all(struct room *room)
{
    int64_t next = clock_ticks_ms() + LONGEST_MS;
    pthread_mutex_lock(&room->lock);
    struct queue *queue = room->queues;
    pthread_mutex_unlock(&room->lock);
    for (; queue; queue = queue->next) {
        int64_t at = look(room, queue);
        next = at < next ? at : next;
    }
    return next;
}

/* Under the lock, which it gives away meanwhile. */
static void wait_until(struct room *room, int64_t ticks)
{
    const struct timespec limit = {.tv_sec = ticks / 1000, .tv_nsec = ticks % 1000 * 1000000};
    (void)pthread_cond_timedwait(&room->changed, &room->lock, &limit);
}

static void *run(void *own)
{
    struct room *room = own;
    int64_t next = 0, earliest = 0;
    pthread_mutex_lock(&room->lock);
    while (!room->is_stopping) {
        int64_t now = clock_ticks_ms();
        if (now < earliest || (!room->has_news && now < next)) {
            int64_t until = room->has_news ? earliest : next;
            wait_until(room, until > earliest ? until : earliest);
            continue;
        }
        room->has_news = false;
        pthread_mutex_unlock(&room->lock);
        next = look_at_all(room);
        earliest = clock_ticks_ms() + PAUSE_MS;
        pthread_mutex_lock(&room->lock);
    }
    pthread_mutex_unlock(&room->lock);
    return NULL;
}

static void free_room(struct room *room)
{
    while (room->queues) {
        struct queue *queue = room->queues;
        room->queues = queue->next;
        while (queue->first)
            visit_release(take_first(room, queue));
        free(queue);
    }
    spool_reader_close(room->reader);
    pthread_cond_destroy(&room->changed);
    pthread_mutex_destroy(&room->lock);
    free(room);
}

static bool start(struct room *room, struct fault *why)
{
    if (pthread_create(&room->thread, NULL, run, room) != 0)
        return fault_set(why, FAULT_BROKEN, "cannot start the thread of the mailbox");
    if (spool_on_delivery(room->spool, spool_changed, room, why))
        return true;
    pthread_mutex_lock(&room->lock);
    room->is_stopping = true;
    tell(room);
    pthread_mutex_unlock(&room->lock);
    pthread_join(room->thread, NULL);
    return false;
}

struct room *room_open(struct spool *spool, const char *spool_file, struct fault *why)
{
    struct room *room = calloc(1, sizeof *room);
    pthread_condattr_t attributes;
    if (!room) {
        (void)fault_memory(why);
        return NULL;
    }
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&room->lock, NULL);
    (void)pthread_cond_init(&room->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    room->spool = spool;
    room->waiting = metrics_gauge("lienthong_inbox_waiting",
                                  "Calls of mailboxes that wait for a letter.", NULL);
    room->reader = spool_reader_open(spool_file, why);
    if (room->reader && start(room, why))
        return room;
    free_room(room);
    return NULL;
}

void room_close(struct room *room)
{
    if (!room)
        return;
    spool_off_delivery(room->spool, room);
    pthread_mutex_lock(&room->lock);
    room->is_stopping = true;
    tell(room);
    pthread_mutex_unlock(&room->lock);
    pthread_join(room->thread, NULL);
    free_room(room);
}

bool room_enter(struct room *room, struct visit *visit, struct fault *why)
{
    pthread_mutex_lock(&room->lock);
    struct queue *queue = queue_of(room, visit->caller.partner->id);
    if (queue) {
        visit->behind = NULL;
        if (queue->last)
            queue->last->behind = visit_hold(visit);
        else
            queue->first = visit_hold(visit);
        queue->last = visit;
        metrics_add(room->waiting, 1);
        tell(room);
    }
    pthread_mutex_unlock(&room->lock);
    return queue || fault_memory(why);
}

void room_leave(struct room *room, struct visit *visit)
{
    if (!atomic_exchange(&visit->has_turn, false))
        return;
    pthread_mutex_lock(&room->lock);
    struct queue *queue = queue_of(room, visit->caller.partner->id);
    if (queue) /* it is there: the turn was given from it */
        queue->is_taken = false;
    tell(room);
    pthread_mutex_unlock(&room->lock);
}

void room_hush(struct room *room)
{
    pthread_mutex_lock(&room->lock);
    room->is_hushed = true;
    tell(room);
    pthread_mutex_unlock(&room->lock);
}
