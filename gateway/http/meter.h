/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_METER_H
#define HTTP_METER_H

#include "http/server.h"

/** Requests by route and kind of answer, their time, and the open connections. */
struct meter;

struct meter *meter_new(const struct http_table *tables, struct fault *why)
    __attribute__((warn_unused_result));
void meter_free(struct meter *meter);

/** One request is over: `route` NULL when it had none, `status` 0 when it was cut. */
void meter_count(struct meter *meter, const struct http_route *route, int status,
                 int64_t microseconds);
void meter_connections(struct meter *meter, int change);

#endif
