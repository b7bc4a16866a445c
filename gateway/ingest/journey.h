/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_JOURNEY_H
#define INGEST_JOURNEY_H

#include "api/found.h"
#include "http/problem.h"
#include "spool/delivery.h"

/** Who asks, and in which language the sentences are. */
struct listener {
    struct station *station;
    const struct caller *caller;
    enum http_language language;
};

/**
 * Where an entry's event went and what became of each delivery, as a list of JSON objects that the
 * caller owns: docs/http.md shows them.  Its sender is told all; who else may see the entry is told
 * of those that the event's own agencies led to, without causes, and of its own.  NULL with a
 * fault.
 */
json_t *journey_tell(const struct listener *listener, const struct found *found, struct fault *why)
    __attribute__((warn_unused_result));

#endif
