/* SPDX-License-Identifier: Apache-2.0 */
/* A written document as JSON. */
#include "adapt/out.h"

#include "base/cleanup.h"

#include <jansson.h>
#include <stdlib.h>
#include <strings.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

static json_t *value_of(const struct out *out);

enum { REAL_DIGITS = 15, REAL_SIZE = 32 }; /* DBL_DIG: all of them come back as they were */

static bool is_written_whole(const json_t *number)
{
    char text[REAL_SIZE];
    if (json_is_integer(number))
        return true;
    (void)snprintf(text, sizeof text, "%.*g", REAL_DIGITS, json_real_value(number));
    return strtod(text, NULL) == json_real_value(number);
}

/* A text that is no number stays a text: nothing is lost for the sake of a type. */
static json_t *number_of(const struct word *text)
{
    json_t *number = json_loadb(text->text, text->size, JSON_DECODE_ANY, NULL);
    if (json_is_number(number) && is_written_whole(number))
        return number;
    json_decref(number);
    return json_stringn(text->text, text->size);
}

static json_t *leaf_of(const struct out *out)
{
    const struct word *text = &out->text;
    bool is_yes = text->size && (text->text[0] == '1' || strncasecmp(text->text, "true", 4) == 0);
    if (!text->size)
        return json_string("");
    if (out->as == AS_NUMBER)
        return number_of(text);
    return out->as == AS_BOOLEAN ? json_boolean(is_yes) : json_stringn(text->text, text->size);
}

static bool same_name(const struct out *one, const struct out *other)
{
    return one->size == other->size && memcmp(one->name, other->name, one->size) == 0;
}

static bool is_list(const struct out *out)
{
    return out->is_array || (out->next && same_name(out, out->next));
}

static json_t *object_of(const struct out *out)
{
    auto_free(json_decref) json_t *object = json_object();
    for (const struct out *child = out->children; child; child = child->next) {
        json_t *value = value_of(child);
        json_t *list = json_object_get(object, child->name);
        if (json_is_array(list)) {
            if (json_array_append_new(list, value) != 0)
                return NULL;
            continue;
        }
        if (is_list(child))
            value = json_pack("[o]", value);
        if (json_object_set_new(object, child->name, value) != 0)
            return NULL;
    }
    return steal(object);
}

/* Children without names are the elements of an array. */
static json_t *array_of(const struct out *out)
{
    auto_free(json_decref) json_t *array = json_array();
    for (const struct out *child = out->children; child; child = child->next)
        if (json_array_append_new(array, value_of(child)) != 0)
            return NULL;
    return steal(array);
}

static json_t *value_of(const struct out *out)
{
    if (!out->children)
        return leaf_of(out);
    return out->children->size ? object_of(out) : array_of(out);
}

char *out_json(const struct out *root, size_t *size, struct fault *why)
{
    auto_free(json_decref) json_t *document = root->children ? value_of(root) : json_object();
    char *text =
        document ? json_dumps(document, JSON_INDENT(2) | JSON_REAL_PRECISION(REAL_DIGITS)) : NULL;
    if (!text) {
        (void)fault_memory(why);
        return NULL;
    }
    *size = strlen(text);
    return text;
}
