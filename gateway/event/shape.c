/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of a schema's types: finding one's way in it, and letting go of it. */
#include "event/shape.h"

#include <stdlib.h>
#include <string.h>

const char *shape_type_name(avro_type_t type)
{
    static const char *const names[] = {
        [AVRO_NULL] = "null",   [AVRO_BOOLEAN] = "boolean", [AVRO_INT32] = "int",
        [AVRO_INT64] = "long",  [AVRO_FLOAT] = "float",     [AVRO_DOUBLE] = "double",
        [AVRO_BYTES] = "bytes", [AVRO_STRING] = "string",   [AVRO_RECORD] = "record",
        [AVRO_ENUM] = "enum",   [AVRO_FIXED] = "fixed",     [AVRO_ARRAY] = "array",
        [AVRO_MAP] = "map",     [AVRO_UNION] = "union",     [AVRO_LINK] = "link",
    };
    return names[type];
}

int shape_field_index(const struct shape *record, const char *name)
{
    for (size_t at = 0; at < record->count; at++)
        if (strcmp(record->fields[at].name, name) == 0)
            return (int)at;
    return -1;
}

int shape_symbol_index(const struct shape *enumeration, const char *symbol)
{
    for (size_t at = 0; at < enumeration->count; at++)
        if (strcmp(enumeration->symbols[at], symbol) == 0)
            return (int)at;
    return -1;
}

int shape_null_branch(const struct shape *shape)
{
    for (size_t at = 0; at < shape->count; at++)
        if (shape->parts[at]->type == AVRO_NULL)
            return (int)at;
    return -1;
}

static void shape_free(struct shape *shape)
{
    free(shape->name);
    free(shape->fields);
    free(shape->symbols);
    free(shape->parts);
    free(shape);
}

void shapes_free(struct shapes *shapes)
{
    if (!shapes)
        return;
    for (struct shape *shape = shapes->first; shape;) {
        struct shape *next = shape->next;
        shape_free(shape);
        shape = next;
    }
    json_decref(shapes->json);
    free(shapes);
}

const struct shape *shapes_find(const struct shapes *shapes, const char *space, const char *name)
{
    size_t size = space && *space ? strlen(space) + 1 : 0; /* with the dot behind it */
    for (const struct shape *shape = shapes->first; shape; shape = shape->next)
        if (shape->name && (size_t)(shape->bare - shape->name) == size &&
            strcmp(shape->bare, name) == 0 &&
            (size == 0 || memcmp(shape->name, space, size - 1) == 0))
            return shape;
    return NULL;
}
