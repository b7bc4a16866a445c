/* SPDX-License-Identifier: Apache-2.0 */
/* Events as people read them: JSON without the schema's machinery, and without what is personal. */
#include "event/render.h"

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/moment.h"
#include "event/mask.h"

ENDS_WITH_SCOPE(json_t *, json_decref)

/** What a field and all below it are shown by. */
struct view {
    bool may_mask;
    bool is_masked;
    const char *mask; /**< the schema's mark; NULL for the strictest */
};

static json_t *render(const struct shape *shape, avro_value_t *value, struct view view);

/* ---- texts and numbers ---- */

static json_t *render_text(const char *text, size_t size, struct view view)
{
    if (!view.is_masked)
        return json_stringn(text, size);
    auto_free(free) char *masked = mask_text(view.mask, text, size);
    return masked ? json_string(masked) : NULL;
}

static json_t *render_string(const struct shape *shape, avro_value_t *value, struct view view)
{
    (void)shape;
    const char *text = NULL;
    size_t size = 0;
    if (avro_value_get_string(value, &text, &size) != 0)
        return NULL;
    return size > 0 ? render_text(text, size - 1, view) /* avro-c counts the NUL */
                    : render_text("", 0, view);
}

static json_t *render_octets(const void *bytes, size_t size, struct view view)
{
    auto_free(free) char *hex = malloc(2 * size + 1);
    if (!hex)
        return NULL;
    digest_hex(bytes, size, hex);
    return render_text(hex, 2 * size, view);
}

static json_t *render_bytes(const struct shape *shape, avro_value_t *value, struct view view)
{
    (void)shape;
    const void *bytes = NULL;
    size_t size = 0;
    return avro_value_get_bytes(value, &bytes, &size) == 0 ? render_octets(bytes, size, view)
                                                           : NULL;
}

static json_t *render_fixed(const struct shape *shape, avro_value_t *value, struct view view)
{
    (void)shape;
    const void *bytes = NULL;
    size_t size = 0;
    return avro_value_get_fixed(value, &bytes, &size) == 0 ? render_octets(bytes, size, view)
                                                           : NULL;
}

static json_t *render_integer(int64_t number, struct view view)
{
    return view.is_masked ? json_string("***") : json_integer(number);
}

static json_t *render_int(const struct shape *shape, avro_value_t *value, struct view view)
{
    (void)shape;
    int32_t number = 0;
    return avro_value_get_int(value, &number) == 0 ? render_integer(number, view) : NULL;
}

/* Years of four digits alone: what is beyond them is no time that anybody meant. */
static bool is_moment(const struct shape *shape, int64_t number)
{
    const int64_t year_1 = INT64_C(-62135596800000), year_10000 = INT64_C(253402300800000);
    return shape->logical && strcmp(shape->logical, "timestamp-millis") == 0 && number >= year_1 &&
           number < year_10000;
}

static json_t *render_long(const struct shape *shape, avro_value_t *value, struct view view)
{
    int64_t number = 0;
    if (avro_value_get_long(value, &number) != 0)
        return NULL;
    if (view.is_masked || !is_moment(shape, number))
        return render_integer(number, view);
    char text[MOMENT_TEXT_SIZE];
    return json_stringn(text, moment_write(number, MOMENT_ISO_UTC, text));
}

/* JSON has no infinity and no NaN. */
static json_t *render_real(double number, struct view view)
{
    if (view.is_masked)
        return json_string("***");
    json_t *real = json_real(number);
    return real ? real : json_string("not a number");
}

static json_t *render_float(const struct shape *shape, avro_value_t *value, struct view view)
{
    (void)shape;
    float number = 0;
    return avro_value_get_float(value, &number) == 0 ? render_real((double)number, view) : NULL;
}

static json_t *render_double(const struct shape *shape, avro_value_t *value, struct view view)
{
    (void)shape;
    double number = 0;
    return avro_value_get_double(value, &number) == 0 ? render_real(number, view) : NULL;
}

static json_t *render_boolean(const struct shape *shape, avro_value_t *value, struct view view)
{
    (void)shape;
    int truth = 0;
    if (avro_value_get_boolean(value, &truth) != 0)
        return NULL;
    return view.is_masked ? json_string("***") : json_boolean(truth);
}

