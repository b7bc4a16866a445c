/* SPDX-License-Identifier: Apache-2.0 */
/* The metrics of one server.  Handles are asked for once, so that counting is two additions. */
#include "http/meter.h"

#include "base/cleanup.h"
#include "base/metrics.h"

#include <stdio.h>

/* Cut before an answer, then 1xx to 5xx. */
enum { ANSWER_KINDS = 6 };
static const char *const kind_names[ANSWER_KINDS] = {"cut", "1xx", "2xx", "3xx", "4xx", "5xx"};

struct route_meter {
    struct metric *answers[ANSWER_KINDS];
    struct metric *seconds;
};

struct meter {
    const struct http_route *routes;
    struct metric *connections;
    size_t count;                /* of routes; the last of `meters` is for requests without one */
    struct route_meter meters[]; /* count + 1 */
};

static bool measure(struct route_meter *meter, const char *method, const char *pattern,
                    struct fault *why)
{
    for (size_t kind = 0; kind < ANSWER_KINDS; kind++) {
        auto_free(free) char *labels = NULL;
        if (asprintf(&labels, "method=\"%s\",route=\"%s\",answer=\"%s\"", method, pattern,
                     kind_names[kind]) < 0)
            return fault_memory(why);
        meter->answers[kind] = metrics_counter(
            "lienthong_http_requests_total", "HTTP requests by route and kind of answer.", labels);
    }
    auto_free(free) char *labels = NULL;
    if (asprintf(&labels, "method=\"%s\",route=\"%s\"", method, pattern) < 0)
        return fault_memory(why);
    meter->seconds = metrics_histogram("lienthong_http_request_seconds",
                                       "From a request's head to the end of its answer.", labels);
    return true;
}

struct meter *meter_new(const struct http_route *routes, struct fault *why)
{
    size_t count = 0;
    while (routes[count].method)
        count++;
    auto_free(free) struct meter *meter =
        calloc(1, sizeof *meter + (count + 1) * sizeof meter->meters[0]);
    if (!meter) {
        (void)fault_memory(why);
        return NULL;
    }
    meter->routes = routes;
    meter->count = count;
    meter->connections =
        metrics_gauge("lienthong_http_connections", "Open HTTP connections.", NULL);
    for (size_t i = 0; i < count; i++) {
        if (!measure(&meter->meters[i], routes[i].method, routes[i].pattern, why))
            return NULL;
    }
    if (!measure(&meter->meters[count], "", "none", why))
        return NULL;
    return steal(meter);
}

void meter_free(struct meter *meter)
{
    free(meter); /* the metrics live as long as the process */
}

void meter_count(struct meter *meter, const struct http_route *route, int status,
                 int64_t microseconds)
{
    size_t index = route ? (size_t)(route - meter->routes) : meter->count;
    size_t kind = status >= 100 && status < 600 ? (size_t)status / 100 : 0;
    metrics_add(meter->meters[index].answers[kind], 1);
    metrics_observe_us(meter->meters[index].seconds, microseconds);
}

void meter_connections(struct meter *meter, int change)
{
    metrics_add(meter->connections, change);
}
