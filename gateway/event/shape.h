/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVENT_SHAPE_H
#define EVENT_SHAPE_H

#include <avro.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * A schema as a tree that code can walk: what avro-c drops (defaults, aliases, logical types, marks
 * of our own) beside what it keeps.  A named type is one shape, shared by all who refer to it; none
 * contains itself, so every walk ends.
 */
struct shape {
    avro_type_t type;           /**< never AVRO_LINK */
    char *name;                 /**< with namespace; of a record, an enum, a fixed; else NULL */
    const char *logical;        /**< the logicalType, or NULL */
    const char *bare;           /**< the name without namespace, inside it; NULL as that is */
    size_t count;               /**< of fields, symbols or branches */
    struct shape_field *fields; /**< of a record */
    const char **symbols;       /**< of an enum */
    const struct shape **parts; /**< branches of a union; the one item type of array and map */
    size_t size;                /**< of a fixed */
    int fallback;               /**< of an enum: index of its default, -1 for none */
    int height;                 /**< levels of nesting below and with it; 1 for a primitive */
    size_t weight;              /**< values that one fresh value of it holds */
    bool is_open;               /**< while it is being built */
    struct shape *next;         /**< the order of building */
};

struct shape_field {
    const char *name;
    const struct shape *shape;
    json_t *fallback;     /**< its default, which fits the shape; NULL when it has none */
    json_t *aliases;      /**< an array of strings, or NULL */
    const char *personal; /**< the mark `pii`, or NULL */
    const char *mask;     /**< the mark `mask`: how event/mask.h hides it; or NULL */
};

/** All shapes of one schema. */
struct shapes {
    json_t *json; /**< what the texts above are borrowed from */
    const struct shape *root;
    struct shape *first;
    struct shape *last;
    size_t count;
};

void shapes_free(struct shapes *shapes);

/** The shape of a named type, or NULL.  `space` is its namespace, or NULL. */
const struct shape *shapes_find(const struct shapes *shapes, const char *space, const char *name);

/** The index of a field or a symbol, or -1. */
int shape_field_index(const struct shape *record, const char *name);
int shape_symbol_index(const struct shape *enumeration, const char *symbol);

/** The union's null branch, or -1. */
int shape_null_branch(const struct shape *shape);

/** "record", "long", ... */
const char *shape_type_name(avro_type_t type);

#endif
