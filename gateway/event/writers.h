/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVENT_WRITERS_H
#define EVENT_WRITERS_H

#include "event/registry.h"
#include "event/schema.h"
#include "event/wire.h"

/** The schemas that records were written with: the gateway's own by their fingerprints, others by
 * the registry's ids, each fetched once, and again only where a thousand others came between.  For
 * one thread. */
struct writers;

/** How much a stranger's record may hold. */
extern const struct wire_limits writers_limits;

/** Keeps `registry`, which may be NULL. */
struct writers *writers_new(struct registry *registry, struct fault *why)
    __attribute__((warn_unused_result));
void writers_free(struct writers *writers);

/** Makes a schema known by its fingerprint; keeps it. */
bool writers_add(struct writers *writers, const struct schema *schema, struct fault *why)
    __attribute__((warn_unused_result));

/** Makes a schema known by a registry's id too, so that the registry need not be asked; keeps it.
 */
bool writers_pin(struct writers *writers, int32_t registry_id, const struct schema *schema,
                 struct fault *why) __attribute__((warn_unused_result));

/** The schema of a framed record, and how many bytes stand before its datum.  FAULT_REFUSE when it
 * is not framed or its schema is not known; otherwise as registry_text.  One of the gateway's own
 * is given as that, whatever its id.  Borrowed until the next call. */
const struct schema *writers_find(struct writers *writers, const void *bytes, size_t size,
                                  size_t *prefix, struct fault *why)
    __attribute__((warn_unused_result));

/** The schema of that fingerprint, from its text when it is not known yet; borrowed for good. */
const struct schema *writers_learn(struct writers *writers, uint64_t fingerprint, const char *text,
                                   struct fault *why) __attribute__((warn_unused_result));

#endif
