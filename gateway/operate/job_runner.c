/* SPDX-License-Identifier: Apache-2.0 */
/* The thread of bulk replays: a step of each job in turn, until it is told to end. */
#include "operate/job_runner.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "operate/job_crew.h"
#include "operate/job_task.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { IDLE_MS = 60000, AFTER_FAULT_MS = 2000, TASKS_MOST = 64 };

struct job_runner {
    struct job_runner_options options;
    struct stations *stations;
    struct job_tools tools; /* the thread's, as are the tasks */
    struct job_crew *crew;
    struct job_task *tasks[TASKS_MOST];
    size_t count;
    int64_t states[JOB_STATES]; /* how many jobs are in each, as they were last looked through */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_woken; /* guarded by lock */
    atomic_bool is_over;
    pthread_t thread;
    bool is_started;
};

/* ---- what there is to do ---- */

static bool has_task(const struct job_runner *runner, int64_t job)
{
    for (size_t i = 0; i < runner->count; i++)
        if (job_task_number(runner->tasks[i]) == job)
            return true;
    return false;
}

/* What finds no room waits until there is some. */
static bool take_up(void *own, const struct spool_job *job)
{
    struct fault why;
    struct job_runner *runner = own;
    bool is_active = job->state == JOB_COLLECTING || job->state == JOB_RUNNING;
    runner->states[job->state]++;
    if (!is_active || runner->count == TASKS_MOST || has_task(runner, job->job))
        return true;
    struct job_task *task = job_task_new(&runner->tools, job, &why);
    if (task)
        runner->tasks[runner->count++] = task;
    else
        log_error("job.unreadable", "job=%" PRId64 " why=\"%s\"", job->job, why.text);
    return true;
}

static bool find_tasks(struct job_runner *runner)
{
    struct fault why;
    memset(runner->states, 0, sizeof runner->states);
    if (spool_jobs(runner->tools.bench.station->reader, 0, 0, take_up, runner, &why)) {
        job_numbers_states(&runner->tools.numbers, runner->states);
        return true;
    }
    log_warn("job.retry", "why=\"%s\"", why.text);
    return false;
}

static void drop_task(struct job_runner *runner, size_t at)
{
    job_task_free(runner->tasks[at]);
    runner->tasks[at] = runner->tasks[--runner->count];
}

/* ---- the thread ---- */

/* A step of each; how long until the next is due. */
static int64_t step_all(struct job_runner *runner)
{
    int64_t least_ms = IDLE_MS;
    for (size_t i = 0; i < runner->count && !atomic_load(&runner->is_over);) {
        int64_t wait_ms = 0;
        bool is_over = false;
        job_task_step(runner->tasks[i], &wait_ms, &is_over);
        if (is_over) {
            drop_task(runner, i);
            continue;
        }
        least_ms = wait_ms < least_ms ? wait_ms : least_ms;
        i++;
    }
    return least_ms;
}

/* True when it was woken. */
static bool rest(struct job_runner *runner, int64_t ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_mutex_lock(&runner->lock);
    int error = 0;
    while (!runner->is_woken && !atomic_load(&runner->is_over) && !error)
        error = pthread_cond_timedwait(&runner->changed, &runner->lock, &until);
    bool is_woken = runner->is_woken;
    runner->is_woken = false;
    (void)pthread_mutex_unlock(&runner->lock);
    return is_woken;
}

static bool open_bench(struct job_runner *runner)
{
    struct fault why;
    runner->tools.options = &runner->options;
    job_numbers_open(&runner->tools.numbers);
    runner->tools.bench = (struct job_bench){
        .mender = runner->options.mender,
        .station = stations_here(runner->stations, &why),
        .needs_approval = runner->options.needs_approval,
        .own = runner->options.own,
    };
    if (runner->tools.bench.station)
        runner->crew = job_crew_open(runner->stations, &runner->tools.bench, &why);
    if (!runner->crew)
        log_error("job.no_runner", "why=\"%s\"", why.text);
    runner->tools.bench.crew = runner->crew;
    return runner->crew != NULL;
}

static void *run(void *own)
{
    struct job_runner *runner = own;
    bool is_stale = true; /* there may be jobs that it has not seen */
    if (!open_bench(runner))
        return NULL;
    while (!atomic_load(&runner->is_over)) {
        is_stale = is_stale && !find_tasks(runner);
        size_t before = runner->count;
        int64_t wait_ms = step_all(runner);
        is_stale |= runner->count < before; /* one is over: there is room, and the numbers differ */
        if (is_stale && wait_ms > AFTER_FAULT_MS)
            wait_ms = AFTER_FAULT_MS;
        is_stale |= rest(runner, wait_ms) || wait_ms == IDLE_MS;
    }
    while (runner->count > 0)
        drop_task(runner, 0);
    job_crew_close(runner->crew);
    return NULL;
}

/* ---- life ---- */

void job_runner_stop(struct job_runner *runner)
{
    if (!runner)
        return;
    (void)pthread_mutex_lock(&runner->lock);
    atomic_store(&runner->is_over, true);
    (void)pthread_cond_signal(&runner->changed);
    (void)pthread_mutex_unlock(&runner->lock);
    if (runner->is_started)
        (void)pthread_join(runner->thread, NULL);
    stations_close(runner->stations);
    (void)pthread_cond_destroy(&runner->changed);
    (void)pthread_mutex_destroy(&runner->lock);
    free(runner);
}

ENDS_WITH_SCOPE(struct job_runner *, job_runner_stop)

struct job_runner *job_runner_start(const struct job_runner_options *options, struct fault *why)
{
    pthread_condattr_t monotonic;
    auto_free(job_runner_stop) struct job_runner *runner = calloc(1, sizeof *runner);
    if (!runner) {
        (void)fault_memory(why);
        return NULL;
    }
    runner->options = *options;
    (void)pthread_mutex_init(&runner->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&runner->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    runner->stations = stations_open(options->mender->adapters, options->spool_file, why);
    if (!runner->stations)
        return NULL;
    runner->is_started = pthread_create(&runner->thread, NULL, run, runner) == 0;
    if (runner->is_started)
        return steal(runner);
    (void)fault_set(why, FAULT_BROKEN, "jobs: a thread does not start");
    return NULL;
}

void job_runner_wake(struct job_runner *runner)
{
    (void)pthread_mutex_lock(&runner->lock);
    runner->is_woken = true;
    (void)pthread_cond_signal(&runner->changed);
    (void)pthread_mutex_unlock(&runner->lock);
}
