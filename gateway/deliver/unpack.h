/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_UNPACK_H
#define DELIVER_UNPACK_H

#include "base/cleanup.h"
#include "event/schema.h"
#include "spool/reader.h"

/** Reads stored events, of whatever schema, as values of ours.  One thread's. */
struct unpack;
struct unpack *unpack_new(const struct schema *schema, struct fault *why)
    __attribute__((warn_unused_result));
void unpack_free(struct unpack *unpack);
ENDS_WITH_SCOPE(struct unpack *, unpack_free)

/** One event as stored. */
struct packed {
    const char *bytes;
    size_t size;
    int32_t schema_no;
};

/** The event; borrowed until the next call, and the caller's to change until then.  The reader is
 * asked for a schema that is met for the first time. */
avro_value_t *unpack_event(struct unpack *unpack, struct spool_reader *reader,
                           const struct packed *packed, struct fault *why)
    __attribute__((warn_unused_result));

#endif
