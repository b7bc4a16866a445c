/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a schema's JSON into shapes, before avro-c sees it: its parser trusts what it is given. */
#include "event/shape_reader.h"

#include "base/cleanup.h"
#include "event/fallback.h"

#include <ctype.h>

enum {
    HEIGHT_LIMIT = 32,
    MEMBER_LIMIT = 1024,
    SHAPE_LIMIT = 4096,
    WEIGHT_LIMIT = 16384,
    FIXED_LIMIT = 64 * 1024,
    FIXED_BYTES_PER_WEIGHT = 16,
};

ENDS_WITH_SCOPE(struct shapes *, shapes_free)

/** Where the walk over the JSON is: how deep, and in which namespace. */
struct builder {
    struct shapes *shapes;
    const char *space;
    size_t space_size;
    int depth;
};

static const struct shape *build(const struct builder *outer, json_t *json, struct fault *why);
static bool build_record(struct builder *builder, json_t *json, struct shape *shape,
                         struct fault *why);
static bool build_enum(struct builder *builder, json_t *json, struct shape *shape,
                       struct fault *why);
static bool build_fixed(struct builder *builder, json_t *json, struct shape *shape,
                        struct fault *why);
static bool build_array(struct builder *builder, json_t *json, struct shape *shape,
                        struct fault *why);
static bool build_map(struct builder *builder, json_t *json, struct shape *shape,
                      struct fault *why);

static const struct kind {
    avro_type_t type;
    bool is_named;
    bool (*build)(struct builder *builder, json_t *json, struct shape *shape, struct fault *why);
} kinds[] = {
    {AVRO_NULL, false, NULL},          {AVRO_BOOLEAN, false, NULL},
    {AVRO_INT32, false, NULL},         {AVRO_INT64, false, NULL},
    {AVRO_FLOAT, false, NULL},         {AVRO_DOUBLE, false, NULL},
    {AVRO_BYTES, false, NULL},         {AVRO_STRING, false, NULL},
    {AVRO_RECORD, true, build_record}, {AVRO_ENUM, true, build_enum},
    {AVRO_FIXED, true, build_fixed},   {AVRO_ARRAY, false, build_array},
    {AVRO_MAP, false, build_map}, /* a union has no name: it is written as a list */
};

static const struct kind *kind_named(const char *name)
{
    for (size_t at = 0; at < sizeof kinds / sizeof *kinds; at++)
        if (strcmp(shape_type_name(kinds[at].type), name) == 0)
            return &kinds[at];
    return NULL;
}

static bool is_sane_name(const char *name)
{
    if (!isalpha((unsigned char)*name) && *name != '_')
        return false;
    while (isalnum((unsigned char)*name) || *name == '_')
        name++;
    return *name == '\0';
}

/* Names joined by dots, each of them sane. */
static bool is_sane_full_name(const char *name)
{
    bool at_start = true;
    for (; *name; name++) {
        bool is_letter = isalpha((unsigned char)*name) || *name == '_';
        bool is_inside = !at_start && (isdigit((unsigned char)*name) || *name == '.');
        if (!is_letter && !is_inside)
            return false;
        at_start = *name == '.';
    }
    return !at_start;
}

/* A member's name is checked before it is shown: what is shown is then harmless. */
static const char *sane_name(json_t *json, const char *of, struct fault *why)
{
    const char *name = json_string_value(json);
    if (name && is_sane_name(name))
        return name;
    (void)fault_set(why, FAULT_REFUSE, "a %s has no name, or one that Avro does not allow", of);
    return NULL;
}

/* ---- the list of shapes ---- */

static struct shape *add(struct builder *builder, avro_type_t type, struct fault *why)
{
    struct shapes *shapes = builder->shapes;
    if (shapes->count == SHAPE_LIMIT) {
        (void)fault_set(why, FAULT_REFUSE, "the schema has over %d types", SHAPE_LIMIT);
        return NULL;
    }
    struct shape *shape = calloc(1, sizeof *shape);
    if (!shape) {
        (void)fault_memory(why);
        return NULL;
    }
    *shape = (struct shape){.type = type, .fallback = -1, .height = 1, .weight = 1};
    *(shapes->last ? &shapes->last->next : &shapes->first) = shape;
    shapes->last = shape;
    shapes->count++;
    return shape;
}

