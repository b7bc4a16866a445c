/* SPDX-License-Identifier: Apache-2.0 */
/* Calls for machines that watch: alive, ready, numbers, and the description of the API. */
#include "ingest/health.h"

#include "api/refusal.h"
#include "base/cleanup.h"
#include "base/clock.h"

#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

/* gateway/ingest/openapi.yaml, put into the program by the linker. */
extern const char _binary_gateway_ingest_openapi_yaml_start[];
extern const char _binary_gateway_ingest_openapi_yaml_end[];

enum { SECOND_MS = 1000 };

static const struct {
    const char *name, *help;
} gauges[GAUGE_COUNT_] = {
    [GAUGE_UNPUBLISHED] = {"lienthong_spool_unpublished", "Numbers above the watermark."},
    [GAUGE_OLDEST_SECONDS] = {"lienthong_spool_oldest_seconds",
                              "Age of the oldest entry that waits for Kafka."},
    [GAUGE_PARKED] = {"lienthong_spool_parked", "Entries that wait behind another."},
    [GAUGE_DEAD] = {"lienthong_spool_dead", "Entries that need a person."},
    [GAUGE_QUEUE_ENTRIES] = {"lienthong_spool_queue_entries", "Entries waiting for the disk."},
    [GAUGE_QUEUE_BYTES] = {"lienthong_spool_queue_bytes", "Bytes waiting for the disk."},
    [GAUGE_FILE_BYTES] = {"lienthong_spool_file_bytes", "Size of the spool."},
    [GAUGE_FREE_BYTES] = {"lienthong_spool_free_bytes", "Free bytes on the spool's disk."},
    [GAUGE_GROUPS] = {"lienthong_spool_groups", "Commits since the start."},
    [GAUGE_ENTRIES] = {"lienthong_spool_entries", "Entries stored since the start."},
    [GAUGE_BELOW_RESERVE] = {"lienthong_spool_below_reserve", "1: too little free disk."},
    [GAUGE_OVERDUE] = {"lienthong_spool_overdue", "1: the oldest entry waits for too long."},
};

void health_open(struct ingest *ingest)
{
    for (size_t i = 0; i < GAUGE_COUNT_; i++)
        ingest->gauges[i] = metrics_gauge(gauges[i].name, gauges[i].help, NULL);
}

static void answer_text(struct http_request *request, int status, const char *media_type,
                        const char *text, size_t size)
{
    char *copy = malloc(size > 0 ? size : 1);
    if (copy)
        memcpy(copy, text, size);
    http_add_header(request, "Cache-Control", "no-store");
    http_answer(request, status, media_type, copy, copy ? size : 0);
}

void health_live(void *own, struct http_request *request)
{
    (void)own;
    answer_text(request, 200, "text/plain", "alive\n", strlen("alive\n"));
}

static void add_reason(json_t *reasons, bool holds, const char *reason)
{
    if (holds)
        (void)json_array_append_new(reasons, json_string(reason)); /* the status says it too */
}

void health_ready(void *own, struct http_request *request)
{
    struct ingest *ingest = own;
    struct spool_levels levels;
    struct fault why;
    spool_levels(ingest->options.spool, &levels);
    auto_free(json_decref) json_t *reasons = json_array();
    add_reason(reasons, levels.below_reserve, "disk-reserve");
    add_reason(reasons, levels.is_damaged, "spool-damaged");
    add_reason(reasons, levels.is_overdue, "spool-overdue");
    add_reason(reasons, adapters_count(ingest->options.adapters) == 0, "no-adapters");
    add_reason(reasons, !stations_here(ingest->stations, &why), "spool-unreadable");

    bool is_ready = reasons && json_array_size(reasons) == 0;
    auto_free(json_decref) json_t *answer =
        json_pack("{s:b, s:O*}", "ready", is_ready, "reasons", reasons);
    auto_free(free) char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
    answer_text(request, is_ready ? 200 : 503, "application/json", text ? text : "",
                text ? strlen(text) : 0);
}

static void refresh_gauges(struct ingest *ingest)
{
    struct spool_levels levels;
    spool_levels(ingest->options.spool, &levels);
    int64_t age_ms = levels.oldest_ms > 0 ? clock_now_ms() - levels.oldest_ms : 0;
    const int64_t values[GAUGE_COUNT_] = {
        [GAUGE_UNPUBLISHED] = levels.unpublished,
        [GAUGE_OLDEST_SECONDS] = age_ms > 0 ? age_ms / SECOND_MS : 0,
        [GAUGE_PARKED] = levels.parked,
        [GAUGE_DEAD] = levels.dead,
        [GAUGE_QUEUE_ENTRIES] = levels.queue_entries,
        [GAUGE_QUEUE_BYTES] = levels.queue_bytes,
        [GAUGE_FILE_BYTES] = levels.file_bytes,
        [GAUGE_FREE_BYTES] = levels.free_bytes,
        [GAUGE_GROUPS] = levels.groups,
        [GAUGE_ENTRIES] = levels.entries,
        [GAUGE_BELOW_RESERVE] = levels.below_reserve,
        [GAUGE_OVERDUE] = levels.is_overdue,
    };
    for (size_t i = 0; i < GAUGE_COUNT_; i++)
        metrics_set(ingest->gauges[i], values[i]);
}

void health_metrics(void *own, struct http_request *request)
{
    size_t size = 0;
    struct fault why;
    refresh_gauges(own);
    char *text = metrics_render(&size, &why);
    if (!text) {
        refuse_fault(request, &why);
        return;
    }
    http_answer(request, 200, "text/plain; version=0.0.4; charset=utf-8", text, size);
}

void health_openapi(void *own, struct http_request *request)
{
    const uintptr_t start = (uintptr_t)_binary_gateway_ingest_openapi_yaml_start;
    const uintptr_t end = (uintptr_t)_binary_gateway_ingest_openapi_yaml_end;
    (void)own;
    answer_text(request, 200, "application/yaml", _binary_gateway_ingest_openapi_yaml_start,
                end - start);
}
