/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded before libc into a daemon under test: writes and syncs below one folder fail, and the
 * wall clock is wrong, as the file LIENTHONG_FAULTS says from moment to moment.  It is ordered by
 * orders.py.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

enum call { CALL_WRITE = 1, CALL_SYNC = 2 };

/* The file, shared with who orders the faults. */
struct orders {
    atomic_int error;      /* errno of a call that fails; 0: none does */
    atomic_int calls;      /* enum call, added up */
    atomic_int every;      /* n-th of these fails */
    atomic_int count;      /* of them so far */
    atomic_llong ahead_ms; /* the wall clock is so far ahead */
};

static struct orders *orders;
static int (*wait_until)(pthread_cond_t *condition, pthread_mutex_t *mutex,
                         const struct timespec *until);
static const char *folder;

static void begin_watch(void);

__attribute__((constructor)) static void begin(void)
{
    void *found = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    memcpy(&wait_until, &found, sizeof wait_until);
    const char *path = getenv("LIENTHONG_FAULTS");
    folder = getenv("LIENTHONG_FAULTS_BELOW");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0)
        return;

    void *mapped = mmap(NULL, sizeof *orders, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    orders = mapped == MAP_FAILED ? NULL : mapped;
    (void)close(file);
    if (orders)
        begin_watch();
}

/* ---- the disk ---- */

static bool is_below(int file)
{
    char link[64], path[4096];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0 || !folder)
        return false;

    path[size] = '\0';
    return strncmp(path, folder, strlen(folder)) == 0;
}

static bool fails(enum call call, int file)
{
    int error = orders ? atomic_load(&orders->error) : 0;
    if (!error || !(atomic_load(&orders->calls) & (int)call) || !is_below(file))
        return false;
    if ((atomic_fetch_add(&orders->count, 1) + 1) % atomic_load(&orders->every) != 0)
        return false;

    errno = error;
    return true;
}

ssize_t write(int file, const void *bytes, size_t size)
{
    return fails(CALL_WRITE, file) ? -1 : (ssize_t)syscall(SYS_write, file, bytes, size);
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t at)
{
    return fails(CALL_WRITE, file) ? -1 : (ssize_t)syscall(SYS_pwrite64, file, bytes, size, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t at)
{
    return pwrite(file, bytes, size, at);
}

int fsync(int file)
{
    return fails(CALL_SYNC, file) ? -1 : (int)syscall(SYS_fsync, file);
}

int fdatasync(int file)
{
    return fails(CALL_SYNC, file) ? -1 : (int)syscall(SYS_fdatasync, file);
}

/* ---- the wall clock ---- */

static time_t seconds_ahead(void)
{
    return orders ? (time_t)(atomic_load(&orders->ahead_ms) / 1000) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int status = (int)syscall(SYS_clock_gettime, clock, now);
    if (status == 0 && clock == CLOCK_REALTIME)
        now->tv_sec += seconds_ahead();
    return status;
}

int timespec_get(struct timespec *now, int base)
{
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, now) == 0 ? base : 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    (void)zone;
    struct timespec exact;
    int status = clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = (suseconds_t)(exact.tv_nsec / 1000);
    return status;
}

time_t time(time_t *at)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}

/*
 * Who waits until a moment of the wall clock waits as the kernel has him wait when the clock is
 * set: no longer once it stands beyond that moment, and longer when it was put back.
 */
struct waiter {
    pthread_cond_t *condition;
    const struct timespec *until;
    bool is_over; /* the clock was set beyond `until` */
    struct waiter *next;
};

static pthread_mutex_t waiters_lock = PTHREAD_MUTEX_INITIALIZER;
static struct waiter *waiters;

static bool is_past(const struct timespec *until)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec > until->tv_sec ||
           (now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec);
}

static int wait_in_real_time(struct waiter *waiter, pthread_mutex_t *mutex)
{
    struct timespec real = *waiter->until;
    real.tv_sec -= seconds_ahead();
    (void)pthread_mutex_lock(&waiters_lock);
    waiter->next = waiters;
    waiters = waiter;
    (void)pthread_mutex_unlock(&waiters_lock);

    int status = wait_until(waiter->condition, mutex, &real);

    (void)pthread_mutex_lock(&waiters_lock);
    struct waiter **at = &waiters;
    while (*at != waiter)
        at = &(*at)->next;
    *at = waiter->next;
    (void)pthread_mutex_unlock(&waiters_lock);
    return status;
}

static int wait_by_wall_clock(pthread_cond_t *condition, pthread_mutex_t *mutex,
                              const struct timespec *until)
{
    struct waiter waiter = {.condition = condition, .until = until};
    int status;
    do
        status = wait_in_real_time(&waiter, mutex);
    while (status == ETIMEDOUT && !is_past(until));
    return waiter.is_over ? ETIMEDOUT : status;
}

static void end_waits(void)
{
    (void)pthread_mutex_lock(&waiters_lock);
    for (struct waiter *waiter = waiters; waiter; waiter = waiter->next) {
        if (is_past(waiter->until)) {
            waiter->is_over = true;
            (void)pthread_cond_broadcast(waiter->condition);
        }
    }
    (void)pthread_mutex_unlock(&waiters_lock);
}

static void *watch(void *own)
{
    (void)own;
    static const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
    for (time_t seen = 0;;) {
        time_t ahead = seconds_ahead();
        if (ahead > seen)
            end_waits();
        seen = ahead;
        (void)nanosleep(&pause, NULL); /* a signal is for another thread */
    }
    return NULL;
}

static void begin_watch(void)
{
    pthread_t thread;
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    (void)pthread_create(&thread, NULL, watch, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until)
{
    enum { IS_MONOTONIC = 2 }; /* glibc's bit of a condition that goes by the other clock */
    if (!orders || condition->__data.__wrefs & IS_MONOTONIC)
        return wait_until(condition, mutex, until);
    return wait_by_wall_clock(condition, mutex, until);
}

/* librdkafka's; in glibc these types are those of POSIX threads. */
int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until)
{
    int status = wait_by_wall_clock((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until);
    if (status == 0)
        return thrd_success;
    return status == ETIMEDOUT ? thrd_timedout : thrd_error;
}
