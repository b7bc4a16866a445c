/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_ROUTE_H
#define DELIVER_ROUTE_H

#include "base/agency_code.h"
#include "base/fault.h"
#include "directory/directory.h"
#include "spool/delivery.h"

#include <avro.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * Where an event goes, from what it says and the directory alone: the same event under the same
 * directory always goes to the same places.
 *
 * 1. What hands over (HANDED_OFF), and whatever else the handing side says of a handoff, goes to
 *    the partner that speaks for `handoff.to_agency`.
 * 2. Answers of the receiving side (accepted, returned, steps, states, results) go to the origin:
 *    the partner that speaks for `handoff.from_agency`, else for the agency at the front of the
 *    dossier's code, else for `receiving_agency`.
 * 3. What the origin says without naming a handoff goes to the partner that speaks for
 *    `holder_agency`.
 * 4. Subscriptions by filter.
 *
 * Which side speaks is told by the sender: it is the side of which it has the very agency that the
 * side's partner is found by; where that tells nothing, the event's type decides.
 *
 * An agency is resolved on the event's day: validity, alias codes, successors.  What is dated
 * before an agency closed goes to the partner that spoke for it then, also when it comes later;
 * what is dated after that goes to its successor's.  Which of several partners speaks for an agency
 * is told at directory_partner_for.  Nothing goes back to the partner that sent it, and nobody gets
 * it twice.
 *
 * Only a handoff (HANDED_OFF, HANDOFF_RECALLED) and its return (HANDOFF_RETURNED) that cannot reach
 * anybody are unroutable: dead letters.  What reaches nobody of all else, what stays with its
 * sender, and what is for a partner with `deliver.by: none`, which reads Kafka itself, goes
 * nowhere, and the note says so.
 */
enum { ROUTE_TEXT_SIZE = 320 };

struct route_target {
    const struct partner *partner; /**< NULL: it should go to `agency` and cannot; borrowed */
    const char *agency; /**< as the event has it; NULL: a subscription, or no code; borrowed
                             from the event, the directory or the route, which stays in place */
    char reason[ROUTE_TEXT_SIZE]; /**< one line for an official, in English */
    char reason_vi[ROUTE_TEXT_SIZE];
    const char
        *cause; /**< when partner is NULL: "route /handoff/to_agency WHAT", of a return
                     "route /handoff/from_agency WHAT", WHAT one of
                     missing, malformed, unknown, not-yet-valid, closed, nobody; a constant */
};

struct route {
    struct route_target *targets; /**< the caller frees them with route_free */
    size_t count;
    char note[ROUTE_TEXT_SIZE]; /**< why nobody gets it by its address; empty when somebody does */
    char note_vi[ROUTE_TEXT_SIZE];
    char front[AGENCY_CODE_LIMIT + 1]; /**< of the dossier's code: a target's agency may be it */
};

/** The targets of one event; `source` is the partner that sent it.  The first target is that of the
 * address, where there is one.  At most 1 + SUBSCRIBERS_MOST.  Fails only without memory. */
bool route_event(const struct directory *directory, const avro_value_t *event, const char *source,
                 struct route *route, struct fault *why) __attribute__((warn_unused_result));
void route_free(struct route *route);

/** A delivery that is not over. */
struct route_waiting {
    const char *agency;  /**< as stored with it; NULL: a subscription, or a person's choice */
    int32_t event_day;   /**< when the event happened */
    int32_t arrived_day; /**< when the delivery was made */
};

/** Borrows its agency. */
struct route_waiting route_waiting_of(const struct spool_delivery *delivery);

/**
 * Who gets on `today` what waits, after its agency has closed: `*partner` is NULL, and the reason
 * empty, when no agency has closed; else it may be the one that has it already.
 *
 * An agency that closed after the delivery was made is followed to its successor.  So is one that,
 * as is known by now, had closed when the event happened: the delivery was made before the
 * directory said so.  What happened before an agency closed and came after it stays where it is:
 * that system was right, and is asked for it still.  Only partners that are delivered to count.
 */
void route_again(const struct directory *directory, const struct route_waiting *waiting,
                 int32_t today, const struct partner **partner, char reason[ROUTE_TEXT_SIZE]);

/** Whether that partner is the one to get it for its agency: on the event's day as for a new event,
 * or `today`; of an agency that has closed, whoever route_again names. */
bool route_is_for(const struct directory *directory, const struct route_waiting *waiting,
                  int32_t today, const char *partner);

/** One of a partner to which nothing is delivered any more. */
struct route_gone {
    struct route_waiting waiting;
    const char *partner; /**< to whom it was to go */
    const char *source;  /**< who sent it; NULL: not known */
};

/** Whether there is a partner of that name to which something is delivered. */
bool route_reaches(const struct directory *directory, const char *partner);

/**
 * Who gets it: whoever speaks for its agency on the event's day, as for a new event, else `today`.
 * `*partner` is NULL when that is nobody, or who sent it, or when it has no agency; the reason then
 * says what can be done.
 */
void route_instead(const struct directory *directory, const struct route_gone *gone, int32_t today,
                   const struct partner **partner, char reason[ROUTE_TEXT_SIZE]);

#endif
