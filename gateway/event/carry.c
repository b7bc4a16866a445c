/* SPDX-License-Identifier: Apache-2.0 */
/* Schema resolution by the specification: what a writer of another version wrote, as ours. */
#include "event/carry.h"

#include "event/fallback.h"

/** A value and what it is. */
struct end {
    const struct shape *shape;
    avro_value_t value;
};

static bool carry(struct end from, struct end to, struct fault *why);

static bool cannot(const struct end *from, const struct end *to, struct fault *why)
{
    return fault_set(why, FAULT_REFUSE, "%s cannot become %s", shape_type_name(from->shape->type),
                     shape_type_name(to->shape->type));
}

/** avro-c's answer to an access that the shapes allow. */
static bool done(int answer, struct fault *why)
{
    return answer == 0 || fault_set(why, FAULT_BROKEN, "avro-c refused to carry a value");
}

/* ---- what holds nothing ---- */

static bool carry_null(struct end from, struct end to, struct fault *why)
{
    (void)from;
    return done(avro_value_set_null(&to.value), why);
}

static bool carry_boolean(struct end from, struct end to, struct fault *why)
{
    int truth = 0;
    return done(avro_value_get_boolean(&from.value, &truth), why) &&
           done(avro_value_set_boolean(&to.value, truth), why);
}

static bool take_integer(struct end *from, int64_t *number, struct fault *why)
{
    int32_t narrow = 0;
    if (from->shape->type == AVRO_INT64)
        return done(avro_value_get_long(&from->value, number), why);
    if (!done(avro_value_get_int(&from->value, &narrow), why))
        return false;
    *number = narrow;
    return true;
}

static bool take_real(struct end *from, double *number, struct fault *why)
{
    int64_t whole = 0;
    float narrow = 0;
    switch ((int)from->shape->type) {
    case AVRO_DOUBLE:
        return done(avro_value_get_double(&from->value, number), why);
    case AVRO_FLOAT:
        if (!done(avro_value_get_float(&from->value, &narrow), why))
            return false;
        *number = (double)narrow;
        return true;
    default:
        if (!take_integer(from, &whole, why))
            return false;
        *number = (double)whole;
        return true;
    }
}

static bool carry_int(struct end from, struct end to, struct fault *why)
{
    int64_t number = 0;
    return take_integer(&from, &number, why) &&
           done(avro_value_set_int(&to.value, (int32_t)number), why);
}

static bool carry_long(struct end from, struct end to, struct fault *why)
{
    int64_t number = 0;
    return take_integer(&from, &number, why) && done(avro_value_set_long(&to.value, number), why);
}

static bool carry_float(struct end from, struct end to, struct fault *why)
{
    double number = 0;
    return take_real(&from, &number, why) &&
           done(avro_value_set_float(&to.value, (float)number), why);
}

static bool carry_double(struct end from, struct end to, struct fault *why)
{
    double number = 0;
    return take_real(&from, &number, why) && done(avro_value_set_double(&to.value, number), why);
}

static bool carry_string(struct end from, struct end to, struct fault *why)
{
    const char *text = NULL;
    size_t size = 0;
    return done(avro_value_get_string(&from.value, &text, &size), why) &&
           done(avro_value_set_string_len(&to.value, text, size), why);
}

/* The setters that copy take no const bytes; those that are given a buffer do. */
static bool carry_bytes(struct end from, struct end to, struct fault *why)
{
    const void *bytes = NULL;
    size_t size = 0;
    avro_wrapped_buffer_t buffer;
    return done(avro_value_get_bytes(&from.value, &bytes, &size), why) &&
           done(avro_wrapped_buffer_new_copy(&buffer, bytes, size), why) &&
           done(avro_value_give_bytes(&to.value, &buffer), why);
}

static bool carry_fixed(struct end from, struct end to, struct fault *why)
{
    const void *bytes = NULL;
    size_t size = 0;
    avro_wrapped_buffer_t buffer;
    return done(avro_value_get_fixed(&from.value, &bytes, &size), why) &&
           done(avro_wrapped_buffer_new_copy(&buffer, bytes, size), why) &&
           done(avro_value_give_fixed(&to.value, &buffer), why);
}

static bool carry_enum(struct end from, struct end to, struct fault *why)
{
    int index = -1;
    if (!done(avro_value_get_enum(&from.value, &index), why))
        return false;
    if (index < 0 || (size_t)index >= from.shape->count)
        return fault_set(why, FAULT_REFUSE, "a number that is no symbol");
    const char *symbol = from.shape->symbols[index];
    index = shape_symbol_index(to.shape, symbol);
    if (index < 0)
        index = to.shape->fallback;
    if (index < 0)
        return fault_set(why, FAULT_REFUSE, "symbol %s is unknown here, without a default", symbol);
    return done(avro_value_set_enum(&to.value, index), why);
}

/* ---- what holds others ---- */

static bool carry_array(struct end from, struct end to, struct fault *why)
{
    size_t count = 0;
    struct end old = {.shape = from.shape->parts[0]}, own = {.shape = to.shape->parts[0]};
    if (!done(avro_value_reset(&to.value), why) ||
        !done(avro_value_get_size(&from.value, &count), why))
        return false;
    for (size_t at = 0; at < count; at++)
        if (!done(avro_value_get_by_index(&from.value, at, &old.value, NULL), why) ||
            !done(avro_value_append(&to.value, &own.value, NULL), why) || !carry(old, own, why))
            return false;
    return true;
}

