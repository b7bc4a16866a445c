/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVENT_SCHEMA_H
#define EVENT_SCHEMA_H

#include "base/fault.h"
#include "event/shape.h"

#include <avro.h>
#include <stddef.h>
#include <stdint.h>

/**
 * An Avro schema as the gateway holds it: the text of its file, which is what registries get, since
 * avro-c drops `doc`, defaults and logical types from what it prints; and the parsed form.
 * Immutable after loading, so threads share it.
 */
struct schema {
    char *text;
    size_t size;
    uint64_t fingerprint; /**< CRC-64-AVRO of its Parsing Canonical Form */
    avro_schema_t avro;
    avro_value_iface_t *iface; /**< the generic implementation; makes values of this schema */
    struct shapes *shapes;     /**< what avro-c does not keep: defaults, logical types, `pii` */
};

/** Loads an .avsc of our own: at most 1 MiB, parsed with jansson first (depth and duplicates). */
struct schema *schema_load(const char *path, struct fault *why) __attribute__((warn_unused_result));
/** The same from text in memory, as read from Kafka's registry or the spool; limits as above. */
struct schema *schema_parse(const char *text, size_t size, struct fault *why)
    __attribute__((warn_unused_result));
void schema_free(struct schema *schema);

/**
 * Puts every field of `value` to its default in the schema, or to null, "", 0, empty where it has
 * none.  A value from avro-c is not writable before that: its unions have no branch.  Call it on a
 * fresh or used value before filling it; and on a record that a union was just switched to.
 */
bool schema_reset(const struct schema *schema, avro_value_t *value, struct fault *why)
    __attribute__((warn_unused_result));
/** The same for a value of a named record inside the schema, as "vn.lienthong.v1.Applicant". */
bool schema_reset_record(const struct schema *schema, avro_value_t *record, struct fault *why)
    __attribute__((warn_unused_result));

/** How a field is personal: NULL when it is not, else "basic", "staff" or "free".  `path` is as in
 * "applicant.name", "documents[].name", "eform{}". */
const char *schema_personal(const struct schema *schema, const char *path);

#endif