static const struct shape *find(const struct shapes *shapes, const char *name)
{
    for (const struct shape *shape = shapes->first; shape; shape = shape->next)
        if (shape->name && strcmp(shape->name, name) == 0)
            return shape;
    return NULL;
}

/* A part counts toward its whole; both sums are bounded, so neither can overflow. */
static bool count_in(struct shape *whole, const struct shape *part, struct fault *why)
{
    if (part->height >= whole->height)
        whole->height = part->height + 1;
    whole->weight += part->weight;
    if (whole->height > HEIGHT_LIMIT)
        return fault_set(why, FAULT_REFUSE, "types are nested over %d levels deep", HEIGHT_LIMIT);
    if (whole->weight > WEIGHT_LIMIT)
        return fault_set(why, FAULT_REFUSE, "one value would hold over %d others", WEIGHT_LIMIT);
    return true;
}

/* ---- names ---- */

/** "NAME" in its namespace; the caller owns it. */
static char *full_name(const struct builder *builder, const char *name, struct fault *why)
{
    char *full = NULL;
    bool is_bare = !strchr(name, '.') && builder->space_size > 0;
    int length = is_bare
                     ? asprintf(&full, "%.*s.%s", (int)builder->space_size, builder->space, name)
                     : asprintf(&full, "%s", name);
    if (length >= 0)
        return full;
    (void)fault_memory(why);
    return NULL;
}

/* The namespace of a definition: a dot in its name wins over its attribute, that over the outer. */
static bool enter_space(struct builder *builder, json_t *json, const char *name, struct fault *why)
{
    json_t *own = json_object_get(json, "namespace");
    if (!own || strchr(name, '.'))
        return true;
    const char *space = json_string_value(own);
    if (!space || (*space && !is_sane_full_name(space)))
        return fault_set(why, FAULT_REFUSE, "type %s: a namespace that Avro does not allow", name);
    builder->space = space;
    builder->space_size = strlen(space);
    return true;
}

static bool name_shape(struct builder *builder, json_t *json, struct shape *shape,
                       struct fault *why)
{
    const char *name = json_string_value(json_object_get(json, "name"));
    if (!name || !is_sane_full_name(name) || kind_named(name))
        return fault_set(why, FAULT_REFUSE, "a %s has no name, or one that Avro does not allow",
                         shape_type_name(shape->type));
    if (!enter_space(builder, json, name, why))
        return false;

    auto_free(free) char *full = full_name(builder, name, why);
    if (!full)
        return false;
    if (find(builder->shapes, full))
        return fault_set(why, FAULT_REFUSE, "type %s is defined twice", full);
    shape->name = steal(full);
    const char *dot = strrchr(shape->name, '.');
    shape->bare = dot ? dot + 1 : shape->name;
    builder->space = shape->name;
    builder->space_size = dot ? (size_t)(dot - shape->name) : 0;
    return true;
}

static const struct shape *refer(const struct builder *builder, const char *name, struct fault *why)
{
    if (!is_sane_full_name(name)) {
        (void)fault_set(why, FAULT_REFUSE, "a type's name is one that Avro does not allow");
        return NULL;
    }
    auto_free(free) char *full = full_name(builder, name, why);
    const struct shape *shape = full ? find(builder->shapes, full) : NULL;
    if (full && !shape)
        (void)fault_set(why, FAULT_REFUSE, "type %s is not defined before its use", full);
    if (shape && shape->is_open) {
        (void)fault_set(why, FAULT_REFUSE, "type %s contains itself", full);
        return NULL;
    }
    return shape;
}

/* ---- the types ---- */

/** The list of members of a complex type, which must be neither missing nor too long. */
static json_t *members(json_t *json, const char *key, const struct shape *shape, struct fault *why)
{
    json_t *list = json_object_get(json, key);
    if (json_is_array(list) && json_array_size(list) <= MEMBER_LIMIT)
        return list;
    (void)fault_set(why, FAULT_REFUSE, "type %s: \"%s\" is no list of at most %d", shape->name, key,
                    MEMBER_LIMIT);
    return NULL;
}

static void *array_of(size_t count, size_t size, struct fault *why)
{
    void *array = calloc(count > 0 ? count : 1, size);
    if (!array)
        (void)fault_memory(why);
    return array;
}

