/* SPDX-License-Identifier: Apache-2.0 */
/* Shares a page of items between the runner's thread and a second one. */
#include "operate/job_crew.h"

#include "base/cleanup.h"

#include <pthread.h>
#include <stdatomic.h>

struct job_crew {
    struct stations *stations;
    const struct job_bench *bench; /* the caller's */
    struct job_bench second;       /* the thread's */
    pthread_t thread;
    bool is_started;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_over;    /* guarded by lock, as are the next three */
    bool is_at_work; /* the second thread has the errand below to do */
    job_crew_work work;
    void *own;
    size_t count;       /* set while nobody is at work, as are the two above */
    atomic_size_t next; /* index that nobody has taken */
};

static void share(struct job_crew *crew, const struct job_bench *bench)
{
    for (size_t at; (at = atomic_fetch_add(&crew->next, 1)) < crew->count;)
        crew->work(crew->own, bench, at);
}

/* False when it is to end. */
static bool await_work(struct job_crew *crew)
{
    (void)pthread_mutex_lock(&crew->lock);
    while (!crew->is_at_work && !crew->is_over)
        (void)pthread_cond_wait(&crew->changed, &crew->lock);
    bool goes_on = !crew->is_over;
    (void)pthread_mutex_unlock(&crew->lock);
    return goes_on;
}

static void set_at_work(struct job_crew *crew, bool is_at_work)
{
    (void)pthread_mutex_lock(&crew->lock);
    crew->is_at_work = is_at_work;
    (void)pthread_cond_broadcast(&crew->changed);
    (void)pthread_mutex_unlock(&crew->lock);
}

/* Without a bench of its own it leaves all to the caller. */
static void *run(void *own)
{
    struct fault why;
    struct job_crew *crew = own;
    crew->second.station = stations_here(crew->stations, &why);
    while (await_work(crew)) {
        if (crew->second.station)
            share(crew, &crew->second);
        set_at_work(crew, false);
    }
    return NULL;
}

void job_crew_close(struct job_crew *crew)
{
    if (!crew)
        return;
    (void)pthread_mutex_lock(&crew->lock);
    crew->is_over = true;
    (void)pthread_cond_broadcast(&crew->changed);
    (void)pthread_mutex_unlock(&crew->lock);
    if (crew->is_started)
        (void)pthread_join(crew->thread, NULL);
    (void)pthread_cond_destroy(&crew->changed);
    (void)pthread_mutex_destroy(&crew->lock);
    free(crew);
}

struct job_crew *job_crew_open(struct stations *stations, const struct job_bench *bench,
                               struct fault *why)
{
    struct job_crew *crew = calloc(1, sizeof *crew);
    if (!crew) {
        (void)fault_memory(why);
        return NULL;
    }
    crew->stations = stations;
    crew->bench = bench;
    crew->second = *bench;
    (void)pthread_mutex_init(&crew->lock, NULL);
    (void)pthread_cond_init(&crew->changed, NULL);
    crew->is_started = pthread_create(&crew->thread, NULL, run, crew) == 0;
    if (crew->is_started)
        return crew;
    job_crew_close(crew);
    (void)fault_set(why, FAULT_BROKEN, "jobs: a thread does not start");
    return NULL;
}

void job_crew_do(struct job_crew *crew, job_crew_work work, void *own, size_t count)
{
    crew->work = work;
    crew->own = own;
    crew->count = count;
    atomic_store(&crew->next, 0);
    if (count > 1)
        set_at_work(crew, true);
    share(crew, crew->bench);
    (void)pthread_mutex_lock(&crew->lock);
    while (crew->is_at_work)
        (void)pthread_cond_wait(&crew->changed, &crew->lock);
    (void)pthread_mutex_unlock(&crew->lock);
}
