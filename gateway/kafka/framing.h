/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_FRAMING_H
#define KAFKA_FRAMING_H

#include "event/registry.h"
#include "event/schema.h"
#include "event/wire.h"
#include "spool/reader.h"

/**
 * What stands before the Avro bytes of a record, by the spool's number of their schema.  With a
 * registry it is the registry's id under the subject TOPIC-value, asked for once and pinned in the
 * spool for good; each process looks once whether the registry still has that schema under it.
 * Without one it is the schema's fingerprint.  For one thread.
 */
struct framing;

/** Keeps all three; `registry` may be NULL. */
struct framing *framing_new(struct spool *spool, struct spool_reader *reader,
                            struct registry *registry, struct fault *why)
    __attribute__((warn_unused_result));
void framing_free(struct framing *framing);

/** The size of every prefix that it gives. */
size_t framing_size(const struct framing *framing);

/** The prefix of a schema for records of `topic`.  FAULT_RETRY while the registry is out of reach
 * and has not been asked before; FAULT_REFUSE when it refuses the schema, or has another under the
 * pinned id, or none. */
bool framing_prefix(struct framing *framing, const char *topic, int32_t schema_no,
                    struct wire_prefix *prefix, struct fault *why)
    __attribute__((warn_unused_result));

/** The same for a schema of our own, which gets a number in the spool when it has none. */
bool framing_prefix_of(struct framing *framing, const char *topic, const struct schema *schema,
                       struct wire_prefix *prefix, struct fault *why)
    __attribute__((warn_unused_result));

#endif
