/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_GAUGES_H
#define OPERATE_GAUGES_H

#include "base/metrics.h"
#include "spool/find.h"

#include <stdbool.h>

/** The numbers that alarms are made of: deploy/alerts.yaml. */
enum gauge {
    GAUGE_DEAD_ENTRIES,
    GAUGE_DEAD_DELIVERIES,
    GAUGE_PARKED_ENTRIES,
    GAUGE_PARKED_DELIVERIES,
    GAUGE_UNPUBLISHED,
    GAUGE_OLDEST_UNPUBLISHED,
    GAUGE_FREE_BYTES,
    GAUGE_BELOW_RESERVE,
    GAUGE_OVERDUE_ENTRIES,
    GAUGE_OVERDUE_DELIVERIES,
    GAUGE_TODAY_ENTRIES,
    GAUGE_TODAY_DELIVERIES,
    GAUGE_MISMATCH,
    GAUGE_AUDIT_BROKEN,
    GAUGE_PROVED_AT,
    GAUGE_COUNT
};
struct gauges {
    struct metric *all[GAUGE_COUNT];
};

void gauges_open(struct gauges *gauges);
void gauges_levels(const struct gauges *gauges, const struct spool_levels *levels, int64_t now_ms);
void gauges_due(const struct gauges *gauges, const struct due_counts *overdue,
                const struct due_counts *today);
void gauges_proofs(const struct gauges *gauges, int64_t mismatches, bool audit_holds,
                   int64_t now_ms);
void gauges_silent(const char *partner, bool is_silent);

#endif
