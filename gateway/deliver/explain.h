/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_EXPLAIN_H
#define DELIVER_EXPLAIN_H

#include "directory/directory.h"
#include "spool/delivery.h"

#include <jansson.h>

/**
 * Why an event went where it went.  `name` is the receipt of an entry, or "d-NUMBER" of one of the
 * event's deliveries.  The caller owns the answer:
 *
 *     {"event": {"event_id", "event_type", "dossier", "source", "occurred_at"},
 *      "stored": [{"delivery", "state", "partner", "agency", "reason", "cause", "directory",
 *                  "routed_at", "rerouted": [{"at", "text"}]}],
 *      "today": {"directory", "targets": [{"partner", "agency", "reason", "reason_vi", "cause"}],
 *                "note", "note_vi"}}
 *
 * `stored` is what was decided under the directory in force then, as it was written down with each
 * delivery; it is empty when no delivery of the event is kept.  `today` is what `directory` makes
 * of the same event now, by the same rules.  What is not there is left out; an unroutable one has
 * no partner, a subscription no agency, nor has what a person gave to a partner of their choice.
 *
 * FAULT_REFUSE when the spool has nothing of that name, or only what was never an event.
 */
json_t *explain_event(struct spool_reader *reader, const struct directory *directory,
                      const char *name, struct fault *why) __attribute__((warn_unused_result));

#endif
