/* SPDX-License-Identifier: Apache-2.0 */
/*
 * librdkafka waits until moments of the wall clock, by the C library's cnd_timedwait (its issue
 * 2145).  A clock that is put back would hold each of its waits for as long, also of our own
 * threads in its calls; one that is set forward would end each too soon.  Defined in the program,
 * this function stands before the C library's: the wait is as long as the caller meant it when it
 * began.  A librdkafka that is built without C11 threads does not come here.
 */
#include <errno.h>
#include <pthread.h>
#include <threads.h>
#include <time.h>

enum { NS_PER_S = 1000000000 };

/* As the C library itself has it: these are POSIX threads' own. */
_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "a condition is a POSIX condition");
_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "a mutex is a POSIX mutex");

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex,
                  const struct timespec *restrict until)
{
    struct timespec wall;
    struct timespec steady;
    (void)clock_gettime(CLOCK_REALTIME, &wall); /* cannot fail for these two clocks */
    (void)clock_gettime(CLOCK_MONOTONIC, &steady);
    steady.tv_sec += until->tv_sec - wall.tv_sec;
    steady.tv_nsec += until->tv_nsec - wall.tv_nsec;
    if (steady.tv_nsec < 0) {
        steady.tv_sec--;
        steady.tv_nsec += NS_PER_S;
    } else if (steady.tv_nsec >= NS_PER_S) {
        steady.tv_sec++;
        steady.tv_nsec -= NS_PER_S;
    }
    switch (pthread_cond_clockwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex,
                                   CLOCK_MONOTONIC, &steady)) {
    case 0:
        return thrd_success;
    case ETIMEDOUT:
        return thrd_timedout;
    default:
        return thrd_error;
    }
}
