/* SPDX-License-Identifier: Apache-2.0 */
/* One thread that looks at all connections a few times a second and shuts down the late ones; the
 * HTTP library then finds them closed and does its usual ending.  It also wakes those that are
 * held. */
#include "http/reaper.h"

#include "base/clock.h"
#include "base/stop.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { ROUND_MS = 200 };

struct reaper {
    struct stop stop;
    pthread_t thread;
    pthread_mutex_t lock;  /* guards the list */
    struct watched *first; /* newest first */
    void (*wake)(struct watched *connection);
};

static void look_at_all(struct reaper *reaper)
{
    int64_t now = clock_ticks_ms();
    pthread_mutex_lock(&reaper->lock);
    for (struct watched *connection = reaper->first; connection; connection = connection->next) {
        if (atomic_load(&connection->deadline_ticks) <= now)
            (void)shutdown(connection->socket, SHUT_RDWR); /* fails when the peer was faster */
        if (atomic_load(&connection->wake_ticks) <= now &&
            atomic_exchange(&connection->wake_ticks, NEVER) != NEVER) /* the end may be faster */
            reaper->wake(connection);
    }
    pthread_mutex_unlock(&reaper->lock);
}

static void *run(void *own)
{
    struct reaper *reaper = own;
    while (!stop_wait(&reaper->stop, ROUND_MS))
        look_at_all(reaper);
    return NULL;
}

struct reaper *reaper_open(void (*wake)(struct watched *connection), struct fault *why)
{
    struct reaper *reaper = calloc(1, sizeof *reaper);
    if (!reaper) {
        (void)fault_memory(why);
        return NULL;
    }
    reaper->wake = wake;
    if (!stop_open(&reaper->stop, why)) {
        free(reaper);
        return NULL;
    }
    pthread_mutex_init(&reaper->lock, NULL);
    if (pthread_create(&reaper->thread, NULL, run, reaper) != 0) {
        (void)fault_set(why, FAULT_BROKEN, "cannot start the thread for deadlines");
        reaper_close(reaper);
        return NULL;
    }
    return reaper;
}

void reaper_stop(struct reaper *reaper)
{
    stop_ask(&reaper->stop);
    pthread_join(reaper->thread, NULL);
}

void reaper_close(struct reaper *reaper)
{
    if (!reaper)
        return;
    stop_close(&reaper->stop);
    pthread_mutex_destroy(&reaper->lock);
    free(reaper);
}

void reaper_watch(struct reaper *reaper, struct watched *connection)
{
    pthread_mutex_lock(&reaper->lock);
    connection->previous = NULL;
    connection->next = reaper->first;
    if (reaper->first)
        reaper->first->previous = connection;
    reaper->first = connection;
    pthread_mutex_unlock(&reaper->lock);
}

void reaper_forget(struct reaper *reaper, struct watched *connection)
{
    pthread_mutex_lock(&reaper->lock);
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        reaper->first = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    pthread_mutex_unlock(&reaper->lock);
}

void reaper_each(struct reaper *reaper, void (*each)(struct watched *connection))
{
    pthread_mutex_lock(&reaper->lock);
    for (struct watched *connection = reaper->first; connection; connection = connection->next)
        each(connection);
    pthread_mutex_unlock(&reaper->lock);
}
