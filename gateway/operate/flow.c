/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of hours. */
#include "operate/flow.h"

static const int64_t hour_length_ms = 3600000;

/* The place of an hour, which is emptied of an older one. */
static struct flow_hour *place_of(struct flow *flow, int64_t hour_ms)
{
    struct flow_hour *hour = &flow->hours[hour_ms / hour_length_ms % FLOW_HOURS];
    if (hour->hour_ms < hour_ms)
        *hour = (struct flow_hour){.hour_ms = hour_ms};
    return hour;
}

void flow_seed(struct flow *flow, const struct flow_hour *seed)
{
    struct flow_hour *hour = place_of(flow, seed->hour_ms);
    if (hour->hour_ms != seed->hour_ms)
        return;
    for (int kind = 0; kind < FLOW_KINDS; kind++)
        hour->counts[kind] += seed->counts[kind];
    hour->is_before_start = true;
}

void flow_look(struct flow *flow, int64_t now_ms, const int64_t totals[FLOW_KINDS])
{
    struct flow_hour *hour = place_of(flow, now_ms - now_ms % hour_length_ms);
    for (int kind = 0; kind < FLOW_KINDS; kind++) {
        int64_t gained = totals[kind] - flow->totals[kind];
        if (flow->is_begun && gained > 0)
            hour->counts[kind] += gained;
        flow->totals[kind] = totals[kind];
    }
    flow->is_begun = true;
}

struct flow_hour flow_at(const struct flow *flow, int64_t now_ms, int back)
{
    int64_t hour_ms = now_ms - now_ms % hour_length_ms - back * hour_length_ms;
    const struct flow_hour *hour = &flow->hours[hour_ms / hour_length_ms % FLOW_HOURS];
    return hour->hour_ms == hour_ms ? *hour : (struct flow_hour){.hour_ms = hour_ms};
}
