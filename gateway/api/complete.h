/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_COMPLETE_H
#define API_COMPLETE_H

#include "adapt/adapter.h"

/** What the gateway itself knows of a handoff; the document does not say it. */
struct circumstances {
    const char *system; /**< the partner's id */
    const char *payload_sha256;
    const char *trace_id;
    int64_t received_at_ms;
};

/**
 * Sets the fields of the gateway in an item's event: its id, times, source and trace, and the tags
 * of docs/adapters.md that need the arrival.  `source.raw_ref` stays null: the receipt is made by
 * the storing of this very event.
 */
bool complete_event(struct workbench *bench, const struct adapt_item *item,
                    const struct circumstances *circumstances, uint8_t event_id[UUID_SIZE],
                    struct fault *why) __attribute__((warn_unused_result));

#endif
