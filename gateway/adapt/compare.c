/* SPDX-License-Identifier: Apache-2.0 */
/* Two events side by side, for people who write adapters. */
#include "adapt/compare.h"

#include "base/cleanup.h"

struct comparison {
    FILE *out;
    const char *prefix;
    bool is_same;
};

static bool compare(struct comparison *comparison, const struct shape *shape,
                    const json_t *expected, const json_t *actual, const char *path);

static void say(struct comparison *comparison, const char *path, const json_t *expected,
                const json_t *actual)
{
    auto_free(free) char *wanted = expected ? json_dumps(expected, JSON_ENCODE_ANY) : NULL;
    auto_free(free) char *found = actual ? json_dumps(actual, JSON_ENCODE_ANY) : NULL;
    comparison->is_same = false;
    (void)fprintf(comparison->out, "%s%s: expected %s, got %s\n", comparison->prefix,
                  *path ? path : "the event", wanted ? wanted : "nothing",
                  found ? found : "nothing");
}

/* The branch of a union that is not null. */
static const struct shape *inner(const struct shape *shape)
{
    for (size_t at = 0; shape && shape->type == AVRO_UNION && at < shape->count; at++)
        if (shape->parts[at]->type != AVRO_NULL)
            return shape->parts[at];
    return shape;
}

static bool is_empty(const json_t *json)
{
    return !json || json_is_null(json) || json_is_false(json) ||
           (json_is_string(json) && json_string_length(json) == 0) ||
           (json_is_number(json) && json_number_value(json) == 0) ||
           (json_is_array(json) && json_array_size(json) == 0) ||
           (json_is_object(json) && json_object_size(json) == 0) ||
           (json_is_string(json) &&
            strcmp(json_string_value(json), "1970-01-01T00:00:00.000Z") == 0);
}

/* Whether a member is as it is when nothing set it. */
static bool is_default(const struct shape_field *field, const json_t *json)
{
    const struct shape *shape = inner(field->shape);
    if (field->fallback && json_equal(field->fallback, json))
        return true;
    if (is_empty(json))
        return true;
    if (field->fallback || shape->type != AVRO_RECORD || !json_is_object(json))
        return shape->type == AVRO_ENUM && json_is_string(json) &&
               strcmp(json_string_value(json), shape->symbols[0]) == 0;
    for (size_t at = 0; at < shape->count; at++)
        if (!is_default(&shape->fields[at], json_object_get(json, shape->fields[at].name)))
            return false;
    return true;
}

static char *join(const char *path, const char *name)
{
    char *joined = NULL;
    return asprintf(&joined, "%s%s%s", path, *path && *name != '[' ? "." : "", name) < 0 ? NULL
                                                                                         : joined;
}

static void compare_record(struct comparison *comparison, const struct shape *shape,
                           const json_t *expected, const json_t *actual, const char *path)
{
    for (size_t at = 0; at < shape->count; at++) {
        const struct shape_field *field = &shape->fields[at];
        const json_t *wanted = json_object_get(expected, field->name);
        const json_t *found = json_object_get(actual, field->name);
        auto_free(free) char *name = join(path, field->name);
        if (wanted)
            (void)compare(comparison, inner(field->shape), wanted, found, name ? name : path);
        else if (!is_default(field, found))
            say(comparison, name ? name : path, NULL, found);
    }
}

/* Members that no record has: of maps, and mistakes in what is expected. */
static void compare_members(struct comparison *comparison, const struct shape *shape,
                            const json_t *expected, const json_t *actual, const char *path)
{
    const char *key;
    json_t *value;
    bool is_record = shape && shape->type == AVRO_RECORD;
    json_object_foreach ((json_t *)(uintptr_t)expected, key, value) {
        const json_t *found = json_object_get(actual, key);
        auto_free(free) char *name = join(path, key);
        if (!found || (!is_record && !json_equal(value, found)))
            say(comparison, name ? name : path, value, found);
    }
    json_object_foreach ((json_t *)(uintptr_t)actual, key, value) {
        auto_free(free) char *name = join(path, key);
        if (!is_record && !json_object_get(expected, key))
            say(comparison, name ? name : path, NULL, value);
    }
}

static void compare_elements(struct comparison *comparison, const struct shape *shape,
                             const json_t *expected, const json_t *actual, const char *path)
{
    size_t count = json_array_size(expected) > json_array_size(actual) ? json_array_size(expected)
                                                                       : json_array_size(actual);
    for (size_t at = 0; at < count; at++) {
        char index[24];
        (void)snprintf(index, sizeof index, "[%zu]", at);
        auto_free(free) char *name = join(path, index);
        (void)compare(comparison, shape, json_array_get(expected, at), json_array_get(actual, at),
                      name ? name : path);
    }
}

static bool compare(struct comparison *comparison, const struct shape *shape,
                    const json_t *expected, const json_t *actual, const char *path)
{
    if (json_is_object(expected) && json_is_object(actual)) {
        compare_members(comparison, shape, expected, actual, path);
        if (shape && shape->type == AVRO_RECORD)
            compare_record(comparison, shape, expected, actual, path);
    } else if (json_is_array(expected) && json_is_array(actual)) {
        const struct shape *items = shape && shape->type == AVRO_ARRAY ? shape->parts[0] : NULL;
        compare_elements(comparison, inner(items), expected, actual, path);
    } else if (!expected || !actual || !json_equal(expected, actual)) {
        say(comparison, path, expected, actual);
    }
    return comparison->is_same;
}

bool compare_events(const struct shape *shape, const json_t *expected, const json_t *actual,
                    const char *prefix, FILE *out)
{
    struct comparison comparison = {out, prefix, true};
    return compare(&comparison, shape, expected, actual, "");
}