static bool has_sane_aliases(json_t *aliases)
{
    if (aliases && !json_is_array(aliases))
        return false;
    for (size_t at = 0; at < json_array_size(aliases); at++)
        if (!json_is_string(json_array_get(aliases, at)))
            return false;
    return true;
}

static bool build_field(struct builder *builder, json_t *json, struct shape *record,
                        struct fault *why)
{
    const char *name = sane_name(json_object_get(json, "name"), "field", why);
    if (!name)
        return false;
    if (shape_field_index(record, name) >= 0)
        return fault_set(why, FAULT_REFUSE, "field %s stands twice", name);

    struct shape_field field = {.name = name,
                                .fallback = json_object_get(json, "default"),
                                .aliases = json_object_get(json, "aliases"),
                                .personal = json_string_value(json_object_get(json, "pii")),
                                .mask = json_string_value(json_object_get(json, "mask"))};
    field.shape = build(builder, json_object_get(json, "type"), why);
    if (!field.shape)
        return fault_prefix(why, "field %s", name);
    if (field.fallback && !fallback_fits(field.shape, field.fallback))
        return fault_set(why, FAULT_REFUSE, "field %s: the default does not fit the type", name);
    if (!has_sane_aliases(field.aliases))
        return fault_set(why, FAULT_REFUSE, "field %s: aliases are a list of names", name);
    record->fields[record->count++] = field;
    return count_in(record, field.shape, why);
}

static bool build_record(struct builder *builder, json_t *json, struct shape *shape,
                         struct fault *why)
{
    json_t *fields = members(json, "fields", shape, why);
    if (!fields)
        return false;
    shape->fields = array_of(json_array_size(fields), sizeof *shape->fields, why);
    if (!shape->fields)
        return false;
    for (size_t at = 0; at < json_array_size(fields); at++)
        if (!build_field(builder, json_array_get(fields, at), shape, why))
            return fault_prefix(why, "type %s", shape->name);
    /* The specification allows it; avro-c cannot put values of no size into an array. */
    return shape->count > 0 ||
           fault_set(why, FAULT_REFUSE, "type %s: a record without fields", shape->name);
}

static bool build_symbol(json_t *json, struct shape *shape, struct fault *why)
{
    const char *symbol = sane_name(json, "symbol", why);
    if (!symbol)
        return false;
    if (shape_symbol_index(shape, symbol) >= 0)
        return fault_set(why, FAULT_REFUSE, "symbol %s stands twice", symbol);
    shape->symbols[shape->count++] = symbol;
    return true;
}

/* The default of an enum: what stands for a symbol that the reader does not know. */
static bool build_enum_fallback(json_t *json, struct shape *shape, struct fault *why)
{
    if (!json)
        return true;
    const char *symbol = json_string_value(json);
    shape->fallback = symbol ? shape_symbol_index(shape, symbol) : -1;
    if (shape->fallback < 0)
        return fault_set(why, FAULT_REFUSE, "type %s: the default is no symbol of it", shape->name);
    return true;
}

static bool build_enum(struct builder *builder, json_t *json, struct shape *shape,
                       struct fault *why)
{
    (void)builder; /* symbols are plain names: nothing below them */
    json_t *symbols = members(json, "symbols", shape, why);
    if (!symbols)
        return false;
    shape->symbols = array_of(json_array_size(symbols), sizeof *shape->symbols, why);
    if (!shape->symbols)
        return false;
    for (size_t at = 0; at < json_array_size(symbols); at++)
        if (!build_symbol(json_array_get(symbols, at), shape, why))
            return fault_prefix(why, "type %s", shape->name);
    if (shape->count == 0)
        return fault_set(why, FAULT_REFUSE, "type %s: an enum without symbols", shape->name);
    return build_enum_fallback(json_object_get(json, "default"), shape, why);
}

static bool build_fixed(struct builder *builder, json_t *json, struct shape *shape,
                        struct fault *why)
{
    (void)builder;
    json_t *size = json_object_get(json, "size");
    json_int_t bytes = json_integer_value(size);
    if (!json_is_integer(size) || bytes < 1 || bytes > FIXED_LIMIT)
        return fault_set(why, FAULT_REFUSE, "type %s: the size is not 1 to %d", shape->name,
                         FIXED_LIMIT);
    shape->size = (size_t)bytes;
    shape->weight += shape->size / FIXED_BYTES_PER_WEIGHT;
    return true;
}

