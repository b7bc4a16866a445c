/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_CUSTODY_H
#define API_CUSTODY_H

#include "api/caller.h"
#include "api/station.h"
#include "base/digest.h"

/**
 * Whether the caller may have a file: it brought it, or an entry whose event names the file is the
 * caller's or concerns it.  A hash alone opens nothing.
 */
bool custody_may_see(struct station *station, const struct caller *caller,
                     const uint8_t sha256[SHA256_SIZE], bool *may, struct fault *why)
    __attribute__((warn_unused_result));

/**
 * Whether an event brings a file along: the entry of that event, as it was taken in here, uses it.
 * What else an event names is a hash that somebody wrote: the file is not to be sent with it, also
 * where the store has one of that hash.
 */
bool custody_event_brings(struct spool_reader *reader, const uint8_t event_id[UUID_SIZE],
                          const uint8_t sha256[SHA256_SIZE], bool *brings, struct fault *why)
    __attribute__((warn_unused_result));

/** Calls `each` with the hash of every file that the event names: of its documents, and by
 * reference in source_extra. */
bool custody_each_file(const avro_value_t *event,
                       bool (*each)(void *own, const uint8_t *sha256, struct fault *why), void *own,
                       struct fault *why) __attribute__((warn_unused_result));

#endif
