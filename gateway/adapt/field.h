/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_FIELD_H
#define ADAPT_FIELD_H

#include "event/schema.h"
#include "event/shape.h"

#include <avro.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FIELD_DEPTH = 4, FIELD_LIMIT = 256 };

enum field_type {
    FIELD_TEXT,
    FIELD_INT,
    FIELD_LONG,
    FIELD_BOOLEAN,
    FIELD_ENUM,
    FIELD_TEXTS,   /**< an array of strings: `alias_codes[]` */
    FIELD_RECORDS, /**< an array of records: `documents[]` */
    FIELD_MAP,     /**< a map of strings: `eform{}` */
};

/** One place of the event, by the indexes that lead there: no name is looked up while reading. */
struct field {
    char *name;                /**< as adapters write it: "times.due_at", "documents[].name" */
    const char *personal;      /**< schema_personal's answer */
    const struct field *list;  /**< of a member of an array's records: the array; else NULL */
    size_t steps[FIELD_DEPTH]; /**< record by record, from the event or the array's record */
    int branches[FIELD_DEPTH]; /**< the union's branch that holds the value; -1: no union */
    int nulls[FIELD_DEPTH];    /**< its null branch, or -1 */
    const struct shape *shapes[FIELD_DEPTH]; /**< of the value at each step */
    const struct shape *element;             /**< of an array: of its records */
    size_t depth;
    enum field_type type;
    bool is_time;    /**< milliseconds since 1970 */
    uint32_t number; /**< the same for every adapter of the schema */
};

/** All fields of a schema. */
struct fields {
    struct field *list;
    size_t count;
    const struct schema *schema;
};

/**
 * Walks the schema of the event.  FAULT_REFUSE names a field of a type that no adapter can fill.
 */
struct fields *fields_new(const struct schema *schema, struct fault *why)
    __attribute__((warn_unused_result));
void fields_free(struct fields *fields);

/** The field of that name, or NULL. */
const struct field *fields_find(const struct fields *fields, const char *name);

/**
 * Where the field is written: every union on the way is set to its value's branch, records that
 * were null are put to their defaults.  `base` is the event, or the record in an array for its
 * members.
 */
bool field_open(const struct field *field, const avro_value_t *base, avro_value_t *place,
                struct fault *why) __attribute__((warn_unused_result));

/** Where the field is read: false when it, or a record above it, is null. */
bool field_look(const struct field *field, const avro_value_t *base, avro_value_t *place);

/** The text of a field; false when it is null or no text.  Borrowed from the event. */
bool field_text(const struct field *field, const avro_value_t *base, const char **text,
                size_t *size);

#endif
