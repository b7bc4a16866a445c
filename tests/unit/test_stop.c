/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/clock.h"
#include "base/stop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <time.h>

static void a_wait_lasts_until_its_time(void **state)
{
    (void)state;
    struct stop stop;
    struct fault why;
    assert_true(stop_open(&stop, &why));
    int64_t before = clock_ticks_ms();
    assert_false(stop_wait(&stop, 30));
    assert_true(clock_ticks_ms() - before >= 30);
    assert_false(stop_wait(&stop, 0));
    assert_false(stop_wait(&stop, -5));
    assert_false(stop_is_asked(&stop));
    stop_close(&stop);
    stop_close(&stop);
    stop_close(NULL);
}

static void *ask_soon(void *own)
{
    const struct timespec soon = {.tv_nsec = 20000000};
    (void)nanosleep(&soon, NULL);
    stop_ask(own);
    return NULL;
}

static void a_stop_wakes_who_waits_and_who_polls(void **state)
{
    (void)state;
    struct stop stop;
    struct fault why;
    pthread_t thread;
    assert_true(stop_open(&stop, &why));
    assert_int_equal(pthread_create(&thread, NULL, ask_soon, &stop), 0);
    int64_t before = clock_ticks_ms();
    assert_true(stop_wait(&stop, INT64_C(60000)));
    assert_true(clock_ticks_ms() - before < 30000);
    assert_true(stop_wait(&stop, INT64_C(60000))); /* and stays so */
    struct pollfd wake = {.fd = stop.wake, .events = POLLIN};
    assert_int_equal(poll(&wake, 1, 0), 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    stop_close(&stop);
}

static void asking_twice_is_asking_once(void **state)
{
    (void)state;
    struct stop stop;
    struct fault why;
    assert_true(stop_open(&stop, &why));
    errno = 42;
    stop_ask(&stop);
    stop_ask(&stop);
    assert_int_equal(errno, 42);
    assert_true(stop_is_asked(&stop));
    stop_close(&stop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_lasts_until_its_time),
        cmocka_unit_test(a_stop_wakes_who_waits_and_who_polls),
        cmocka_unit_test(asking_twice_is_asking_once),
    };
    return cmocka_run_group_tests_name("stop", tests, NULL, NULL);
}
