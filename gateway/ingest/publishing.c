/* SPDX-License-Identifier: Apache-2.0 */
/* `ack: published`: whichever comes first, the spool's word or the deadline, resumes the request.
 */
#include "ingest/publishing.h"

#include "base/clock.h"
#include "base/stop.h"

#include <stdlib.h>

enum { ROUND_MS = 100 };

/* What the spool is given: it may keep it as long as Kafka is away, and the handoff not. */
struct ticket {
    pthread_mutex_t lock;
    struct handoff *handoff; /* guarded by lock; held; NULL once it waits no more */
    atomic_int holders;      /* the list and the spool */
    struct ticket *next;     /* guarded by the list's lock */
};

struct publishing {
    struct stop stop;
    pthread_t thread;
    pthread_mutex_t lock;
    struct ticket *first; /* guarded by lock */
};

static void release(struct ticket *ticket)
{
    if (atomic_fetch_sub(&ticket->holders, 1) != 1)
        return;
    pthread_mutex_destroy(&ticket->lock);
    free(ticket);
}

/* Off the list: the spool finds nothing any more. */
static void end(struct ticket *ticket)
{
    pthread_mutex_lock(&ticket->lock);
    struct handoff *handoff = ticket->handoff;
    ticket->handoff = NULL;
    pthread_mutex_unlock(&ticket->lock);
    handoff_release(handoff);
    release(ticket);
}

static bool is_waiting(struct handoff *handoff)
{
    pthread_mutex_lock(&handoff->lock);
    bool answer = handoff->phase == HANDOFF_PUBLISHING && handoff->request;
    pthread_mutex_unlock(&handoff->lock);
    return answer;
}

/* Takes those off the list that wait no more. */
static void look_through(struct publishing *publishing)
{
    int64_t now = clock_ticks_ms();
    pthread_mutex_lock(&publishing->lock);
    struct ticket **place = &publishing->first;
    while (*place) {
        struct ticket *ticket = *place;
        struct handoff *handoff = ticket->handoff; /* changed by this thread alone */
        if (now >= handoff->publish_by_ticks)
            handoff_resume(handoff, HANDOFF_PUBLISHING, HANDOFF_DONE);
        if (is_waiting(handoff)) {
            place = &ticket->next;
        } else {
            *place = ticket->next;
            end(ticket);
        }
    }
    pthread_mutex_unlock(&publishing->lock);
}

static void *run(void *own)
{
    struct publishing *publishing = own;
    while (!stop_wait(&publishing->stop, ROUND_MS))
        look_through(publishing);
    return NULL;
}

struct publishing *publishing_open(struct fault *why)
{
    struct publishing *publishing = calloc(1, sizeof *publishing);
    if (!publishing) {
        (void)fault_memory(why);
        return NULL;
    }
    if (!stop_open(&publishing->stop, why)) {
        free(publishing);
        return NULL;
    }
    pthread_mutex_init(&publishing->lock, NULL);
    if (pthread_create(&publishing->thread, NULL, run, publishing) == 0)
        return publishing;
    (void)fault_set(why, FAULT_BROKEN, "cannot start the thread for acknowledgements");
    stop_close(&publishing->stop);
    pthread_mutex_destroy(&publishing->lock);
    free(publishing);
    return NULL;
}

void publishing_close(struct publishing *publishing)
{
    if (!publishing)
        return;
    stop_ask(&publishing->stop);
    pthread_join(publishing->thread, NULL);
    while (publishing->first) {
        struct ticket *ticket = publishing->first;
        publishing->first = ticket->next;
        end(ticket);
    }
    stop_close(&publishing->stop);
    pthread_mutex_destroy(&publishing->lock);
    free(publishing);
}

/* The spool's thread; also when the spool closes, long after the ingest. */
static void published(void *own)
{
    struct ticket *ticket = own;
    pthread_mutex_lock(&ticket->lock);
    if (ticket->handoff)
        handoff_resume(ticket->handoff, HANDOFF_PUBLISHING, HANDOFF_DONE);
    pthread_mutex_unlock(&ticket->lock);
    release(ticket);
}

bool publishing_wait(struct publishing *publishing, struct spool *spool, struct handoff *handoff)
{
    struct ticket *ticket = calloc(1, sizeof *ticket);
    if (!ticket)
        return false;
    pthread_mutex_init(&ticket->lock, NULL);
    atomic_init(&ticket->holders, 2);
    ticket->handoff = handoff_hold(handoff);
    int64_t number = handoff->last_number;

    pthread_mutex_lock(&handoff->lock);
    handoff->phase = HANDOFF_PUBLISHING;
    http_suspend(handoff->request);
    pthread_mutex_unlock(&handoff->lock);

    pthread_mutex_lock(&publishing->lock);
    ticket->next = publishing->first;
    publishing->first = ticket;
    pthread_mutex_unlock(&publishing->lock);
    spool_when_published(spool, number, published, ticket);
    return true;
}
