/* SPDX-License-Identifier: Apache-2.0 */
/* What a mailbox answers: which letters wait, and the document of one. */
#include "deliver/collect_list.h"

#include "adapt/base64.h"
#include "base/cleanup.h"
#include "base/opening.h"

#include <jansson.h>
#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(struct letter_list *, letter_list_free)

struct letter_list {
    json_t *answer;
    char **ids; /* numbers are ids, too */
    const char **documents;
    size_t count, nameless;
    bool has_items;
};

/* The member at "/a/b" below `json`; itself for "". */
static json_t *member_at(json_t *json, const char *path)
{
    while (json && *path == '/') {
        size_t size = strcspn(++path, "/");
        json = json_object_getn(json, path, size);
        path += size;
    }
    return json;
}

static char *id_of(const json_t *value)
{
    char *text = NULL;
    if (json_is_string(value))
        return strdup(json_string_value(value));
    if (json_is_integer(value) &&
        asprintf(&text, "%" JSON_INTEGER_FORMAT, json_integer_value(value)) >= 0)
        return text;
    return NULL;
}

static bool waits(const struct service_call *call, const json_t *item)
{
    const char *state = call->state ? json_string_value(json_object_get(item, call->state)) : NULL;
    for (size_t i = 0; state && i < call->waits_count; i++)
        if (strcmp(state, call->waits[i]) == 0)
            return true;
    return !call->state;
}

static void add_item(struct letter_list *list, const struct service_call *call, const json_t *item)
{
    if (!waits(call, item))
        return;
    char *id = id_of(json_object_get(item, call->id));
    if (!id || *id == '\0') {
        free(id);
        list->nameless++;
        return;
    }
    if (call->document)
        list->documents[list->count] = json_string_value(json_object_get(item, call->document));
    list->ids[list->count++] = id;
}

struct letter_list *letter_list_read(const struct service_call *call,
                                     const struct service_answer *answer, struct fault *why)
{
    auto_free(letter_list_free) struct letter_list *list = calloc(1, sizeof *list);
    if (!list) {
        (void)fault_memory(why);
        return NULL;
    }
    list->answer = json_loadb(answer->body, answer->size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *items = member_at(list->answer, call->items);
    if (!list->answer || (items && !json_is_array(items) && !json_is_null(items))) {
        (void)fault_set(why, FAULT_RETRY, "the answer is no list of letters");
        return NULL;
    }
    size_t count = json_array_size(items);
    list->has_items = json_is_array(items);
    list->ids = calloc(count + 1, sizeof *list->ids);
    list->documents = calloc(count + 1, sizeof *list->documents);
    if (!list->ids || !list->documents) {
        (void)fault_memory(why);
        return NULL;
    }
    for (size_t i = 0; i < count && list->count < LETTER_LIST_MOST; i++)
        add_item(list, call, json_array_get(items, i));
    return steal(list);
}

void letter_list_free(struct letter_list *list)
{
    if (!list)
        return;
    for (size_t i = 0; list->ids && i < list->count; i++)
        free(list->ids[i]);
    free(list->ids);
    free(list->documents);
    json_decref(list->answer);
    free(list);
}

size_t letter_list_count(const struct letter_list *list)
{
    return list->count;
}

size_t letter_list_nameless(const struct letter_list *list)
{
    return list->nameless;
}

bool letter_list_has_items(const struct letter_list *list)
{
    return list->has_items;
}

struct listed letter_list_at(const struct letter_list *list, size_t index)
{
    return (struct listed){list->ids[index], list->documents[index]};
}

/* ---- a document ---- */

static char *copy(const char *bytes, size_t size, struct fault *why)
{
    char *all = malloc(size + 1);
    if (!all) {
        (void)fault_memory(why);
        return NULL;
    }
    memcpy(all, bytes, size);
    all[size] = '\0';
    return all;
}

static char *decode(const struct service_call *call, const char *text, size_t *size,
                    struct fault *why)
{
    *size = strlen(text);
    if (!call->is_base64)
        return copy(text, *size, why);
    struct arena arena = {0};
    const char *bytes = base64_decode(text, *size, &arena, size);
    char *all = NULL;
    if (bytes)
        all = copy(bytes, *size, why);
    else if (*size > 0)
        (void)fault_memory(why);
    else
        (void)fault_set(why, FAULT_REFUSE, "the letter's base64 is broken");
    arena_free(&arena);
    return all;
}

char *letter_document(const struct service_call *call, const struct service_answer *answer,
                      const char *text, size_t *size, struct fault *why)
{
    if (text)
        return decode(call, text, size, why);
    if (!call->document || opening_is_xml(answer->body, answer->size)) {
        *size = answer->size;
        return copy(answer->body, answer->size, why);
    }
    auto_free(json_decref) json_t *json =
        json_loadb(answer->body, answer->size, JSON_REJECT_DUPLICATES, NULL);
    const char *inside = json_string_value(member_at(json, call->document));
    if (inside)
        return decode(call, inside, size, why);
    (void)fault_set(why, FAULT_RETRY, "the answer has no letter at %s", call->document);
    return NULL;
}
