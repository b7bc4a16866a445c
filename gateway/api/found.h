/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_FOUND_H
#define API_FOUND_H

#include "api/caller.h"
#include "api/station.h"

/** An entry of the spool, copied so that the reader can be asked more while it is looked at. */
struct found {
    struct spool_entry entry; /**< its pointers are into `memory`, or NULL */
    char *memory;
    struct spool_place place; /**< `number` 0 when it is not published or not known where */
};

/** Reads an entry and, once published, where it went.  FAULT_REFUSE when there is none. */
bool found_load(struct station *station, int64_t entry, struct found *found, struct fault *why)
    __attribute__((warn_unused_result));
void found_free(struct found *found);

/** The entry's event as the station recalls it; NULL when it has none or it cannot be read.
 */
const avro_value_t *found_event(struct station *station, const struct found *found);

/** Whether the caller sent the entry. */
bool found_is_own(const struct found *found, const struct caller *caller);
/** Whether the caller may see it: its own, or one that names an agency of its. */
bool found_is_visible(struct station *station, const struct found *found,
                      const struct caller *caller);

#endif
