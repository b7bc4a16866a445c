/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of adapters: all of them compiled, or none. */
#include "adapt/adapter.h"

#include "adapt/compile.h"
#include "adapt/writer.h"
#include "base/cleanup.h"
#include "base/file.h"

#include <dirent.h>
#include <strings.h>
#include <sys/stat.h>

ENDS_WITH_SCOPE(struct adapters *, adapters_free)

enum { ADAPTER_LIMIT = 1000 };

void adapters_free(struct adapters *adapters)
{
    if (!adapters)
        return;
    for (size_t at = 0; at < adapters->count; at++)
        compile_free(&adapters->list[at]);
    fields_free(adapters->fields);
    free(adapters->list);
    free(adapters);
}

static bool find_known(struct adapters *adapters, struct fault *why)
{
    struct known_fields *known = &adapters->known;
    const struct {
        const struct field **field;
        const char *name;
        enum field_type type;
    } wanted[] = {
        {&known->event_type, "event_type", FIELD_ENUM},
        {&known->format, "source.format", FIELD_TEXT},
        {&known->occurred_at, "occurred_at", FIELD_LONG},
        {&known->dossier_code, "dossier_code", FIELD_TEXT},
        {&known->accepted_at, "times.accepted_at", FIELD_LONG},
        {&known->due_at, "times.due_at", FIELD_LONG},
        {&known->from_agency, "handoff.from_agency", FIELD_TEXT},
        {&known->to_agency, "handoff.to_agency", FIELD_TEXT},
        {&known->extra, "source_extra{}", FIELD_MAP},
        {&known->tags, "tags[]", FIELD_TEXTS},
        {&known->document_id, "documents[].id", FIELD_TEXT},
        {&known->document_name, "documents[].name", FIELD_TEXT},
        {&known->document_sha256, "documents[].sha256", FIELD_TEXT},
        {&known->document_uri, "documents[].uri", FIELD_TEXT},
    };
    for (size_t at = 0; at < sizeof wanted / sizeof wanted[0]; at++) {
        *wanted[at].field = fields_find(adapters->fields, wanted[at].name);
        if (!*wanted[at].field || (*wanted[at].field)->type != wanted[at].type)
            return fault_set(why, FAULT_REFUSE, "the event's schema has no such field: %s",
                             wanted[at].name);
    }
    return true;
}

static bool has_file(const char *folder, const char *name)
{
    struct stat status;
    struct fault unused;
    auto_free(free) char *path = file_join(folder, name, &unused);
    return path && stat(path, &status) == 0;
}

static bool add(struct adapters *adapters, const char *folder, struct fault *why)
{
    struct adapter *adapter = &adapters->list[adapters->count];
    adapter->number = adapters->count++;
    return compile_adapter(adapters, folder, adapter, why);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool add_all(struct adapters *adapters, const char *folder, struct dirent **entries,
                    int count, struct fault *why)
{
    for (int at = 0; at < count; at++) {
        auto_free(free) char *path = file_join(folder, entries[at]->d_name, why);
        if (!path)
            return false;
        if (has_file(path, "adapter.yaml") && !add(adapters, path, why))
            return false;
    }
    return true;
}

static bool load_folder(struct adapters *adapters, const char *folder, struct fault *why)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_visible, alphasort);
    if (count < 0)
        return fault_set(why, FAULT_REFUSE, "%s: the folder cannot be read", folder);
    adapters->list = calloc((size_t)count + 1, sizeof *adapters->list);
    bool is_loaded = !adapters->list         ? fault_memory(why)
                     : count > ADAPTER_LIMIT ? fault_set(why, FAULT_REFUSE, "%s: too many", folder)
                                             : add_all(adapters, folder, entries, count, why);
    for (int at = 0; at < count; at++)
        free(entries[at]);
    free(entries);
    return is_loaded;
}

struct adapters *adapters_load(const char *folder, const struct schema *schema,
                               const struct adapt_limits *limits, struct fault *why)
{
    auto_free(adapters_free) struct adapters *adapters = calloc(1, sizeof *adapters);
    if (!adapters) {
        (void)fault_memory(why);
        return NULL;
    }
    adapters->schema = schema;
    adapters->limits = *limits;
    adapters->fields = fields_new(schema, why);
    if (!adapters->fields || !find_known(adapters, why) || !load_folder(adapters, folder, why) ||
        !compile_carries(adapters, why))
        return NULL;
    return steal(adapters);
}

const struct adapter *adapters_find(const struct adapters *adapters, const char *name)
{
    for (size_t at = 0; at < adapters->count; at++)
        if (strcmp(adapters->list[at].name, name) == 0)
            return &adapters->list[at];
    return NULL;
}

const struct adapt_limits *adapters_limits(const struct adapters *adapters)
{
    return &adapters->limits;
}

size_t adapters_count(const struct adapters *adapters)
{
    return adapters->count;
}

const char *adapter_name(const struct adapter *adapter)
{
    return adapter->name;
}

bool adapter_takes(const struct adapter *adapter, const char *media_type)
{
    size_t size = strcspn(media_type, "; \t");
    for (size_t at = 0; at < adapter->draft->media_types_count; at++) {
        const char *own = adapter->draft->media_types[at];
        if (strlen(own) == size && strncasecmp(own, media_type, size) == 0)
            return true;
    }
    return false;
}

const char *adapter_media_type(const struct adapter *adapter, size_t index)
{
    const struct draft *draft = adapter->draft;
    return index < draft->media_types_count ? draft->media_types[index] : NULL;
}

/* The message that the event came in: of its format, and of its type where several share that. */
static const struct message *message_of(const struct adapter *adapter, const avro_value_t *event,
                                        int symbol)
{
    const struct message *found = NULL;
    const char *format = NULL;
    size_t size = 0;
    if (!field_text(adapter->adapters->known.format, event, &format, &size))
        return NULL;
    for (size_t at = 0; at < adapter->message_count; at++) {
        const struct message *message = &adapter->messages[at];
        if (strcmp(message->format, format) != 0)
            continue;
        if (message_has_type(message, symbol))
            return message;
        found = found ? found : message;
    }
    return found;
}

bool adapter_speaker(const struct adapter *adapter, const avro_value_t *event, const char **field,
                     const char **code)
{
    avro_value_t type;
    int symbol = 0;
    *field = *code = NULL;
    if (!field_look(adapter->adapters->known.event_type, event, &type) ||
        avro_value_get_enum(&type, &symbol) != 0 || symbol < 0 || symbol > 63)
        return false;
    const struct message *message = message_of(adapter, event, symbol);
    for (size_t at = 0; message && at < message->speaker_count; at++) {
        const struct speaker *speaker = &message->speakers[at];
        const char *text = NULL;
        size_t size = 0;
        if ((speaker->types >> symbol & 1) && field_text(speaker->field, event, &text, &size) &&
            size) {
            *field = speaker->field->name;
            *code = text;
            return true;
        }
    }
    return false;
}
