/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_RECALL_H
#define API_RECALL_H

#include "event/schema.h"
#include "spool/reader.h"

/** Reads the spool's events back, also those that were stored under an earlier schema. */
struct recall;

struct recall *recall_new(void);
void recall_free(struct recall *recall);

/**
 * The event, in the schema that wrote it; borrowed until the next call.  NULL when it cannot be
 * read.
 */
const avro_value_t *recall_event(struct recall *recall, struct spool_reader *reader,
                                 int32_t schema_no, const void *bytes, size_t size,
                                 struct fault *why) __attribute__((warn_unused_result));

/** An event as the spool has it. */
struct stored_event {
    int32_t schema_no;
    const char *bytes;
    size_t size;
};

/**
 * The same, carried over to `ours`, whatever schema wrote it; the caller's to change until the next
 * call.  `ours` is the same at every call of one recall.
 */
avro_value_t *recall_as_ours(struct recall *recall, struct spool_reader *reader,
                             const struct stored_event *stored, const struct schema *ours,
                             struct fault *why) __attribute__((warn_unused_result));

#endif
