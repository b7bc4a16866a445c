/* SPDX-License-Identifier: Apache-2.0 */
/* A queue of jobs and the threads that take them, oldest first. */
#include "files/filer.h"

#include "base/cleanup.h"

#include <pthread.h>

struct job {
    void (*run)(void *own);
    void *own;
};

struct filer {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* signalled under lock */
    struct job *queue;      /* guarded by lock: a ring of `limit` */
    size_t first, count;    /* guarded by lock */
    size_t limit;
    bool is_closing; /* guarded by lock */
    size_t thread_count;
    pthread_t threads[];
};

ENDS_WITH_SCOPE(struct filer *, filer_close)

/* False when there is none and none will come. */
static bool take(struct filer *filer, struct job *job)
{
    pthread_mutex_lock(&filer->lock);
    while (filer->count == 0 && !filer->is_closing)
        pthread_cond_wait(&filer->changed, &filer->lock);
    bool has_one = filer->count > 0;
    if (has_one) {
        *job = filer->queue[filer->first];
        filer->first = (filer->first + 1) % filer->limit;
        filer->count--;
    }
    pthread_mutex_unlock(&filer->lock);
    return has_one;
}

static void *work(void *own)
{
    struct filer *filer = own;
    struct job job;
    while (take(filer, &job))
        job.run(job.own);
    return NULL;
}

struct filer *filer_open(int64_t threads, size_t queue_limit, struct fault *why)
{
    auto_free(filer_close) struct filer *filer =
        calloc(1, sizeof *filer + (size_t)threads * sizeof filer->threads[0]);
    if (!filer) {
        (void)fault_memory(why);
        return NULL;
    }
    pthread_mutex_init(&filer->lock, NULL);
    pthread_cond_init(&filer->changed, NULL);
    filer->limit = queue_limit;
    filer->queue = calloc(queue_limit, sizeof *filer->queue);
    if (!filer->queue) {
        (void)fault_memory(why);
        return NULL;
    }
    for (; filer->thread_count < (size_t)threads; filer->thread_count++) {
        if (pthread_create(&filer->threads[filer->thread_count], NULL, work, filer) != 0) {
            (void)fault_set(why, FAULT_BROKEN, "cannot start a thread for files");
            return NULL;
        }
    }
    return steal(filer);
}

void filer_close(struct filer *filer)
{
    if (!filer)
        return;
    pthread_mutex_lock(&filer->lock);
    filer->is_closing = true;
    pthread_cond_broadcast(&filer->changed);
    pthread_mutex_unlock(&filer->lock);
    for (size_t i = 0; i < filer->thread_count; i++)
        pthread_join(filer->threads[i], NULL);
    pthread_cond_destroy(&filer->changed);
    pthread_mutex_destroy(&filer->lock);
    free(filer->queue);
    free(filer);
}

bool filer_do(struct filer *filer, void (*run)(void *own), void *own, struct fault *why)
{
    pthread_mutex_lock(&filer->lock);
    bool has_room = filer->count < filer->limit && !filer->is_closing;
    if (has_room) {
        filer->queue[(filer->first + filer->count) % filer->limit] =
            (struct job){.run = run, .own = own};
        filer->count++;
        pthread_cond_signal(&filer->changed);
    }
    pthread_mutex_unlock(&filer->lock);
    return has_room || fault_set(why, FAULT_RETRY, "files: too many wait for the disk");
}
