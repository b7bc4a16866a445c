/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_WORDS_H
#define KAFKA_WORDS_H

#include "base/digest.h"
#include "event/schema.h"

/** What an event says of itself and the spool keeps beside it. */
struct words {
    char *source;           /**< the caller owns it */
    char *dossier_code;     /**< the caller owns it */
    const char *event_type; /**< borrowed from the schema */
    uint8_t event_id[UUID_SIZE];
    int64_t occurred_at_ms;
    int64_t due_at_ms; /**< 0 when it has none */
};

/** Reads them from an event under our schema.  An id that is no UUID, as another writer may give,
 * becomes one, the same each time.  FAULT_BROKEN alone: the schema is not of events. */
bool words_read(const struct schema *schema, const avro_value_t *event, struct words *words,
                struct fault *why) __attribute__((warn_unused_result));

#endif