static bool build_part(struct builder *builder, json_t *json, struct shape *shape,
                       struct fault *why)
{
    const struct shape *part = build(builder, json, why);
    if (!part)
        return false;
    shape->parts[shape->count++] = part;
    return count_in(shape, part, why);
}

static bool build_item(struct builder *builder, json_t *json, struct shape *shape,
                       struct fault *why)
{
    shape->parts = array_of(1, sizeof *shape->parts, why);
    return shape->parts && build_part(builder, json, shape, why);
}

static bool build_array(struct builder *builder, json_t *json, struct shape *shape,
                        struct fault *why)
{
    return build_item(builder, json_object_get(json, "items"), shape, why);
}

static bool build_map(struct builder *builder, json_t *json, struct shape *shape, struct fault *why)
{
    return build_item(builder, json_object_get(json, "values"), shape, why);
}

static bool is_same_branch(const struct shape *one, const struct shape *other)
{
    return one->type == other->type && (!one->name || strcmp(one->name, other->name) == 0);
}

static bool check_branch(const struct shape *shape, struct fault *why)
{
    const struct shape *last = shape->parts[shape->count - 1];
    if (last->type == AVRO_UNION)
        return fault_set(why, FAULT_REFUSE, "a union directly inside a union");
    for (size_t at = 0; at < shape->count - 1; at++)
        if (is_same_branch(shape->parts[at], last))
            return fault_set(why, FAULT_REFUSE, "a union has two branches of type %s",
                             shape_type_name(last->type));
    return true;
}

static bool build_union(struct builder *builder, json_t *json, struct shape *shape,
                        struct fault *why)
{
    size_t count = json_array_size(json);
    if (count < 1 || count > MEMBER_LIMIT)
        return fault_set(why, FAULT_REFUSE, "a union has 1 to %d branches", MEMBER_LIMIT);
    shape->parts = array_of(count, sizeof *shape->parts, why);
    if (!shape->parts)
        return false;
    for (size_t at = 0; at < count; at++)
        if (!build_part(builder, json_array_get(json, at), shape, why) || !check_branch(shape, why))
            return false;
    return true;
}

/** A type of our own kinds, whose definition is `json`. */
static const struct shape *define(struct builder *builder, const struct kind *kind, json_t *json,
                                  struct fault *why)
{
    struct shape *shape = add(builder, kind->type, why);
    if (!shape)
        return NULL;
    shape->logical = json_string_value(json_object_get(json, "logicalType"));
    shape->is_open = true;
    if (kind->is_named && !name_shape(builder, json, shape, why))
        return NULL;
    if (kind->build && !kind->build(builder, json, shape, why))
        return NULL;
    shape->is_open = false;
    return shape;
}

/* The inner builder is a copy: depth and namespace hold only inside. */
static const struct shape *build(const struct builder *outer, json_t *json, struct fault *why)
{
    static const struct kind union_kind = {AVRO_UNION, false, build_union};
    struct builder inner = *outer;
    if (inner.depth++ == HEIGHT_LIMIT) {
        (void)fault_set(why, FAULT_REFUSE, "types are nested over %d levels deep", HEIGHT_LIMIT);
        return NULL;
    }
    if (json_is_array(json))
        return define(&inner, &union_kind, json, why);

    const char *name =
        json_string_value(json_is_object(json) ? json_object_get(json, "type") : json);
    if (!name) {
        (void)fault_set(why, FAULT_REFUSE, "a type is missing, or no text, object or list");
        return NULL;
    }
    const struct kind *kind = kind_named(name);
    return kind ? define(&inner, kind, json, why) : refer(&inner, name, why);
}

struct shapes *shape_read(const char *text, size_t size, struct fault *why)
{
    auto_free(shapes_free) struct shapes *shapes = calloc(1, sizeof *shapes);
    if (!shapes) {
        (void)fault_memory(why);
        return NULL;
    }
    json_error_t error;
    shapes->json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (!shapes->json) {
        (void)fault_set(why, FAULT_REFUSE, "%d:%d: no JSON that a schema can be", error.line,
                        error.column);
        return NULL;
    }
    const struct builder builder = {.shapes = shapes, .space = ""};
    shapes->root = build(&builder, shapes->json, why);
    return shapes->root ? steal(shapes) : NULL;
}
