/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVENT_WIRE_H
#define EVENT_WIRE_H

#include "event/schema.h"

/**
 * What stands before an Avro datum in a record.  Confluent's: byte 0, then the registry's id, four
 * bytes, most significant first.  Avro's single object encoding: C3 01, then the fingerprint, eight
 * bytes, least significant first (Avro specification 1.11, "Single-object encoding").
 */
enum { WIRE_CONFLUENT_SIZE = 5, WIRE_SINGLE_OBJECT_SIZE = 10, WIRE_PREFIX_SIZE = 10 };

struct wire_prefix {
    uint8_t bytes[WIRE_PREFIX_SIZE];
    size_t size;
};

struct wire_prefix wire_confluent(int32_t schema_id);
struct wire_prefix wire_single_object(uint64_t fingerprint);

enum wire_framing { WIRE_UNKNOWN, WIRE_CONFLUENT, WIRE_SINGLE_OBJECT };

/** What frames these bytes; `prefix_size` and the id or fingerprint are given back. */
enum wire_framing wire_recognise(const void *bytes, size_t size, int32_t *schema_id,
                                 uint64_t *fingerprint, size_t *prefix_size);

/** Encodes `value` alone, without prefix.  The caller owns the bytes.  Refuses what avro-c would
 * write blindly: an enum symbol out of range. */
char *wire_encode(const struct schema *schema, avro_value_t *value, size_t *size, struct fault *why)
    __attribute__((warn_unused_result));

/** How much a foreign record may hold. */
struct wire_limits {
    size_t text_size; /**< bytes of one string or bytes value */
    size_t items;     /**< of all arrays and maps together */
    int depth;
};

/**
 * Checks foreign bytes against the schema before avro-c sees them: lengths, counts, union and enum
 * indexes, depth, UTF-8 of strings, and that the datum ends where the bytes end.  Never allocates.
 */
bool wire_check(const struct schema *schema, const void *bytes, size_t size,
                const struct wire_limits *limits, struct fault *why)
    __attribute__((warn_unused_result));

/** wire_check, then decodes into `value`, which the caller made from schema->iface. */
bool wire_decode(const struct schema *schema, const void *bytes, size_t size,
                 const struct wire_limits *limits, avro_value_t *value, struct fault *why)
    __attribute__((warn_unused_result));

#endif
