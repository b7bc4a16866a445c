/* SPDX-License-Identifier: Apache-2.0 */
/* A schema as the gateway holds it: its text, its shapes, and avro-c's parse, all of one mind. */
#include "event/schema.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "event/canonical.h"
#include "event/fallback.h"
#include "event/shape_reader.h"

enum { TEXT_LIMIT = 1024 * 1024 };

ENDS_WITH_SCOPE(struct schema *, schema_free)

/* ---- does avro-c read the text as we do? ---- */

/** Our shape of a named type of avro-c's; NULL when there is none. */
static const struct shape *shape_of(const struct schema *schema, avro_schema_t avro)
{
    return shapes_find(schema->shapes, avro_schema_namespace(avro), avro_schema_name(avro));
}

static bool agrees(const struct schema *schema, const struct shape *shape, avro_schema_t avro);

static bool record_agrees(const struct schema *schema, const struct shape *shape,
                          avro_schema_t avro)
{
    if (avro_schema_record_size(avro) != shape->count)
        return false;
    for (int at = 0; at < (int)shape->count; at++) {
        const struct shape_field *field = &shape->fields[at];
        const char *name = avro_schema_record_field_name(avro, at);
        if (!name || strcmp(name, field->name) != 0 ||
            !agrees(schema, field->shape, avro_schema_record_field_get_by_index(avro, at)))
            return false;
    }
    return true;
}

static bool union_agrees(const struct schema *schema, const struct shape *shape, avro_schema_t avro)
{
    if (avro_schema_union_size(avro) != shape->count)
        return false;
    for (int at = 0; at < (int)shape->count; at++)
        if (!agrees(schema, shape->parts[at], avro_schema_union_branch(avro, at)))
            return false;
    return true;
}

static bool enum_agrees(const struct shape *shape, avro_schema_t avro)
{
    if (avro_schema_enum_number_of_symbols(avro) != (int)shape->count)
        return false;
    for (int at = 0; at < (int)shape->count; at++)
        if (strcmp(avro_schema_enum_get(avro, at), shape->symbols[at]) != 0)
            return false;
    return true;
}

/* Every named type is shared and none contains itself, so this ends; its work is bounded by the
 * weight that shapes_build allows. */
static bool agrees(const struct schema *schema, const struct shape *shape, avro_schema_t avro)
{
    if (avro && is_avro_link(avro))
        avro = avro_schema_link_target(avro);
    if (!avro || avro_typeof(avro) != shape->type ||
        (shape->name && shape_of(schema, avro) != shape))
        return false;
    if (shape->type == AVRO_RECORD)
        return record_agrees(schema, shape, avro);
    if (shape->type == AVRO_UNION)
        return union_agrees(schema, shape, avro);
    if (shape->type == AVRO_ENUM)
        return enum_agrees(shape, avro);
    if (shape->type == AVRO_FIXED)
        return avro_schema_fixed_size(avro) == (int64_t)shape->size;
    if (shape->type == AVRO_ARRAY)
        return agrees(schema, shape->parts[0], avro_schema_array_items(avro));
    if (shape->type == AVRO_MAP)
        return agrees(schema, shape->parts[0], avro_schema_map_values(avro));
    return true;
}

/* ---- loading ---- */

static bool parse_with_avro(struct schema *schema, struct fault *why)
{
    if (avro_schema_from_json_length(schema->text, schema->size, &schema->avro) != 0)
        return fault_set(why, FAULT_REFUSE, "avro-c does not take the schema");
    if (!agrees(schema, schema->shapes->root, schema->avro))
        return fault_set(why, FAULT_REFUSE, "avro-c reads the schema otherwise than we do");
    schema->iface = avro_generic_class_from_schema(schema->avro);
    return schema->iface || fault_memory(why);
}

static bool take_fingerprint(struct schema *schema, struct fault *why)
{
    size_t size = 0;
    auto_free(free) char *canonical = canonical_write(schema->shapes, &size, why);
    if (!canonical)
        return false;
    schema->fingerprint = canonical_fingerprint(canonical, size);
    return true;
}

struct schema *schema_parse(const char *text, size_t size, struct fault *why)
{
    if (size > TEXT_LIMIT) {
        (void)fault_set(why, FAULT_REFUSE, "a schema has at most %d bytes", TEXT_LIMIT);
        return NULL;
    }
    auto_free(schema_free) struct schema *schema = calloc(1, sizeof *schema);
    if (!schema || !(schema->text = malloc(size + 1))) {
        (void)fault_memory(why);
        return NULL;
    }
    memcpy(schema->text, text, size);
    schema->text[size] = '\0';
    schema->size = size;
    schema->shapes = shape_read(schema->text, size, why);
    if (!schema->shapes || !parse_with_avro(schema, why) || !take_fingerprint(schema, why))
        return NULL;
    return steal(schema);
}

struct schema *schema_load(const char *path, struct fault *why)
{
    size_t size = 0;
    auto_free(free) char *text = file_read(path, TEXT_LIMIT, &size, why);
    if (!text)
        return NULL;
    struct schema *schema = schema_parse(text, size, why);
    if (!schema)
        (void)fault_prefix(why, "%s", path);
    return schema;
}

void schema_free(struct schema *schema)
{
    if (!schema)
        return;
    if (schema->iface)
        avro_value_iface_decref(schema->iface);
    if (schema->avro)
        avro_schema_decref(schema->avro);
    shapes_free(schema->shapes);
    free(schema->text);
    free(schema);
}

/* ---- values ---- */

bool schema_reset(const struct schema *schema, avro_value_t *value, struct fault *why)
{
    return fallback_fill(schema->shapes->root, value, NULL) || fault_memory(why);
}

bool schema_reset_record(const struct schema *schema, avro_value_t *record, struct fault *why)
{
    const struct shape *shape = NULL;
    if (avro_value_get_type(record) == AVRO_RECORD)
        shape = shape_of(schema, avro_value_get_schema(record));
    if (!shape || shape->type != AVRO_RECORD)
        return fault_set(why, FAULT_BROKEN, "the value is no record of the schema");
    return fallback_fill(shape, record, NULL) || fault_memory(why);
}

/* ---- marks ---- */

/** The record below arrays, maps and unions with null; the shape itself where there is none. */
static const struct shape *inner_record(const struct shape *shape)
{
    while (shape->parts) {
        size_t at = 0;
        while (at + 1 < shape->count && shape->parts[at]->type != AVRO_RECORD)
            at++;
        shape = shape->parts[at];
    }
    return shape;
}

static const struct shape_field *step(const struct shape *shape, const char *name, size_t size)
{
    shape = inner_record(shape);
    for (size_t at = 0; at < (shape->fields ? shape->count : 0); at++) {
        const char *own = shape->fields[at].name;
        if (strlen(own) == size && memcmp(own, name, size) == 0)
            return &shape->fields[at];
    }
    return NULL;
}

const char *schema_personal(const struct schema *schema, const char *path)
{
    const struct shape *shape = schema->shapes->root;
    const char *mark = NULL;
    while (*path) {
        const struct shape_field *field = step(shape, path, strcspn(path, ".[{"));
        if (!field)
            return mark;
        mark = field->personal ? field->personal : mark; /* a mark holds for all below it */
        shape = field->shape;
        path += strcspn(path, ".");
        path += *path == '.';
    }
    return mark;
}
