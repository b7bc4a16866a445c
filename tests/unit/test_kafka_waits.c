/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/clock.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <threads.h>
#include <time.h>

enum { WAIT_MS = 300, SLACK_MS = 10000, WRONG_S = 3600 };

static atomic_int ahead_s; /* the wall clock, as this program sees it */

/* Stands before the C library's. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real) {
        void *found = dlsym(RTLD_NEXT, "clock_gettime");
        memcpy(&real, &found, sizeof real);
    }
    int status = real(clock, now);
    if (clock == CLOCK_REALTIME)
        now->tv_sec += atomic_load(&ahead_s);
    return status;
}

struct scene {
    mtx_t mutex;
    cnd_t condition;
    int set_to_s; /* what the clock is set to in the middle of the wait */
};

static void *set_clock(void *own)
{
    struct scene *scene = own;
    const struct timespec half = {.tv_nsec = WAIT_MS / 2 * 1000000L};
    (void)mtx_lock(&scene->mutex); /* the wait has begun */
    (void)mtx_unlock(&scene->mutex);
    (void)nanosleep(&half, NULL);
    atomic_store(&ahead_s, scene->set_to_s);
    return NULL;
}

static void a_wait_lasts_as_long_as_it_was_meant_to_when_it_began(void **state)
{
    (void)state;
    static const int changes[][2] = {
        {0, 0}, {0, -WRONG_S}, {0, WRONG_S}, {-WRONG_S, 0}, {WRONG_S, 0}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct scene scene = {.set_to_s = changes[i][1]};
        struct timespec until;
        pthread_t thread;
        assert_int_equal(mtx_init(&scene.mutex, mtx_plain), thrd_success);
        assert_int_equal(cnd_init(&scene.condition), thrd_success);
        atomic_store(&ahead_s, changes[i][0]);
        (void)mtx_lock(&scene.mutex);
        assert_int_equal(pthread_create(&thread, NULL, set_clock, &scene), 0);

        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += WAIT_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        int64_t begun_at = clock_ticks_ms();
        int status = cnd_timedwait(&scene.condition, &scene.mutex, &until);
        (void)mtx_unlock(&scene.mutex);
        int64_t took_ms = clock_ticks_ms() - begun_at;

        (void)pthread_join(thread, NULL);
        assert_int_equal(status, thrd_timedout);
        assert_in_range(took_ms, WAIT_MS - 2, SLACK_MS);
        cnd_destroy(&scene.condition);
        mtx_destroy(&scene.mutex);
    }
}

static void *signal_once(void *own)
{
    struct scene *scene = own;
    (void)mtx_lock(&scene->mutex);
    (void)cnd_signal(&scene->condition);
    (void)mtx_unlock(&scene->mutex);
    return NULL;
}

static void a_signal_ends_a_wait(void **state)
{
    (void)state;
    struct scene scene;
    struct timespec until;
    pthread_t thread;
    atomic_store(&ahead_s, 0);
    assert_int_equal(mtx_init(&scene.mutex, mtx_plain), thrd_success);
    assert_int_equal(cnd_init(&scene.condition), thrd_success);
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 60;
    (void)mtx_lock(&scene.mutex);
    assert_int_equal(pthread_create(&thread, NULL, signal_once, &scene), 0);
    assert_int_equal(cnd_timedwait(&scene.condition, &scene.mutex, &until), thrd_success);
    (void)mtx_unlock(&scene.mutex);
    (void)pthread_join(thread, NULL);
    cnd_destroy(&scene.condition);
    mtx_destroy(&scene.mutex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_lasts_as_long_as_it_was_meant_to_when_it_began),
        cmocka_unit_test(a_signal_ends_a_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