static json_t *render_null(const struct shape *shape, avro_value_t *value, struct view view)
{
    (void)shape, (void)value, (void)view;
    return json_null();
}

static json_t *render_enum(const struct shape *shape, avro_value_t *value, struct view view)
{
    int index = -1;
    if (avro_value_get_enum(value, &index) != 0 || index < 0 || (size_t)index >= shape->count)
        return NULL;
    const char *symbol = shape->symbols[index];
    return render_text(symbol, strlen(symbol), view);
}

/* ---- what holds others ---- */

static json_t *render_union(const struct shape *shape, avro_value_t *value, struct view view)
{
    int index = -1;
    avro_value_t branch;
    if (avro_value_get_discriminant(value, &index) != 0 || index < 0 ||
        (size_t)index >= shape->count || avro_value_get_current_branch(value, &branch) != 0)
        return NULL;
    return render(shape->parts[index], &branch, view);
}

static json_t *render_array(const struct shape *shape, avro_value_t *value, struct view view)
{
    auto_free(json_decref) json_t *list = json_array();
    size_t count = 0;
    if (!list || avro_value_get_size(value, &count) != 0)
        return NULL;
    for (size_t at = 0; at < count; at++) {
        avro_value_t item;
        if (avro_value_get_by_index(value, at, &item, NULL) != 0 ||
            json_array_append_new(list, render(shape->parts[0], &item, view)) != 0)
            return NULL;
    }
    return steal(list);
}

static json_t *render_map(const struct shape *shape, avro_value_t *value, struct view view)
{
    auto_free(json_decref) json_t *object = json_object();
    size_t count = 0;
    if (!object || avro_value_get_size(value, &count) != 0)
        return NULL;
    for (size_t at = 0; at < count; at++) {
        avro_value_t item;
        const char *key = NULL;
        if (avro_value_get_by_index(value, at, &item, &key) != 0 ||
            json_object_set_new(object, key, render(shape->parts[0], &item, view)) != 0)
            return NULL;
    }
    return steal(object);
}

/* A mark holds for the field and all below it. */
static struct view view_of(const struct shape_field *field, struct view outer)
{
    if (!outer.may_mask || !field->personal)
        return outer;
    return (struct view){.may_mask = true, .is_masked = true, .mask = field->mask};
}

static json_t *render_record(const struct shape *shape, avro_value_t *value, struct view view)
{
    auto_free(json_decref) json_t *object = json_object();
    if (!object)
        return NULL;
    for (size_t at = 0; at < shape->count; at++) {
        const struct shape_field *field = &shape->fields[at];
        avro_value_t own;
        if (avro_value_get_by_index(value, at, &own, NULL) != 0 ||
            json_object_set_new(object, field->name,
                                render(field->shape, &own, view_of(field, view))) != 0)
            return NULL;
    }
    return steal(object);
}

static json_t *render(const struct shape *shape, avro_value_t *value, struct view view)
{
    static json_t *(*const by_type[])(const struct shape *shape, avro_value_t *value,
                                      struct view view) = {
        [AVRO_NULL] = render_null,     [AVRO_BOOLEAN] = render_boolean,
        [AVRO_INT32] = render_int,     [AVRO_INT64] = render_long,
        [AVRO_FLOAT] = render_float,   [AVRO_DOUBLE] = render_double,
        [AVRO_STRING] = render_string, [AVRO_BYTES] = render_bytes,
        [AVRO_FIXED] = render_fixed,   [AVRO_ENUM] = render_enum,
        [AVRO_ARRAY] = render_array,   [AVRO_MAP] = render_map,
        [AVRO_RECORD] = render_record, [AVRO_UNION] = render_union,
    };
    return by_type[shape->type](shape, value, view);
}

json_t *render_event(const struct schema *schema, const avro_value_t *value, enum render_mask mask,
                     struct fault *why)
{
    avro_value_t root = *value; /* avro-c's accessors take no const, though they change nothing */
    struct view view = {.may_mask = mask == RENDER_MASKED};
    json_t *json = render(schema->shapes->root, &root, view);
    if (!json)
        (void)fault_set(why, FAULT_BROKEN, "an event that JSON cannot show");
    return json;
}
