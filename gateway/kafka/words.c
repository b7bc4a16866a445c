/* SPDX-License-Identifier: Apache-2.0 */
/* Reads from an event what the spool keeps beside it, so that nobody decodes it to find it. */
#include "kafka/words.h"

#include "base/cleanup.h"

static bool member_of(const avro_value_t *record, const char *name, avro_value_t *member,
                      struct fault *why)
{
    return avro_value_get_by_name(record, name, member, NULL) == 0 ||
           fault_set(why, FAULT_BROKEN, "the event schema has no %s", name);
}

static const char *text_of(const avro_value_t *record, const char *name, struct fault *why)
{
    avro_value_t member;
    const char *text = NULL;
    size_t size = 0;
    if (!member_of(record, name, &member, why))
        return NULL;
    if (avro_value_get_string(&member, &text, &size) != 0) {
        (void)fault_set(why, FAULT_BROKEN, "the event schema's %s is no string", name);
        return NULL;
    }
    return text;
}

static char *copy_of(const avro_value_t *record, const char *name, struct fault *why)
{
    const char *text = text_of(record, name, why);
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        (void)fault_memory(why);
    return copy;
}

static bool read_type(const struct schema *schema, const avro_value_t *event, const char **symbol,
                      struct fault *why)
{
    avro_value_t member;
    int at = -1;
    if (!member_of(event, "event_type", &member, why))
        return false;
    const struct shape *root = schema->shapes->root;
    const struct shape *type = root->fields[shape_field_index(root, "event_type")].shape;
    if (avro_value_get_enum(&member, &at) != 0 || at < 0 || (size_t)at >= type->count)
        return fault_set(why, FAULT_BROKEN, "the event schema's event_type is no enum");
    *symbol = type->symbols[at];
    return true;
}

/* A time that may be null is 0 then. */
static bool read_time(const avro_value_t *record, const char *name, int64_t *time,
                      struct fault *why)
{
    avro_value_t member;
    if (!member_of(record, name, &member, why))
        return false;
    if (avro_value_get_type(&member) == AVRO_UNION &&
        avro_value_get_current_branch(&member, &member) != 0)
        return fault_set(why, FAULT_BROKEN, "the event's %s has no branch", name);
    if (avro_value_get_long(&member, time) != 0)
        *time = 0;
    return true;
}

/* What another writer calls an id and is no UUID becomes one, the same each time. */
static void read_id(const char *text, uint8_t id[UUID_SIZE])
{
    static const uint8_t space[UUID_SIZE] = {0};
    char hex[2 * UUID_SIZE + 1] = "";
    size_t size = 0;
    if (strlen(text) == UUID_TEXT_SIZE - 1)
        for (const char *at = text; *at && size < sizeof hex - 1; at++)
            if (*at != '-')
                hex[size++] = *at;
    hex[size] = '\0';
    if (!digest_unhex(hex, UUID_SIZE, id))
        uuid_name_based(space, text, strlen(text), id);
}

bool words_read(const struct schema *schema, const avro_value_t *event, struct words *words,
                struct fault *why)
{
    avro_value_t source;
    avro_value_t times;
    struct words found = {.due_at_ms = 0};
    if (!member_of(event, "source", &source, why) || !member_of(event, "times", &times, why) ||
        !read_type(schema, event, &found.event_type, why) ||
        !read_time(event, "occurred_at", &found.occurred_at_ms, why) ||
        !read_time(&times, "due_at", &found.due_at_ms, why))
        return false;
    const char *id = text_of(event, "event_id", why);
    auto_free(free) char *system = copy_of(&source, "system", why);
    auto_free(free) char *code = copy_of(event, "dossier_code", why);
    if (!id || !system || !code)
        return false;
    read_id(id, found.event_id);
    found.source = steal(system);
    found.dossier_code = steal(code);
    *words = found;
    return true;
}
