/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of the event by name, and the way to each by index. */
#include "adapt/field.h"

#include "base/cleanup.h"
#include "event/fallback.h"

ENDS_WITH_SCOPE(struct fields *, fields_free)

/* What the walk is inside of. */
struct position {
    const char *prefix;
    const struct field *list; /* the array whose record this is */
    struct field way;         /* steps so far */
};

static bool walk_record(struct fields *fields, avro_schema_t record,
                        const struct position *position, struct fault *why);

/* The schema under a union of null and one other; notes the branches. */
static avro_schema_t without_null(avro_schema_t schema, int *branch, int *null)
{
    *branch = *null = -1;
    if (avro_typeof(schema) != AVRO_UNION)
        return schema;
    for (int at = 0; at < (int)avro_schema_union_size(schema); at++) {
        if (avro_typeof(avro_schema_union_branch(schema, at)) == AVRO_NULL)
            *null = at;
        else if (*branch < 0)
            *branch = at;
    }
    return *branch < 0 ? schema : avro_schema_union_branch(schema, *branch);
}

static bool type_of(avro_schema_t schema, enum field_type *type)
{
    static const struct {
        avro_type_t avro;
        enum field_type type;
    } types[] = {
        {AVRO_STRING, FIELD_TEXT},     {AVRO_INT32, FIELD_INT}, {AVRO_INT64, FIELD_LONG},
        {AVRO_BOOLEAN, FIELD_BOOLEAN}, {AVRO_ENUM, FIELD_ENUM},
    };
    for (size_t at = 0; at < sizeof types / sizeof types[0]; at++)
        if (types[at].avro == avro_typeof(schema)) {
            *type = types[at].type;
            return true;
        }
    return false;
}

/* Adds a field under `name`, which it takes; NULL when there is no room for it. */
static struct field *add(struct fields *fields, const struct position *position, char *name,
                         enum field_type type)
{
    if (!name || fields->count == FIELD_LIMIT) {
        free(name);
        return NULL;
    }
    struct field *field = &fields->list[fields->count];
    *field = position->way;
    field->name = name;
    field->type = type;
    field->list = position->list;
    field->number = (uint32_t)fields->count++;
    field->personal = schema_personal(fields->schema, name);
    return field;
}

static char *name_join(const char *prefix, const char *name, const char *suffix)
{
    char *joined = NULL;
    return asprintf(&joined, "%s%s%s", prefix, name, suffix) < 0 ? NULL : joined;
}

static bool walk_list(struct fields *fields, avro_schema_t items, const struct position *here,
                      const char *name, struct fault *why)
{
    bool is_text = avro_typeof(items) == AVRO_STRING;
    if (here->list || (!is_text && avro_typeof(items) != AVRO_RECORD))
        return fault_set(why, FAULT_REFUSE, "%s%s: no such array is known", here->prefix, name);
    const struct field *list = add(fields, here, name_join(here->prefix, name, "[]"),
                                   is_text ? FIELD_TEXTS : FIELD_RECORDS);
    if (!list)
        return fault_set(why, FAULT_REFUSE, "more than %d fields", FIELD_LIMIT);
    auto_free(free) char *prefix = name_join(list->name, ".", "");
    struct position inner = {.prefix = prefix, .list = list};
    if (!prefix)
        return fault_memory(why);
    return is_text || walk_record(fields, items, &inner, why);
}

/* One field: a record is walked into, an array of records too. */
static bool walk_field(struct fields *fields, avro_schema_t schema, const struct position *here,
                       const char *name, struct fault *why)
{
    enum field_type type = FIELD_TEXT;
    if (avro_typeof(schema) == AVRO_RECORD) {
        auto_free(free) char *prefix = name_join(here->prefix, name, ".");
        if (!prefix)
            return fault_memory(why);
        struct position inner = *here;
        inner.prefix = prefix;
        return walk_record(fields, schema, &inner, why);
    }
    if (avro_typeof(schema) == AVRO_ARRAY)
        return walk_list(fields, avro_schema_array_items(schema), here, name, why);
    bool is_map = avro_typeof(schema) == AVRO_MAP;
    if (is_map && avro_typeof(avro_schema_map_values(schema)) == AVRO_STRING)
        type = FIELD_MAP;
    else if (!type_of(schema, &type))
        return fault_set(why, FAULT_REFUSE, "%s%s: no adapter can fill such a type", here->prefix,
                         name);
    if (!add(fields, here, name_join(here->prefix, name, is_map ? "{}" : ""), type))
        return fault_set(why, FAULT_REFUSE, "more than %d fields", FIELD_LIMIT);
    return true;
}

