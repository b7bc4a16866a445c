/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at and sets single fields of an event, whose shape the map of the adapter has filled. */
#include "api/member.h"

#include <stddef.h>
#include <string.h>

enum { NAME_SIZE = 64, NULL_BRANCH = 0, TEXT_BRANCH = 1 };

/* Enters a union's present branch; false when it is null. */
static bool enter(avro_value_t *value)
{
    avro_value_t branch;
    if (avro_value_get_type(value) != AVRO_UNION)
        return true;
    if (avro_value_get_current_branch(value, &branch) != 0 ||
        avro_value_get_type(&branch) == AVRO_NULL)
        return false;
    *value = branch;
    return true;
}

/* One step down by the name that ends at a point or the text's end. */
static bool step(avro_value_t *value, const char **path)
{
    char name[NAME_SIZE];
    size_t size = strcspn(*path, ".");
    avro_value_t member;
    if (size >= sizeof name || avro_value_get_type(value) != AVRO_RECORD)
        return false;
    memcpy(name, *path, size);
    name[size] = '\0';
    if (avro_value_get_by_name(value, name, &member, NULL) != 0)
        return false;
    *value = member;
    *path += size + ((*path)[size] == '.' ? 1 : 0);
    return true;
}

/* To the field itself, which may be a union; the records before it must be there. */
static bool find(const avro_value_t *event, const char *path, avro_value_t *field)
{
    avro_value_t at = *event;
    while (*path != '\0') {
        if (!enter(&at) || !step(&at, &path))
            return false;
    }
    *field = at;
    return true;
}

const char *member_text(const avro_value_t *event, const char *path)
{
    avro_value_t field;
    const char *text = NULL;
    size_t size = 0;
    if (!find(event, path, &field) || !enter(&field) ||
        avro_value_get_type(&field) != AVRO_STRING ||
        avro_value_get_string(&field, &text, &size) != 0)
        return NULL;
    return text && text[0] != '\0' ? text : NULL;
}

bool member_number(const avro_value_t *event, const char *path, int64_t *number)
{
    avro_value_t field;
    int32_t small;
    if (!find(event, path, &field) || !enter(&field))
        return false;
    if (avro_value_get_type(&field) == AVRO_INT64)
        return avro_value_get_long(&field, number) == 0;
    if (avro_value_get_type(&field) != AVRO_INT32 || avro_value_get_int(&field, &small) != 0)
        return false;
    *number = small;
    return true;
}

const char *member_symbol(const avro_value_t *event, const char *path)
{
    avro_value_t field;
    int index = 0;
    if (!find(event, path, &field) || avro_value_get_type(&field) != AVRO_ENUM ||
        avro_value_get_enum(&field, &index) != 0)
        return NULL;
    avro_schema_t schema = avro_value_get_schema(&field);
    if (index < 0 || index >= avro_schema_enum_number_of_symbols(schema))
        return NULL;
    return avro_schema_enum_get(schema, index);
}

bool member_set_text(avro_value_t *event, const char *path, const char *text)
{
    avro_value_t field, branch;
    if (!find(event, path, &field))
        return false;
    if (avro_value_get_type(&field) == AVRO_UNION) {
        if (avro_value_set_branch(&field, TEXT_BRANCH, &branch) != 0)
            return false;
        field = branch;
    }
    return avro_value_set_string(&field, text) == 0;
}

bool member_set_number(avro_value_t *event, const char *path, int64_t number)
{
    avro_value_t field;
    return find(event, path, &field) && avro_value_get_type(&field) == AVRO_INT64 &&
           avro_value_set_long(&field, number) == 0;
}

bool member_set_symbol(avro_value_t *event, const char *path, const char *symbol)
{
    avro_value_t field;
    if (!find(event, path, &field) || avro_value_get_type(&field) != AVRO_ENUM)
        return false;
    int index = avro_schema_enum_get_by_name(avro_value_get_schema(&field), symbol);
    return index >= 0 && avro_value_set_enum(&field, index) == 0;
}

bool member_clear(avro_value_t *event, const char *path)
{
    avro_value_t field, branch;
    if (!find(event, path, &field))
        return false;
    if (avro_value_get_type(&field) != AVRO_UNION)
        return avro_value_reset(&field) == 0;
    return avro_value_set_branch(&field, NULL_BRANCH, &branch) == 0 &&
           avro_value_get_type(&branch) == AVRO_NULL && avro_value_set_null(&branch) == 0;
}
