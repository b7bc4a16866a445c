/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "base/metrics.h"

#include <pthread.h>

static char *render(void)
{
    size_t size;
    struct fault why;
    char *text = metrics_render(&size, &why);
    if (!text)
        fail_msg("%s", why.text);
    assert_int_equal(strlen(text), size);
    return text;
}

static void assert_shows(const char *line)
{
    char *text = render();
    if (!strstr(text, line))
        fail_msg("not there: %s\n%s", line, text);
    free(text);
}

static void the_same_name_and_labels_are_one_number(void **state)
{
    (void)state;
    struct metric *one = metrics_counter("test_one_total", "Ones.", "partner=\"a\"");
    assert_ptr_equal(metrics_counter("test_one_total", "Ones.", "partner=\"a\""), one);
    struct metric *other = metrics_counter("test_one_total", "Ones.", "partner=\"b\"");
    assert_ptr_not_equal(other, one);
    metrics_add(one, 2);
    metrics_add(one, 1);
    metrics_add(other, 5);
    assert_int_equal(metrics_value(one), 3);
    assert_shows("# HELP test_one_total Ones.\n# TYPE test_one_total counter\n"
                 "test_one_total{partner=\"a\"} 3\ntest_one_total{partner=\"b\"} 5\n");
}

static void a_gauge_goes_both_ways(void **state)
{
    (void)state;
    struct metric *gauge = metrics_gauge("test_level", "Goes \\ up\nand down.", NULL);
    metrics_set(gauge, 7);
    metrics_add(gauge, -9);
    assert_shows("# HELP test_level Goes \\\\ up\\nand down.\n# TYPE test_level gauge\n"
                 "test_level -2\n");
}

static void a_histogram_counts_into_its_buckets(void **state)
{
    (void)state;
    struct metric *seconds = metrics_histogram("test_seconds", "Seconds.", "of=\"x\"");
    metrics_observe_us(seconds, 500);      /* at the edge of the first */
    metrics_observe_us(seconds, 501);      /* just over it */
    metrics_observe_us(seconds, 30000001); /* over the last */
    metrics_observe_us(seconds, -5);       /* a clock set back: 0 */
    assert_shows("test_seconds_bucket{of=\"x\",le=\"0.0005\"} 2\n"
                 "test_seconds_bucket{of=\"x\",le=\"0.001\"} 3\n");
    assert_shows("test_seconds_bucket{of=\"x\",le=\"30\"} 3\n"
                 "test_seconds_bucket{of=\"x\",le=\"+Inf\"} 4\n"
                 "test_seconds_sum{of=\"x\"} 30.001002\n"
                 "test_seconds_count{of=\"x\"} 4\n");
}

static void a_histogram_needs_no_labels(void **state)
{
    (void)state;
    metrics_observe_us(metrics_histogram("test_bare_seconds", "Seconds.", NULL), 1000);
    assert_shows("test_bare_seconds_bucket{le=\"0.001\"} 1\n");
    assert_shows("test_bare_seconds_sum 0.001000\ntest_bare_seconds_count 1\n");
}

static void *count_often(void *own)
{
    struct metric *seconds = metrics_histogram("test_busy_seconds", "Seconds.", NULL);
    for (int i = 0; i < 10000; i++) {
        metrics_add(own, 1);
        metrics_observe_us(seconds, i);
    }
    return NULL;
}

static void threads_lose_no_count(void **state)
{
    (void)state;
    pthread_t threads[4];
    struct metric *counter = metrics_counter("test_busy_total", "Busy.", NULL);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_often, counter), 0);
    free(render());
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(metrics_value(counter), 40000);
    assert_shows("test_busy_seconds_count 40000\n");
}

/* Prometheus's own tool, where it is installed, is the judge of the format. */
static void prometheus_can_read_it(void **state)
{
    (void)state;
    char path[SCRATCH_PATH_SIZE], command[200];
    if (system("command -v promtool >/dev/null") != 0)
        skip();
    char *text = render();
    scratch_text(path, text);
    free(text);
    (void)snprintf(command, sizeof command, "promtool check metrics <%s", path);
    assert_int_equal(system(command), 0);
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_name_and_labels_are_one_number),
        cmocka_unit_test(a_gauge_goes_both_ways),
        cmocka_unit_test(a_histogram_counts_into_its_buckets),
        cmocka_unit_test(a_histogram_needs_no_labels),
        cmocka_unit_test(threads_lose_no_count),
        cmocka_unit_test(prometheus_can_read_it),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
