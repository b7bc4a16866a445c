/* SPDX-License-Identifier: Apache-2.0 */
/* A queue, and the threads that work it off. */
#include "operate/aside.h"

#include "base/cleanup.h"
#include "operate/answer.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

ENDS_WITH_SCOPE(struct spool_reader *, spool_reader_close)

enum { WAITING_MOST = 16 };

struct aside {
    char *spool_file; /* or NULL */
    pthread_t threads[ASIDE_THREADS];
    size_t count; /* of threads that run */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct aside_work *first, *last; /* guarded by lock, as is the next */
    int waiting;
    _Atomic bool is_over;
};

/* The oldest one; NULL when there is none and will be none. */
static struct aside_work *take(struct aside *aside)
{
    (void)pthread_mutex_lock(&aside->lock);
    while (!aside->first && !aside_is_over(aside))
        (void)pthread_cond_wait(&aside->changed, &aside->lock);
    struct aside_work *work = aside->first;
    if (work) {
        aside->first = work->next;
        aside->waiting--;
    }
    (void)pthread_mutex_unlock(&aside->lock);
    return work;
}

static void *run(void *own)
{
    struct aside *aside = own;
    for (struct aside_work *work; (work = take(aside)); free(work)) {
        struct fault why;
        auto_free(spool_reader_close) struct spool_reader *reader =
            aside->spool_file ? spool_reader_open(aside->spool_file, &why) : NULL;
        if (reader || !aside->spool_file)
            work->run(aside, work, reader);
        else
            operate_fault(work->request, &why);
    }
    return NULL;
}

static bool start(struct aside *aside, size_t threads, struct fault *why)
{
    for (; aside->count < threads; aside->count++)
        if (pthread_create(&aside->threads[aside->count], NULL, run, aside) != 0)
            return fault_set(why, FAULT_BROKEN, "operate: a thread does not start");
    return true;
}

struct aside *aside_open(const char *spool_file, size_t threads, struct fault *why)
{
    struct aside *aside = calloc(1, sizeof *aside);
    char *file = spool_file ? strdup(spool_file) : NULL;
    if (!aside || (spool_file && !file)) {
        free(aside);
        free(file);
        (void)fault_memory(why);
        return NULL;
    }
    aside->spool_file = file;
    (void)pthread_mutex_init(&aside->lock, NULL);
    (void)pthread_cond_init(&aside->changed, NULL);
    if (start(aside, threads, why))
        return aside;
    aside_free(aside);
    return NULL;
}

void aside_stop(struct aside *aside)
{
    if (!aside)
        return;
    (void)pthread_mutex_lock(&aside->lock);
    atomic_store(&aside->is_over, true);
    (void)pthread_cond_broadcast(&aside->changed);
    (void)pthread_mutex_unlock(&aside->lock);
    for (; aside->count > 0; aside->count--)
        (void)pthread_join(aside->threads[aside->count - 1], NULL);
}

void aside_free(struct aside *aside)
{
    if (!aside)
        return;
    aside_stop(aside);
    (void)pthread_cond_destroy(&aside->changed);
    (void)pthread_mutex_destroy(&aside->lock);
    free(aside->spool_file);
    free(aside);
}

bool aside_put(struct aside *aside, struct http_request *request, struct aside_work *work,
               struct fault *why)
{
    work->request = request;
    (void)pthread_mutex_lock(&aside->lock);
    bool has_room = aside->waiting < WAITING_MOST && !aside_is_over(aside);
    if (has_room) {
        http_suspend(request);
        if (aside->first)
            aside->last->next = work;
        else
            aside->first = work;
        aside->last = work;
        aside->waiting++;
        (void)pthread_cond_signal(&aside->changed);
    }
    (void)pthread_mutex_unlock(&aside->lock);
    if (has_room)
        return true;
    free(work);
    return fault_set(why, FAULT_RETRY, "too many wait for what takes long");
}

void aside_do(struct aside *aside, struct http_request *request, struct aside_work *work)
{
    struct fault why;
    if (!work)
        (void)fault_memory(&why);
    if (!work || !aside_put(aside, request, work, &why))
        operate_fault(request, &why);
}

bool aside_is_over(const struct aside *aside)
{
    return atomic_load(&aside->is_over);
}

FILE *aside_scratch(const struct aside *aside, struct fault *why)
{
    auto_free(free) char *path = NULL;
    FILE *file = NULL;
    if (asprintf(&path, "%s.XXXXXX", aside->spool_file) < 0) {
        path = NULL;
        (void)fault_memory(why);
        return NULL;
    }
    int descriptor = mkstemp(path);
    if (descriptor >= 0 && unlink(path) == 0)
        file = fdopen(descriptor, "w+");
    if (!file)
        (void)fault_set(why, FAULT_RETRY, "no file for it: %s", strerrordesc_np(errno));
    if (!file && descriptor >= 0)
        (void)close(descriptor); /* nothing was written yet */
    return file;
}
