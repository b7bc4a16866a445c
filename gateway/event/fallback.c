/* SPDX-License-Identifier: Apache-2.0 */
/* Defaults, which avro-c drops: whether one fits its type, and putting it into a value. */
#include "event/fallback.h"

#include "base/cleanup.h"

/* ---- one pair of functions for each type ---- */

static bool null_fits(const struct shape *shape, json_t *json)
{
    (void)shape;
    return json_is_null(json);
}

static bool null_fill(const struct shape *shape, avro_value_t *value, json_t *json)
{
    (void)shape;
    (void)json;
    return avro_value_set_null(value) == 0;
}

static bool boolean_fits(const struct shape *shape, json_t *json)
{
    (void)shape;
    return json_is_boolean(json);
}

static bool boolean_fill(const struct shape *shape, avro_value_t *value, json_t *json)
{
    (void)shape;
    return avro_value_set_boolean(value, json_is_true(json)) == 0;
}

static bool int_fits(const struct shape *shape, json_t *json)
{
    (void)shape;
    json_int_t number = json_integer_value(json);
    return json_is_integer(json) && number >= INT32_MIN && number <= INT32_MAX;
}

static bool int_fill(const struct shape *shape, avro_value_t *value, json_t *json)
{
    (void)shape;
    return avro_value_set_int(value, (int32_t)json_integer_value(json)) == 0;
}

static bool long_fits(const struct shape *shape, json_t *json)
{
    (void)shape;
    return json_is_integer(json);
}

static bool long_fill(const struct shape *shape, avro_value_t *value, json_t *json)
{
    (void)shape;
    return avro_value_set_long(value, json_integer_value(json)) == 0;
}

static bool real_fits(const struct shape *shape, json_t *json)
{
    (void)shape;
    return json_is_number(json);
}

static bool float_fill(const struct shape *shape, avro_value_t *value, json_t *json)
{
    (void)shape;
    return avro_value_set_float(value, (float)json_number_value(json)) == 0;
}

static bool double_fill(const struct shape *shape, avro_value_t *value, json_t *json)
{
    (void)shape;
    return avro_value_set_double(value, json_number_value(json)) == 0;
}

static bool string_fits(const struct shape *shape, json_t *json)
{
    (void)shape;
    return json_is_string(json);
}

static bool string_fill(const struct shape *shape, avro_value_t *value, json_t *json)
{
    (void)shape;
    const char *text = json ? json_string_value(json) : "";
    return avro_value_set_string(value, text) == 0;
}

/*
 * Bytes are written as a text of characters up to U+00FF, one a byte.  In UTF-8 such a character is
 * one byte below 0x80, or C2 or C3 and one more.  SIZE_MAX for any other text.
 */
static size_t byte_text_size(json_t *json)
{
    const char *text = json_string_value(json);
    if (!text)
        return SIZE_MAX;
    size_t size = 0;
    for (size_t at = 0; at < json_string_length(json); at++) {
        unsigned char byte = (unsigned char)text[at];
        if (byte > 0xC3)
            return SIZE_MAX;
        size += (byte & 0xC0) != 0x80;
    }
    return size;
}

static void byte_text_read(json_t *json, unsigned char *bytes)
{
    const char *text = json_string_value(json);
    for (size_t at = 0; at < json_string_length(json); at++) {
        unsigned char byte = (unsigned char)text[at];
        if (byte >= 0xC2)
            byte = (unsigned char)((byte & 0x03) << 6 | (text[++at] & 0x3F));
        *bytes++ = byte;
    }
}

static bool bytes_fits(const struct shape *shape, json_t *json)
{
    size_t size = byte_text_size(json);
    return shape->type == AVRO_FIXED ? size == shape->size : size != SIZE_MAX;
}

static bool bytes_fill(const struct shape *shape, avro_value_t *value, json_t *json)
{
    size_t size = json ? byte_text_size(json) : shape->size; /* which is 0 but for a fixed */
    auto_free(free) unsigned char *bytes = calloc(size + 1, 1);
    if (!bytes)
        return false;
    if (json)
        byte_text_read(json, bytes);
    return (shape->type == AVRO_FIXED ? avro_value_set_fixed(value, bytes, size)
                                      : avro_value_set_bytes(value, bytes, size)) == 0;
}

static bool enum_fits(const struct shape *shape, json_t *json)
{
    return json_is_string(json) && shape_symbol_index(shape, json_string_value(json)) >= 0;
}

