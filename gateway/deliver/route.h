/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_ROUTE_H
#define DELIVER_ROUTE_H

#include "base/fault.h"
#include "directory/directory.h"

#include <avro.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * Where an event goes, from what it says and the directory alone: the same event under the same
 * directory always goes to the same places.
 *
 * 1. What hands over (HANDED_OFF), and whatever else the handing side says of a handoff, goes to
 * the partner that speaks for `handoff.to_agency`.
 * 2. Answers of the receiving side (accepted, returned, steps, states, results) go to the origin:
 *    the partner that speaks for `handoff.from_agency`, else for the agency at the front of the
 *    dossier's code, else for `receiving_agency`.
 * 3. What the origin says later without naming a handoff goes to the partner that speaks for
 *    `holder_agency`.
 * 4. Subscriptions by filter.
 *
 * An agency is resolved at the event's date: validity, alias codes, successors.  Nothing goes back
 * to the partner that sent it, and nobody gets it twice.
 */
enum { ROUTE_TEXT_SIZE = 200 };

struct route_target {
    const struct partner *partner; /**< NULL: it should go to `agency` and cannot; borrowed */
    const char *agency;            /**< as the event has it; NULL: a subscription; borrowed */
    char reason[ROUTE_TEXT_SIZE];  /**< one line for an official, in English */
    char reason_vi[ROUTE_TEXT_SIZE];
    const char *cause; /**< when partner is NULL: "route FIELD WHAT"; a constant */
};

struct route {
    struct route_target *targets; /**< the caller frees them with route_free */
    size_t count;
    char note[ROUTE_TEXT_SIZE]; /**< why it goes nowhere, when count is 0 */
};

/** The targets of one event; `source` is the partner that sent it.  Fails only without memory. */
bool route_event(const struct directory *directory, const avro_value_t *event, const char *source,
                 struct route *route, struct fault *why) __attribute__((warn_unused_result));
void route_free(struct route *route);

/**
 * Who gets on `today` what waits for `agency` since `arrived_day`: `*partner` is NULL when nothing
 * changes.  Only an agency that closed after the delivery was made is followed to its successor.
 */
void route_again(const struct directory *directory, const char *agency, int32_t arrived_day,
                 int32_t today, const struct partner **partner, char reason[ROUTE_TEXT_SIZE]);

#endif
