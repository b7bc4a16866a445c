/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include "base/fault.h"

#include <stddef.h>
#include <stdint.h>

/**
 * Counters, gauges and histograms of the process, as Prometheus reads them (text format 0.0.4).
 * A handle is asked for once, when its owner starts, and lives as long as the process; the same
 * name and labels give the same handle.  Adding is one atomic operation.  A handle is never NULL:
 * when memory is out the number is counted but not shown.
 */
struct metric;

/** `labels` is the inside of the braces, as `partner="motcua"`, or NULL.  Never personal data. */
struct metric *metrics_counter(const char *name, const char *help, const char *labels);
struct metric *metrics_gauge(const char *name, const char *help, const char *labels);
/** Buckets for seconds, 0.5 ms to 30 s; observed in microseconds. */
struct metric *metrics_histogram(const char *name, const char *help, const char *labels);

void metrics_add(struct metric *metric, int64_t by);
void metrics_set(struct metric *metric, int64_t value);
void metrics_observe_us(struct metric *metric, int64_t microseconds);
int64_t metrics_value(const struct metric *metric);

/** The whole exposition; the caller owns it. */
char *metrics_render(size_t *size, struct fault *why) __attribute__((warn_unused_result));

#endif
