/* SPDX-License-Identifier: Apache-2.0 */
/* The way to the writer: bounded, first come first served, taken whole. */
#include "spool/queue.h"

#include "base/clock.h"

#include <errno.h>
#include <time.h>

/* The mutex calls cannot fail for plain, initialised mutexes that their holder releases. */

void queue_open(struct queue *queue)
{
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&queue->lock, NULL);
    (void)pthread_cond_init(&queue->filled, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    queue->last = &queue->first;
}

void queue_close(struct queue *queue)
{
    (void)pthread_cond_destroy(&queue->filled);
    (void)pthread_mutex_destroy(&queue->lock);
}

static bool fits(const struct queue *queue, const struct task *task, int64_t most_entries,
                 int64_t most_bytes)
{
    return (most_entries < 0 || queue->entries + task->entries <= most_entries) &&
           (most_bytes < 0 || queue->bytes + task->bytes <= most_bytes);
}

bool queue_put(struct queue *queue, struct task *task, int64_t most_entries, int64_t most_bytes,
               struct fault *why)
{
    bool is_put = false;
    (void)pthread_mutex_lock(&queue->lock);
    if (!queue->is_closed && fits(queue, task, most_entries, most_bytes)) {
        task->next = NULL;
        *queue->last = task;
        queue->last = &task->next;
        queue->entries += task->entries;
        queue->bytes += task->bytes;
        (void)pthread_cond_signal(&queue->filled);
        is_put = true;
    }
    (void)pthread_mutex_unlock(&queue->lock);
    return is_put || fault_set(why, FAULT_RETRY, "spool: the queue to the disk is full");
}

struct task *queue_take(struct queue *queue, int64_t timeout_ms)
{
    int64_t until = clock_ticks_ms() + timeout_ms;
    const struct timespec limit = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
    (void)pthread_mutex_lock(&queue->lock);
    while (!queue->first && !queue->is_closed)
        if (pthread_cond_timedwait(&queue->filled, &queue->lock, &limit) == ETIMEDOUT)
            break;
    struct task *tasks = queue->first;
    queue->first = NULL;
    queue->last = &queue->first;
    (void)pthread_mutex_unlock(&queue->lock);
    return tasks;
}

bool queue_put_back(struct queue *queue, struct task *tasks)
{
    (void)pthread_mutex_lock(&queue->lock);
    bool is_put = !queue->is_closed;
    if (is_put && tasks) {
        struct task *last = tasks;
        while (last->next)
            last = last->next;
        if (!queue->first)
            queue->last = &last->next;
        last->next = queue->first;
        queue->first = tasks;
    }
    (void)pthread_mutex_unlock(&queue->lock);
    return is_put;
}

void queue_give_back(struct queue *queue, int64_t entries, int64_t bytes)
{
    (void)pthread_mutex_lock(&queue->lock);
    queue->entries -= entries;
    queue->bytes -= bytes;
    (void)pthread_mutex_unlock(&queue->lock);
}

void queue_end(struct queue *queue)
{
    (void)pthread_mutex_lock(&queue->lock);
    queue->is_closed = true;
    (void)pthread_cond_broadcast(&queue->filled);
    (void)pthread_mutex_unlock(&queue->lock);
}

bool queue_is_ended(struct queue *queue)
{
    (void)pthread_mutex_lock(&queue->lock);
    bool is_ended = queue->is_closed && !queue->first;
    (void)pthread_mutex_unlock(&queue->lock);
    return is_ended;
}

void queue_levels(struct queue *queue, int64_t *entries, int64_t *bytes)
{
    (void)pthread_mutex_lock(&queue->lock);
    *entries = queue->entries;
    *bytes = queue->bytes;
    (void)pthread_mutex_unlock(&queue->lock);
}
