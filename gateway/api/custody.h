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

/** A document that names files by its event, and what is done with them. */
/** Files that the sender of a document may not name, as far as was asked.  Begins as {0}. */
enum { CUSTODY_STRANGERS = 256 };
struct custody_strangers {
    uint8_t files[CUSTODY_STRANGERS][SHA256_SIZE];
    size_t count;
};

struct custody_naming {
    struct station *station;
    const struct caller *caller; /**< who sent it */
    bool (*came_along)(const void *own, const uint8_t *sha256);
    bool (*use)(void *own, const uint8_t *sha256, struct fault *why);
    void *own;
    struct custody_strangers *strangers; /**< of the whole document; NULL: each is asked for */
};

/** Uses every file that the event names and that its sender may name: one that came along in this
 * very document, or that the sender may have.  Others are passed over: that somebody knows a hash
 * does not make the file its own.  To ask takes milliseconds, so none is asked for twice, and when
 * the list of strangers is full the others are passed over too. */
bool custody_use_named(const struct custody_naming *naming, const avro_value_t *event,
                       struct fault *why) __attribute__((warn_unused_result));

/** Calls `each` with the hash of every file that the event names: of its documents, and by
 * reference in source_extra. */
bool custody_each_file(const avro_value_t *event,
                       bool (*each)(void *own, const uint8_t *sha256, struct fault *why), void *own,
                       struct fault *why) __attribute__((warn_unused_result));

#endif