static bool walk_record(struct fields *fields, avro_schema_t record,
                        const struct position *position, struct fault *why)
{
    size_t depth = position->way.depth;
    if (depth == FIELD_DEPTH)
        return fault_set(why, FAULT_REFUSE, "%s: nested too deep", position->prefix);
    for (int at = 0; at < (int)avro_schema_record_size(record); at++) {
        struct position here = *position;
        avro_schema_t schema = avro_schema_record_field_get_by_index(record, at);
        schema = without_null(schema, &here.way.branches[depth], &here.way.nulls[depth]);
        here.way.steps[depth] = (size_t)at;
        here.way.depth = depth + 1;
        if (!walk_field(fields, schema, &here, avro_schema_record_field_name(record, at), why))
            return false;
    }
    return true;
}

/* avro-c forgets logical types and defaults; the shapes, which have the same order, keep them. */
static void find_shapes(struct field *field, const struct shape *shape)
{
    for (size_t step = 0; step < field->depth; step++) {
        shape = shape->fields[field->steps[step]].shape;
        if (field->branches[step] >= 0)
            shape = shape->parts[field->branches[step]];
        field->shapes[step] = shape;
    }
    field->is_time = shape->logical && strcmp(shape->logical, "timestamp-millis") == 0;
    if (field->type == FIELD_RECORDS)
        field->element = shape->parts[0];
}

/* An array comes before its members. */
static void find_all_shapes(struct fields *fields)
{
    for (size_t at = 0; at < fields->count; at++) {
        struct field *field = &fields->list[at];
        find_shapes(field, field->list ? field->list->element : fields->schema->shapes->root);
    }
}

struct fields *fields_new(const struct schema *schema, struct fault *why)
{
    auto_free(fields_free) struct fields *fields = calloc(1, sizeof *fields);
    if (!fields || !(fields->list = calloc(FIELD_LIMIT, sizeof *fields->list))) {
        (void)fault_memory(why);
        return NULL;
    }
    fields->schema = schema;
    struct position top = {.prefix = ""};
    if (!walk_record(fields, schema->avro, &top, why))
        return NULL;
    find_all_shapes(fields);
    return steal(fields);
}

void fields_free(struct fields *fields)
{
    if (!fields)
        return;
    for (size_t at = 0; at < fields->count; at++)
        free(fields->list[at].name);
    free(fields->list);
    free(fields);
}

const struct field *fields_find(const struct fields *fields, const char *name)
{
    for (size_t at = 0; at < fields->count; at++)
        if (strcmp(fields->list[at].name, name) == 0)
            return &fields->list[at];
    return NULL;
}

/* Steps into the union at `place`; a record that was null gets its defaults. */
static bool open_branch(const struct field *field, size_t step, avro_value_t *place,
                        struct fault *why)
{
    int branch = field->branches[step];
    int now = -1;
    if (avro_value_get_discriminant(place, &now) != 0)
        now = -1;
    avro_value_t inner;
    if (avro_value_set_branch(place, branch, &inner) != 0)
        return fault_memory(why);
    *place = inner;
    if (now != branch && avro_value_get_type(place) == AVRO_RECORD)
        return fallback_fill(field->shapes[step], place, NULL) || fault_memory(why);
    return true;
}

bool field_open(const struct field *field, const avro_value_t *base, avro_value_t *place,
                struct fault *why)
{
    avro_value_t at = *base;
    for (size_t step = 0; step < field->depth; step++) {
        avro_value_t inner;
        if (avro_value_get_by_index(&at, field->steps[step], &inner, NULL) != 0)
            return fault_set(why, FAULT_BROKEN, "%s: the event has another schema", field->name);
        at = inner;
        if (field->branches[step] >= 0 && !open_branch(field, step, &at, why))
            return false;
    }
    *place = at;
    return true;
}

bool field_look(const struct field *field, const avro_value_t *base, avro_value_t *place)
{
    avro_value_t at = *base;
    for (size_t step = 0; step < field->depth; step++) {
        avro_value_t inner;
        int branch = -1;
        if (avro_value_get_by_index(&at, field->steps[step], &inner, NULL) != 0)
            return false;
        at = inner;
        if (field->branches[step] < 0)
            continue;
        if (avro_value_get_discriminant(&at, &branch) != 0 || branch != field->branches[step] ||
            avro_value_get_current_branch(&at, &inner) != 0)
            return false;
        at = inner;
    }
    *place = at;
    return true;
}

bool field_text(const struct field *field, const avro_value_t *base, const char **text,
                size_t *size)
{
    avro_value_t place;
    size_t with_nul = 0;
    if (!field_look(field, base, &place) || avro_value_get_type(&place) != AVRO_STRING ||
        avro_value_get_string(&place, text, &with_nul) != 0 || with_nul == 0)
        return false;
    *size = with_nul - 1;
    return true;
}