static bool enum_fill(const struct shape *shape, avro_value_t *value, json_t *json)
{
    int index = json ? shape_symbol_index(shape, json_string_value(json)) : 0;
    return avro_value_set_enum(value, index) == 0;
}

static bool array_fits(const struct shape *shape, json_t *json)
{
    size_t at;
    json_t *item;
    json_array_foreach (json, at, item)
        if (!fallback_fits(shape->parts[0], item))
            return false;
    return json_is_array(json);
}

static bool array_fill(const struct shape *shape, avro_value_t *value, json_t *json)
{
    size_t at;
    json_t *item;
    avro_value_t into;
    if (avro_value_reset(value) != 0)
        return false;
    json_array_foreach (json, at, item)
        if (avro_value_append(value, &into, NULL) != 0 ||
            !fallback_fill(shape->parts[0], &into, item))
            return false;
    return true;
}

static bool map_fits(const struct shape *shape, json_t *json)
{
    const char *key;
    json_t *item;
    json_object_foreach (json, key, item)
        if (!fallback_fits(shape->parts[0], item))
            return false;
    return json_is_object(json);
}

static bool map_fill(const struct shape *shape, avro_value_t *value, json_t *json)
{
    const char *key;
    json_t *item;
    avro_value_t into;
    if (avro_value_reset(value) != 0)
        return false;
    json_object_foreach (json, key, item)
        if (avro_value_add(value, key, &into, NULL, NULL) != 0 ||
            !fallback_fill(shape->parts[0], &into, item))
            return false;
    return true;
}

/* A record's default may leave out the fields that have one themselves. */
static bool record_fits(const struct shape *shape, json_t *json)
{
    for (size_t at = 0; at < shape->count; at++) {
        const struct shape_field *field = &shape->fields[at];
        json_t *own = json_object_get(json, field->name);
        if (own ? !fallback_fits(field->shape, own) : !field->fallback)
            return false;
    }
    return json_is_object(json);
}

static bool record_fill(const struct shape *shape, avro_value_t *value, json_t *json)
{
    for (size_t at = 0; at < shape->count; at++) {
        const struct shape_field *field = &shape->fields[at];
        json_t *own = json ? json_object_get(json, field->name) : NULL;
        avro_value_t into;
        if (avro_value_get_by_index(value, at, &into, NULL) != 0 ||
            !fallback_fill(field->shape, &into, own ? own : field->fallback))
            return false;
    }
    return true;
}

static bool union_fits(const struct shape *shape, json_t *json)
{
    return fallback_fits(shape->parts[0], json);
}

static bool union_fill(const struct shape *shape, avro_value_t *value, json_t *json)
{
    int null = json ? 0 : shape_null_branch(shape);
    int index = null < 0 ? 0 : null;
    avro_value_t branch;
    return avro_value_set_branch(value, index, &branch) == 0 &&
           fallback_fill(shape->parts[index], &branch, json);
}

static const struct {
    bool (*fits)(const struct shape *shape, json_t *json);
    bool (*fill)(const struct shape *shape, avro_value_t *value, json_t *json);
} by_type[] = {
    [AVRO_NULL] = {null_fits, null_fill},       [AVRO_BOOLEAN] = {boolean_fits, boolean_fill},
    [AVRO_INT32] = {int_fits, int_fill},        [AVRO_INT64] = {long_fits, long_fill},
    [AVRO_FLOAT] = {real_fits, float_fill},     [AVRO_DOUBLE] = {real_fits, double_fill},
    [AVRO_STRING] = {string_fits, string_fill}, [AVRO_BYTES] = {bytes_fits, bytes_fill},
    [AVRO_FIXED] = {bytes_fits, bytes_fill},    [AVRO_ENUM] = {enum_fits, enum_fill},
    [AVRO_ARRAY] = {array_fits, array_fill},    [AVRO_MAP] = {map_fits, map_fill},
    [AVRO_RECORD] = {record_fits, record_fill}, [AVRO_UNION] = {union_fits, union_fill},
};

bool fallback_fits(const struct shape *shape, json_t *json)
{
    return by_type[shape->type].fits(shape, json);
}

bool fallback_fill(const struct shape *shape, avro_value_t *value, json_t *json)
{
    return by_type[shape->type].fill(shape, value, json);
}
