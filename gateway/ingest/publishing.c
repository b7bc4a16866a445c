/* SPDX-License-Identifier: Apache-2.0 */
/* `ack: published`: whichever comes first, the spool's word or the deadline, resumes the request.
 */
#include "ingest/publishing.h"

#include "base/clock.h"
#include "base/stop.h"

#include <stdlib.h>

enum { ROUND_MS = 100 };

struct publishing {
    struct stop stop;
    pthread_t thread;
    pthread_mutex_t lock;
    struct handoff *first; /* guarded by lock; each is held */
};

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
    struct handoff **place = &publishing->first;
    while (*place) {
        struct handoff *handoff = *place;
        if (now >= handoff->publish_by_ticks)
            handoff_resume(handoff, HANDOFF_PUBLISHING, HANDOFF_DONE);
        if (is_waiting(handoff)) {
            place = &handoff->next_waiting;
        } else {
            *place = handoff->next_waiting;
            handoff_release(handoff);
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
        struct handoff *handoff = publishing->first;
        publishing->first = handoff->next_waiting;
        handoff_release(handoff);
    }
    stop_close(&publishing->stop);
    pthread_mutex_destroy(&publishing->lock);
    free(publishing);
}

/* The spool's thread; also when the spool closes: the request then finds the watermark too low. */
static void published(void *own)
{
    struct handoff *handoff = own;
    handoff_resume(handoff, HANDOFF_PUBLISHING, HANDOFF_DONE);
    handoff_release(handoff);
}

void publishing_wait(struct publishing *publishing, struct spool *spool, struct handoff *handoff)
{
    pthread_mutex_lock(&handoff->lock);
    handoff->phase = HANDOFF_PUBLISHING;
    http_suspend(handoff->request);
    pthread_mutex_unlock(&handoff->lock);

    pthread_mutex_lock(&publishing->lock);
    handoff->next_waiting = publishing->first;
    publishing->first = handoff_hold(handoff);
    pthread_mutex_unlock(&publishing->lock);
    spool_when_published(spool, handoff->last_number, published, handoff_hold(handoff));
}
