/* SPDX-License-Identifier: Apache-2.0 */
/* What the lookout sees, as metrics. */
#include "operate/gauges.h"

#include <stdio.h>

enum { LABELS_SIZE = 80 };

#define ENTRIES    "kind=\"entries\""
#define DELIVERIES "kind=\"deliveries\""

static const struct {
    const char *name, *help, *labels;
} table[GAUGE_COUNT] = {
    [GAUGE_DEAD_ENTRIES] = {"lienthong_dead", "what needs a person", ENTRIES},
    [GAUGE_DEAD_DELIVERIES] = {"lienthong_dead", "what needs a person", DELIVERIES},
    [GAUGE_PARKED_ENTRIES] = {"lienthong_parked", "what waits behind it", ENTRIES},
    [GAUGE_PARKED_DELIVERIES] = {"lienthong_parked", "what waits behind it", DELIVERIES},
    [GAUGE_UNPUBLISHED] = {"lienthong_unpublished", "numbers above the watermark", NULL},
    [GAUGE_OLDEST_UNPUBLISHED] = {"lienthong_oldest_unpublished_seconds",
                                  "age of the oldest entry that is to be published", NULL},
    [GAUGE_FREE_BYTES] = {"lienthong_disk_free_bytes", "on the spool's disk", NULL},
    [GAUGE_BELOW_RESERVE] = {"lienthong_disk_below_reserve", "1: nothing more is accepted", NULL},
    [GAUGE_OVERDUE_ENTRIES] = {"lienthong_overdue", "not over, and their due date is past",
                               ENTRIES},
    [GAUGE_OVERDUE_DELIVERIES] = {"lienthong_overdue", "not over, and their due date is past",
                                  DELIVERIES},
    [GAUGE_TODAY_ENTRIES] = {"lienthong_due_today", "not over, and due today", ENTRIES},
    [GAUGE_TODAY_DELIVERIES] = {"lienthong_due_today", "not over, and due today", DELIVERIES},
    [GAUGE_MISMATCH] = {"lienthong_reconcile_mismatch",
                        "partners' days that do not add up: something disappeared", NULL},
    [GAUGE_AUDIT_BROKEN] = {"lienthong_audit_broken", "1: the record of acts was changed", NULL},
    [GAUGE_PROVED_AT] = {"lienthong_proved_timestamp_seconds",
                         "when the two above were looked at last", NULL},
};

void gauges_open(struct gauges *gauges)
{
    for (int i = 0; i < GAUGE_COUNT; i++)
        gauges->all[i] = metrics_gauge(table[i].name, table[i].help, table[i].labels);
}

void gauges_levels(const struct gauges *gauges, const struct spool_levels *levels, int64_t now_ms)
{
    int64_t age_ms =
        levels->oldest_ms && now_ms > levels->oldest_ms ? now_ms - levels->oldest_ms : 0;
    metrics_set(gauges->all[GAUGE_DEAD_ENTRIES], levels->dead);
    metrics_set(gauges->all[GAUGE_DEAD_DELIVERIES], levels->deliveries_dead);
    metrics_set(gauges->all[GAUGE_PARKED_ENTRIES], levels->parked);
    metrics_set(gauges->all[GAUGE_PARKED_DELIVERIES], levels->deliveries_parked);
    metrics_set(gauges->all[GAUGE_UNPUBLISHED], levels->unpublished);
    metrics_set(gauges->all[GAUGE_OLDEST_UNPUBLISHED], age_ms / 1000);
    metrics_set(gauges->all[GAUGE_FREE_BYTES], levels->free_bytes);
    metrics_set(gauges->all[GAUGE_BELOW_RESERVE], levels->below_reserve);
}

void gauges_due(const struct gauges *gauges, const struct due_counts *overdue,
                const struct due_counts *today)
{
    metrics_set(gauges->all[GAUGE_OVERDUE_ENTRIES], overdue->entries);
    metrics_set(gauges->all[GAUGE_OVERDUE_DELIVERIES], overdue->deliveries);
    metrics_set(gauges->all[GAUGE_TODAY_ENTRIES], today->entries);
    metrics_set(gauges->all[GAUGE_TODAY_DELIVERIES], today->deliveries);
}

void gauges_proofs(const struct gauges *gauges, int64_t mismatches, bool audit_holds,
                   int64_t now_ms)
{
    metrics_set(gauges->all[GAUGE_MISMATCH], mismatches);
    metrics_set(gauges->all[GAUGE_AUDIT_BROKEN], !audit_holds);
    metrics_set(gauges->all[GAUGE_PROVED_AT], now_ms / 1000);
}

void gauges_silent(const char *partner, bool is_silent)
{
    char labels[LABELS_SIZE];
    (void)snprintf(labels, sizeof labels, "partner=\"%s\"", partner);
    metrics_set(metrics_gauge("lienthong_source_silent",
                              "1: it sent before and has not for longer than is usual", labels),
                is_silent);
}