static bool carry_map(struct end from, struct end to, struct fault *why)
{
    size_t count = 0;
    struct end old = {.shape = from.shape->parts[0]}, own = {.shape = to.shape->parts[0]};
    if (!done(avro_value_reset(&to.value), why) ||
        !done(avro_value_get_size(&from.value, &count), why))
        return false;
    for (size_t at = 0; at < count; at++) {
        const char *key = NULL;
        if (!done(avro_value_get_by_index(&from.value, at, &old.value, &key), why) ||
            !done(avro_value_add(&to.value, key, &own.value, NULL, NULL), why) ||
            !carry(old, own, why))
            return false;
    }
    return true;
}

/** The writer's field for ours: of its name, else of one of its aliases; or -1. */
static int source_of(const struct shape *from, const struct shape_field *field)
{
    int index = shape_field_index(from, field->name);
    size_t at;
    json_t *alias;
    json_array_foreach (field->aliases, at, alias)
        if (index < 0)
            index = shape_field_index(from, json_string_value(alias));
    return index;
}

static bool carry_field(struct end *from, const struct shape_field *field, avro_value_t value,
                        struct fault *why)
{
    int index = source_of(from->shape, field);
    if (index < 0 && !field->fallback)
        return fault_set(why, FAULT_REFUSE, "the writer does not know it, and it has no default");
    if (index < 0)
        return fallback_fill(field->shape, &value, field->fallback) || fault_memory(why);
    struct end old = {.shape = from->shape->fields[index].shape};
    return done(avro_value_get_by_index(&from->value, (size_t)index, &old.value, NULL), why) &&
           carry(old, (struct end){field->shape, value}, why);
}

static bool carry_record(struct end from, struct end to, struct fault *why)
{
    for (size_t at = 0; at < to.shape->count; at++) {
        const struct shape_field *field = &to.shape->fields[at];
        avro_value_t value;
        if (!done(avro_value_get_by_index(&to.value, at, &value, NULL), why) ||
            !carry_field(&from, field, value, why))
            return fault_prefix(why, "%s", field->name);
    }
    return true;
}

/* ---- what can become what ---- */

static bool is_same(const struct shape *from, const struct shape *to)
{
    return from->type == to->type && from->size == to->size &&
           (!from->name || strcmp(from->bare, to->bare) == 0);
}

/* Wider numbers stand after narrower ones. */
static int width(const struct shape *shape)
{
    static const avro_type_t numbers[] = {AVRO_INT32, AVRO_INT64, AVRO_FLOAT, AVRO_DOUBLE};
    for (int at = 0; at < (int)(sizeof numbers / sizeof *numbers); at++)
        if (numbers[at] == shape->type)
            return at + 1;
    return 0;
}

static bool widens(const struct shape *from, const struct shape *to)
{
    return width(from) > 0 && width(to) > width(from);
}

/** The branch of `to` for `from`: the same type before a wider one; or -1. */
static int branch_for(const struct shape *from, const struct shape *to)
{
    bool (*const passes[])(const struct shape *, const struct shape *) = {is_same, widens};
    for (size_t pass = 0; pass < sizeof passes / sizeof *passes; pass++)
        for (size_t at = 0; at < to->count; at++)
            if (passes[pass](from, to->parts[at]))
                return (int)at;
    return -1;
}

static bool carry_into_union(struct end from, struct end to, struct fault *why)
{
    int index = branch_for(from.shape, to.shape);
    if (index < 0)
        return cannot(&from, &to, why);
    struct end branch = {.shape = to.shape->parts[index]};
    return done(avro_value_set_branch(&to.value, index, &branch.value), why) &&
           carry(from, branch, why);
}

static bool leave_union(struct end *from, struct fault *why)
{
    int index = -1;
    avro_value_t branch = {0};
    if (!done(avro_value_get_discriminant(&from->value, &index), why))
        return false;
    if (index < 0 || (size_t)index >= from->shape->count)
        return fault_set(why, FAULT_REFUSE, "a union without a branch");
    if (!done(avro_value_get_current_branch(&from->value, &branch), why))
        return false;
    *from = (struct end){from->shape->parts[index], branch};
    return true;
}

static bool carry(struct end from, struct end to, struct fault *why)
{
    static bool (*const by_type[])(struct end from, struct end to, struct fault * why) = {
        [AVRO_NULL] = carry_null,     [AVRO_BOOLEAN] = carry_boolean,  [AVRO_INT32] = carry_int,
        [AVRO_INT64] = carry_long,    [AVRO_FLOAT] = carry_float,      [AVRO_DOUBLE] = carry_double,
        [AVRO_STRING] = carry_string, [AVRO_BYTES] = carry_bytes,      [AVRO_FIXED] = carry_fixed,
        [AVRO_ENUM] = carry_enum,     [AVRO_ARRAY] = carry_array,      [AVRO_MAP] = carry_map,
        [AVRO_RECORD] = carry_record, [AVRO_UNION] = carry_into_union,
    };
    if (from.shape->type == AVRO_UNION && !leave_union(&from, why))
        return false;
    if (to.shape->type != AVRO_UNION && !is_same(from.shape, to.shape) &&
        !widens(from.shape, to.shape))
        return cannot(&from, &to, why);
    return by_type[to.shape->type](from, to, why);
}

bool event_carry(const struct schema *from, const avro_value_t *old, const struct schema *to,
                 avro_value_t *value, struct fault *why)
{
    return carry((struct end){from->shapes->root, *old}, (struct end){to->shapes->root, *value},
                 why);
}
