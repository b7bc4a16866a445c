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
    const struct http_route *route; /* NULL: requests without one */
    struct metric *answers[ANSWER_KINDS];
    struct metric *seconds;
};

struct meter {
    struct metric *connections;
    struct route_meter meters[]; /* ends with the one for requests without a route */
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

static size_t count_routes(const struct http_table *tables)
{
    size_t count = 0;
    for (; tables->routes; tables++) {
        for (const struct http_route *route = tables->routes; route->method; route++)
            count++;
    }
    return count;
}

static bool measure_all(struct route_meter *meter, const struct http_table *tables,
                        struct fault *why)
{
    for (; tables->routes; tables++) {
        for (const struct http_route *route = tables->routes; route->method; route++, meter++) {
            meter->route = route;
            if (!measure(meter, route->method, route->pattern, why))
                return false;
        }
    }
    return measure(meter, "", "none", why);
}

struct meter *meter_new(const struct http_table *tables, struct fault *why)
{
    auto_free(free) struct meter *meter =
        calloc(1, sizeof *meter + (count_routes(tables) + 1) * sizeof meter->meters[0]);
    if (!meter) {
        (void)fault_memory(why);
        return NULL;
    }
    meter->connections =
        metrics_gauge("lienthong_http_connections", "Open HTTP connections.", NULL);
    return measure_all(meter->meters, tables, why) ? steal(meter) : NULL;
}

void meter_free(struct meter *meter)
{
    free(meter); /* the metrics live as long as the process */
}

void meter_count(struct meter *meter, const struct http_route *route, int status,
                 int64_t microseconds)
{
    const struct route_meter *at = meter->meters;
    while (at->route && at->route != route)
        at++;
    size_t kind = status >= 100 && status < 600 ? (size_t)status / 100 : 0;
    metrics_add(at->answers[kind], 1);
    metrics_observe_us(at->seconds, microseconds);
}

void meter_connections(struct meter *meter, int change)
{
    metrics_add(meter->connections, change);
}
