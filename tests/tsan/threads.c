/* SPDX-License-Identifier: Apache-2.0 */
/*
 * librdkafka runs on C11 threads, which ThreadSanitizer does not know: a thread that it has not
 * seen begin makes it crash.  Linked into the tsan variant alone, these take the place of glibc's
 * and are POSIX threads, which glibc's own are too.
 */
#include <pthread.h>
#include <stdint.h>
#include <threads.h>

_Static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t), "a POSIX mutex fits");
_Static_assert(sizeof(once_flag) >= sizeof(pthread_once_t), "a POSIX once fits");
_Static_assert(sizeof(cnd_t) >= sizeof(pthread_cond_t), "a POSIX condition fits");

/* What the libraries do among themselves, in code that was not compiled with the sanitizer, cannot
 * be judged by it.  Nothing of our own is left out. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "ignore_noninstrumented_modules=1";
}

struct beginning {
    thrd_start_t start;
    void *argument;
};

static void *begin(void *own)
{
    struct beginning beginning = *(struct beginning *)own;
    free(own);
    return (void *)(intptr_t)beginning.start(beginning.argument);
}

int thrd_create(thrd_t *thread, thrd_start_t start, void *argument)
{
    struct beginning *beginning = malloc(sizeof *beginning);
    if (!beginning)
        return thrd_nomem;
    *beginning = (struct beginning){start, argument};
    if (pthread_create(thread, NULL, begin, beginning) == 0)
        return thrd_success;
    free(beginning);
    return thrd_error;
}

int thrd_join(thrd_t thread, int *result)
{
    void *returned = NULL;
    if (pthread_join(thread, &returned) != 0)
        return thrd_error;
    if (result)
        *result = (int)(intptr_t)returned;
    return thrd_success;
}

void call_once(once_flag *flag, void (*work)(void))
{
    pthread_once((pthread_once_t *)flag, work);
}

int mtx_init(mtx_t *mutex, int type)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, type & mtx_recursive ? PTHREAD_MUTEX_RECURSIVE
                                                                : PTHREAD_MUTEX_NORMAL);
    int error = pthread_mutex_init((pthread_mutex_t *)mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return error ? thrd_error : thrd_success;
}

void mtx_destroy(mtx_t *mutex)
{
    pthread_mutex_destroy((pthread_mutex_t *)mutex);
}

int mtx_lock(mtx_t *mutex)
{
    return pthread_mutex_lock((pthread_mutex_t *)mutex) ? thrd_error : thrd_success;
}

int mtx_unlock(mtx_t *mutex)
{
    return pthread_mutex_unlock((pthread_mutex_t *)mutex) ? thrd_error : thrd_success;
}

int cnd_init(cnd_t *condition)
{
    return pthread_cond_init((pthread_cond_t *)condition, NULL) ? thrd_error : thrd_success;
}

void cnd_destroy(cnd_t *condition)
{
    pthread_cond_destroy((pthread_cond_t *)condition);
}

int cnd_signal(cnd_t *condition)
{
    return pthread_cond_signal((pthread_cond_t *)condition) ? thrd_error : thrd_success;
}

int cnd_broadcast(cnd_t *condition)
{
    return pthread_cond_broadcast((pthread_cond_t *)condition) ? thrd_error : thrd_success;
}

int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
    return pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex) ? thrd_error
                                                                                    : thrd_success;
}
