/* SPDX-License-Identifier: Apache-2.0 */
/* `ack: published`: whichever comes first, the spool's watermark or the deadline, resumes the
 * request. */
#include "ingest/publishing.h"

#include "base/clock.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { ROUND_MS = 100 };

struct publishing {
    struct spool *spool;
    atomic_bool is_over;
    pthread_t thread;
    pthread_mutex_t lock;
    struct handoff *first; /* guarded by lock; held, each that waits */
};

/* Whether it has to wait on; if not, its request is resumed, or over. */
static bool is_waiting(struct handoff *handoff, int64_t watermark, int64_t now)
{
    if (handoff->last_number <= watermark || now >= handoff->publish_by_ticks)
        handoff_resume(handoff, HANDOFF_PUBLISHING, HANDOFF_DONE);
    pthread_mutex_lock(&handoff->lock);
    bool answer = handoff->phase == HANDOFF_PUBLISHING && handoff->request;
    pthread_mutex_unlock(&handoff->lock);
    return answer;
}

/* Takes those off the list that wait no more. */
static void look_through(struct publishing *publishing, int64_t watermark)
{
    int64_t now = clock_ticks_ms();
    pthread_mutex_lock(&publishing->lock);
    struct handoff **place = &publishing->first;
    while (*place) {
        struct handoff *handoff = *place;
        if (is_waiting(handoff, watermark, now)) {
            place = &handoff->next;
        } else {
            *place = handoff->next;
            handoff_release(handoff);
        }
    }
    pthread_mutex_unlock(&publishing->lock);
}

static void *run(void *own)
{
    struct publishing *publishing = own;
    int64_t watermark = 0;
    while (!atomic_load(&publishing->is_over)) {
        watermark = spool_wait_published(publishing->spool, watermark, ROUND_MS);
        look_through(publishing, watermark);
    }
    return NULL;
}

struct publishing *publishing_open(struct spool *spool, struct fault *why)
{
    struct publishing *publishing = calloc(1, sizeof *publishing);
    if (!publishing) {
        (void)fault_memory(why);
        return NULL;
    }
    publishing->spool = spool;
    atomic_init(&publishing->is_over, false);
    pthread_mutex_init(&publishing->lock, NULL);
    if (pthread_create(&publishing->thread, NULL, run, publishing) == 0)
        return publishing;
    (void)fault_set(why, FAULT_BROKEN, "cannot start the thread for acknowledgements");
    pthread_mutex_destroy(&publishing->lock);
    free(publishing);
    return NULL;
}

void publishing_close(struct publishing *publishing)
{
    if (!publishing)
        return;
    atomic_store(&publishing->is_over, true);
    pthread_join(publishing->thread, NULL);
    while (publishing->first) {
        struct handoff *handoff = publishing->first;
        publishing->first = handoff->next;
        handoff_release(handoff);
    }
    pthread_mutex_destroy(&publishing->lock);
    free(publishing);
}

void publishing_wait(struct publishing *publishing, struct handoff *handoff)
{
    pthread_mutex_lock(&handoff->lock);
    handoff->phase = HANDOFF_PUBLISHING;
    http_suspend(handoff->request);
    pthread_mutex_unlock(&handoff->lock);

    pthread_mutex_lock(&publishing->lock);
    handoff->next = publishing->first;
    publishing->first = handoff_hold(handoff);
    pthread_mutex_unlock(&publishing->lock);

    /* Published while it was on its way into the list: the thread looks only in the next round. */
    if (handoff->last_number <= spool_watermark(publishing->spool))
        handoff_resume(handoff, HANDOFF_PUBLISHING, HANDOFF_DONE);
}
