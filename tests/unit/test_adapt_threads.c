/* SPDX-License-Identifier: Apache-2.0 */
#include "limits.h"
#include "unit.h"

#include "adapt/adapter.h"
#include "base/file.h"

#include <pthread.h>

enum { THREADS = 3, TIMES = 100 };

/* What one thread reads with: its own bench, the adapters of all. */
struct worker {
    const struct adapters *adapters;
    struct adapt_document document;
    int read;
};

static bool take(void *own, const struct adapt_item *item, struct fault *why)
{
    (void)why;
    ((struct worker *)own)->read += item->is_valid;
    return true;
}

static void *work(void *own)
{
    struct worker *worker = own;
    struct reading reading;
    struct fault why;
    struct workbench *bench = workbench_new(worker->adapters, &why);
    for (int at = 0; bench && at < TIMES; at++)
        if (!adapt_read(bench, &worker->document, take, worker, &reading, &why))
            break;
    workbench_free(bench);
    return NULL;
}

static void threads_share_adapters(void **state)
{
    (void)state;
    struct fault why = {0};
    size_t size = 0;
    char *bytes =
        file_read("adapters/lienthong-xml/fixtures/accept/handoff-full.xml", 1 << 20, &size, &why);
    struct schema *schema = schema_load("schemas/dossier-event.avsc", &why);
    assert_non_null(schema);
    struct adapters *adapters = adapters_load("adapters", schema, &usual_limits, &why);
    if (!bytes || !adapters)
        fail_msg("%s", why.text);
    const struct adapter *adapter = adapters_find(adapters, "lienthong-xml");
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    for (int at = 0; at < THREADS; at++) {
        workers[at] = (struct worker){
            .adapters = adapters,
            .document = {
                .bytes = bytes, .size = size, .candidates = &adapter, .candidate_count = 1}};
        assert_int_equal(pthread_create(&threads[at], NULL, work, &workers[at]), 0);
    }
    for (int at = 0; at < THREADS; at++) {
        assert_int_equal(pthread_join(threads[at], NULL), 0);
        assert_int_equal(workers[at].read, TIMES);
    }
    adapters_free(adapters);
    schema_free(schema);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_share_adapters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
