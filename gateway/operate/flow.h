/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_FLOW_H
#define OPERATE_FLOW_H

#include <stdbool.h>
#include <stdint.h>

/** How much flowed in each of the last 24 hours.  Begins as {0}; its owner guards it. */
enum { FLOW_HOURS = 24 };
enum flow_kind { FLOW_RECEIVED, FLOW_PUBLISHED, FLOW_DELIVERED, FLOW_REFUSED, FLOW_KINDS };

struct flow_hour {
    int64_t hour_ms; /**< its beginning; 0: not used yet */
    int64_t counts[FLOW_KINDS];
    bool is_before_start; /**< FLOW_REFUSED is not known */
};
struct flow {
    struct flow_hour hours[FLOW_HOURS]; /**< by hour, round and round */
    int64_t totals[FLOW_KINDS];         /**< as they were at the last look */
    bool is_begun;
};

/** What was counted for an hour before the start. */
void flow_seed(struct flow *flow, const struct flow_hour *hour);
/** Totals that only go up, as they are now: what they gained belongs to the hour of `now_ms`.  One
 * that is lower than before began anew. */
void flow_look(struct flow *flow, int64_t now_ms, const int64_t totals[FLOW_KINDS]);
/** The hour that was `back` hours before that of `now_ms`; all 0 when nothing is known of it. */
struct flow_hour flow_at(const struct flow *flow, int64_t now_ms, int back);

#endif
