/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_FLOW_H
#define SPOOL_FLOW_H

#include "spool/delivery.h"

/** What operators watch: how much flows, who sends, and whether every day's deliveries add up. */

/** Counted up from some time on, so only differences mean something. */
struct spool_flow {
    int64_t received; /**< entries that were accepted */
    int64_t refused;  /**< documents */
    int64_t delivered;
};
/** Of the days from that of `from_ms` on; deliveries of ever.  Cheap: sums that are kept. */
bool spool_flow(struct spool_reader *reader, int64_t from_ms, struct spool_flow *flow,
                struct fault *why) __attribute__((warn_unused_result));

/** One hour, counted from the rows. */
struct spool_hour {
    int64_t hour_ms; /**< its beginning */
    int64_t received;
    int64_t published; /**< of what was received in it */
    int64_t delivered; /**< of what arrived since the first hour */
};
/** The hours from that of `from_ms` on in which there was anything, in order.  Reads each row of
 * that time: for a start, not for every look. */
bool spool_hours(struct spool_reader *reader, int64_t from_ms,
                 bool (*each)(void *own, const struct spool_hour *hour), void *own,
                 struct fault *why) __attribute__((warn_unused_result));

/** When each partner that ever sent something was last heard, from sums that are kept. */
bool spool_last_received(struct spool_reader *reader,
                         bool (*each)(void *own, const char *partner, int64_t at_ms), void *own,
                         struct fault *why) __attribute__((warn_unused_result));

/**
 * One partner's deliveries of one day: `arrived + moved = delivered + waiting + parked + dead +
 * discarded + pruned`, where the left is counted at arrival and at re-routes, and the right, but
 * for what is pruned, from the rows.
 */
struct spool_delivery_day {
    const char *partner; /**< NULL: unroutable ones */
    int32_t day;         /**< Vietnam's day of arrival, as 20250512 */
    int64_t arrived;
    int64_t moved; /**< re-routed to it, less re-routed away */
    int64_t delivered, waiting, parked, dead, discarded, pruned;
};
bool spool_delivery_days(struct spool_reader *reader, int32_t from_day, int32_t to_day,
                         bool (*each)(void *own, const struct spool_delivery_day *day), void *own,
                         struct fault *why) __attribute__((warn_unused_result));

#endif
