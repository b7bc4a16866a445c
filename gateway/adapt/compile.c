/* SPDX-License-Identifier: Apache-2.0 */
/* From adapter.yaml to an adapter: nothing that could be wrong is left for the first document. */
#include "adapt/compile.h"

#include "adapt/xml.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/table.h"

#include <stdarg.h>

ENDS_WITH_SCOPE(struct yaml_file *, yaml_file_close)
ENDS_WITH_SCOPE(struct table *, table_free)

/* ---- helpers that every part uses ---- */

void compile_at(struct compiler *compiler, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    (void)vsnprintf(compiler->place, sizeof compiler->place, format, values);
    va_end(values);
}

bool compile_refuse(const struct compiler *compiler, const char *key, struct fault *why,
                    const char *format, ...)
{
    char text[sizeof why->text];
    char place[sizeof compiler->place + 64];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
    const char *dot = *key && *compiler->place ? "." : "";
    (void)snprintf(place, sizeof place, "%s%s%s", compiler->place, dot, key);
    return yaml_file_refuse(compiler->file, place, why, "%s", text);
}

void *compile_take(struct compiler *compiler, size_t count, size_t size, struct fault *why)
{
    void *taken = arena_take(&compiler->adapter->arena, (count + 1) * size);
    if (taken)
        memset(taken, 0, (count + 1) * size);
    else
        (void)fault_memory(why);
    return taken;
}

bool compile_path(struct compiler *compiler, const char *key, const char *text, struct path *path,
                  struct fault *why)
{
    struct fault what = {0};
    struct path parsed = {0};
    if (!path_parse(text, &parsed, &what))
        return compile_refuse(compiler, key, why, "%s", what.text);
    struct step *steps = compile_take(compiler, parsed.count, sizeof *steps, why);
    for (size_t at = 0; steps && at < parsed.count; at++) {
        steps[at] = parsed.steps[at];
        steps[at].name = arena_text(&compiler->adapter->arena, steps[at].name, steps[at].size);
        if (!steps[at].name)
            steps = NULL;
    }
    *path = (struct path){.from_root = parsed.from_root, .count = parsed.count, .steps = steps};
    path_free(&parsed);
    return steps || fault_memory(why);
}

bool compile_field(const struct compiler *compiler, const char *key, const char *name,
                   const struct field **field, struct fault *why)
{
    *field = fields_find(compiler->adapter->fields, name);
    return *field || compile_refuse(compiler, key, why, "the event has no field %s", name);
}

/* The schema of the event's type. */
static avro_schema_t event_types(const struct compiler *compiler)
{
    return avro_schema_record_field_get(compiler->adapters->schema->avro, "event_type");
}

static int event_type_named(const struct compiler *compiler, const char *name)
{
    avro_schema_t types = event_types(compiler);
    return types && avro_typeof(types) == AVRO_ENUM ? avro_schema_enum_get_by_name(types, name)
                                                    : -1;
}

bool compile_types(const struct compiler *compiler, const char *key, char *const *names,
                   size_t count, uint64_t *types, struct fault *why)
{
    *types = count ? 0 : UINT64_MAX;
    for (size_t at = 0; at < count; at++) {
        int symbol = event_type_named(compiler, names[at]);
        if (symbol < 0 || symbol > 63)
            return compile_refuse(compiler, key, why, "no event type is called %s", names[at]);
        *types |= UINT64_C(1) << symbol;
    }
    return true;
}

struct word word_of(const char *text)
{
    return (struct word){text, text ? strlen(text) : 0};
}

/* ---- a message ---- */

static bool take_parts(struct compiler *compiler, const char *key, char *const *texts, size_t count,
                       struct part **parts, struct fault *why)
{
    *parts = compile_take(compiler, count, sizeof **parts, why);
    for (size_t at = 0; *parts && at < count; at++) {
        struct part *part = &(*parts)[at];
        const char *text = texts[at];
        if (strcmp(text, "=content") == 0) {
            part->kind = PART_CONTENT;
            continue;
        }
        part->kind = strncmp(text, "=hash:", 6) == 0 ? PART_HASH : PART_TEXT;
        if (!compile_path(compiler, key, part->kind == PART_HASH ? text + 6 : text, &part->path,
                          why))
            return false;
    }
    return *parts != NULL;
}

static struct cell cell_of(const char *text)
{
    if (strcmp(text, "*") == 0)
        return (struct cell){.kind = CELL_ANY};
    if (strcmp(text, "-") == 0)
        return (struct cell){.kind = CELL_ABSENT};
    if (strcmp(text, "+") == 0)
        return (struct cell){.kind = CELL_PRESENT};
    return (struct cell){.kind = CELL_TEXT, .text = word_of(text)};
}

static bool take_event_row(struct compiler *compiler, const struct table_row *row, size_t columns,
                           struct event_type_row *to, struct fault *why)
{
    const char *type = row->cells[columns];
    bool is_silent = strcmp(type, "-") == 0;
    to->symbol = is_silent ? -1 : event_type_named(compiler, type);
    if (!is_silent && to->symbol < 0)
        return compile_refuse(compiler, "event_type.table", why, "line %d: no event type %s",
                              row->line, type);
    to->cells = compile_take(compiler, columns, sizeof *to->cells, why);
    for (size_t at = 0; to->cells && at < columns; at++) {
        const char *text =
            arena_text(&compiler->adapter->arena, row->cells[at], strlen(row->cells[at]));
        if (!text)
            return fault_memory(why);
        to->cells[at] = cell_of(text);
    }
    return to->cells != NULL;
}

static bool take_event_types(struct compiler *compiler, const struct draft_event_type *draft,
                             struct message *message, struct fault *why)
{
    struct table table = {0};
    auto_free(table_free) struct table *loaded = &table;
    auto_free(free) char *path = file_join(compiler->adapter->folder, draft->table, why);
    if (!path || !table_load(path, '\t', draft->from_count + 1, &table, why))
        return false;
    message->from_count = draft->from_count;
    message->from = compile_take(compiler, draft->from_count, sizeof *message->from, why);
    message->event_types = compile_take(compiler, table.count, sizeof *message->event_types, why);
    message->event_table = draft->table;
    if (!message->from || !message->event_types)
        return false;
    for (size_t at = 0; at < draft->from_count; at++)
        if (!compile_path(compiler, "event_type.from", draft->from[at], &message->from[at], why))
            return false;
    for (size_t at = 0; at < loaded->count; at++)
        if (!take_event_row(compiler, &loaded->rows[at], draft->from_count,
                            &message->event_types[message->event_type_count++], why))
            return false;
    return true;
}

static bool take_speakers(struct compiler *compiler, const struct draft_message *draft,
                          struct message *message, struct fault *why)
{
    message->speakers =
        compile_take(compiler, draft->speaks_for_count, sizeof(struct speaker), why);
    message->speaker_count = draft->speaks_for_count;
    for (size_t at = 0; message->speakers && at < draft->speaks_for_count; at++) {
        const struct draft_speaker *from = &draft->speaks_for[at];
        struct speaker *to = &message->speakers[at];
        if (!compile_field(compiler, "speaks_for", from->field, &to->field, why) ||
            !compile_types(compiler, "speaks_for", from->types, from->types_count, &to->types, why))
            return false;
        if (to->field->type != FIELD_TEXT || to->field->list)
            return compile_refuse(compiler, "speaks_for", why, "%s is no text", from->field);
    }
    return message->speakers != NULL;
}

static bool take_condition(struct compiler *compiler, const char *key,
                           const struct draft_condition *draft, struct condition *condition,
                           struct fault *why)
{
    condition->is = word_of(draft->is);
    condition->is_absent = draft->absent;
    if (draft->is && draft->absent)
        return compile_refuse(compiler, key, why, "it cannot be absent and have a text");
    return compile_path(compiler, key, draft->path, &condition->path, why);
}

/* The member of `list` that is called `name`: `on: id` of documents[] is documents[].id. */
static bool member_named(const struct compiler *compiler, const char *key, const struct field *list,
                         const char *name, const struct field **member, struct fault *why)
{
    auto_free(free) char *whole = NULL;
    if (asprintf(&whole, "%s.%s", list->name, name) < 0)
        return fault_memory(why);
    if (!compile_field(compiler, key, whole, member, why))
        return false;
    return (*member)->type == FIELD_TEXT ||
           compile_refuse(compiler, key, why, "%s is no text", whole);
}

static bool check_array(const struct compiler *compiler, const struct draft_array *draft,
                        const struct array_rule *rule, struct fault *why)
{
    if (rule->list->type != FIELD_RECORDS)
        return compile_refuse(compiler, "field", why, "%s is no array of records", draft->field);
    if (!rule->path.count || path_each(&rule->path) != rule->path.count)
        return compile_refuse(compiler, "path", why, "the path must end in a repetition: []");
    if ((draft->join != NULL) != (draft->on != NULL))
        return compile_refuse(compiler, "", why, "join needs on, and on needs join");
    if ((draft->set != NULL) != (draft->to_count > 0) || (draft->also_count && !draft->set))
        return compile_refuse(compiler, "", why, "set needs to, and to and also need set");
    return true;
}

static bool take_join(struct compiler *compiler, const struct draft_array *draft,
                      struct array_rule *rule, struct fault *why)
{
    return !draft->join || (compile_path(compiler, "join", draft->join, &rule->join, why) &&
                            member_named(compiler, "on", rule->list, draft->on, &rule->on, why));
}

static bool take_set(struct compiler *compiler, const struct draft_array *draft,
                     struct array_rule *rule, struct fault *why)
{
    if (draft->set && !member_named(compiler, "set", rule->list, draft->set, &rule->set, why))
        return false;
    rule->to = compile_take(compiler, draft->to_count, sizeof *rule->to, why);
    rule->also = compile_take(compiler, draft->also_count, sizeof *rule->also, why);
    for (; rule->to && rule->to_count < draft->to_count; rule->to_count++)
        rule->to[rule->to_count] = word_of(draft->to[rule->to_count]);
    for (; rule->also && rule->also_count < draft->also_count; rule->also_count++)
        rule->also[rule->also_count] = word_of(draft->also[rule->also_count]);
    return rule->to && rule->also;
}

static bool take_array(struct compiler *compiler, const struct draft_array *draft,
                       struct array_rule *rule, struct fault *why)
{
    rule->has_skip = draft->skip != NULL;
    return compile_field(compiler, "field", draft->field, &rule->list, why) &&
           compile_path(compiler, "path", draft->path, &rule->path, why) &&
           check_array(compiler, draft, rule, why) && take_join(compiler, draft, rule, why) &&
           take_set(compiler, draft, rule, why) &&
           (!draft->skip || take_condition(compiler, "skip", draft->skip, &rule->skip, why));
}

static bool take_carried_rows(struct compiler *compiler, const struct draft_carries *draft,
                              struct carries *carries, struct fault *why)
{
    carries->write = compile_take(compiler, draft->write_count, sizeof *carries->write, why);
    char place[sizeof compiler->place];
    memcpy(place, compiler->place, sizeof place);
    for (; carries->write && carries->write_count < draft->write_count; carries->write_count++) {
        compile_at(compiler, "%.80s.write[%zu]", place, carries->write_count);
        if (!compile_row(compiler, &draft->write[carries->write_count],
                         &carries->write[carries->write_count], why))
            return false;
    }
    return carries->write != NULL;
}

static bool take_carries(struct compiler *compiler, const struct draft_carries *draft,
                         struct message *message, struct fault *why)
{
    struct carries *carries = compile_take(compiler, 1, sizeof *carries, why);
    if (!carries)
        return false;
    message->carries = carries;
    carries->is = word_of(draft->is);
    carries->is_file = draft->as == WAY_FILE;
    carries->off = draft->off;
    if (!compile_path(compiler, "path", draft->path, &carries->path, why) ||
        !compile_path(compiler, "content", draft->content, &carries->content, why) ||
        !compile_path(compiler, "name", draft->name, &carries->name, why) ||
        !compile_types(compiler, "for", draft->types, draft->types_count, &carries->types, why))
        return false;
    if (!carries->path.count || path_each(&carries->path) != carries->path.count)
        return compile_refuse(compiler, "path", why, "the path must end in a repetition: []");
    if (!compile_types(compiler, "refines", draft->refines, draft->refines_count, &carries->refines,
                       why))
        return false;
    if (!draft->refines_count)
        carries->refines = 0;
    return take_carried_rows(compiler, draft, carries, why);
}

static bool take_rows(struct compiler *compiler, const struct draft_message *draft, size_t number,
                      struct message *message, struct fault *why)
{
    message->rows = compile_take(compiler, draft->map_count, sizeof *message->rows, why);
    for (; message->rows && message->row_count < draft->map_count; message->row_count++) {
        struct row *row = &message->rows[message->row_count];
        compile_at(compiler, "messages[%zu].map[%zu]", number, message->row_count);
        row->number = message->row_count;
        if (!compile_row(compiler, &draft->map[message->row_count], row, why))
            return false;
        if (row->is_content)
            return compile_refuse(compiler, "content", why, "content is for carries.write");
    }
    return message->rows != NULL;
}

static bool take_arrays(struct compiler *compiler, const struct draft_message *draft, size_t number,
                        struct message *message, struct fault *why)
{
    message->arrays = compile_take(compiler, draft->arrays_count, sizeof *message->arrays, why);
    for (; message->arrays && message->array_count < draft->arrays_count; message->array_count++) {
        compile_at(compiler, "messages[%zu].arrays[%zu]", number, message->array_count);
        if (!take_array(compiler, &draft->arrays[message->array_count],
                        &message->arrays[message->array_count], why))
            return false;
    }
    return message->arrays != NULL;
}

static bool take_plans(struct compiler *compiler, const struct draft_message *draft, size_t number,
                       struct message *message, struct fault *why)
{
    message->plans = compile_take(compiler, draft->shapes_count, sizeof *message->plans, why);
    for (; message->plans && message->plan_count < draft->shapes_count; message->plan_count++) {
        const struct draft_shape *shape = &draft->shapes[message->plan_count];
        struct plan *plan = &message->plans[message->plan_count];
        compile_at(compiler, "messages[%zu].shapes[%zu]", number, message->plan_count);
        plan->when = compile_take(compiler, shape->when_count, sizeof *plan->when, why);
        for (; plan->when && plan->when_count < shape->when_count; plan->when_count++)
            if (!take_condition(compiler, "when", &shape->when[plan->when_count],
                                &plan->when[plan->when_count], why))
                return false;
        if (!plan->when || !compile_plan(compiler, message, shape, plan, why))
            return false;
    }
    return message->plans != NULL;
}

static bool take_message(struct compiler *compiler, const struct draft_message *draft,
                         size_t number, struct message *message, struct fault *why)
{
    message->name = draft->name;
    message->format = draft->format;
    message->adapter = compiler->adapter;
    message->native_id_count = draft->native_id_count;
    message->reference_count = draft->reference_count;
    message->refers_to_count = draft->refers_to_count;
    compile_at(compiler, "messages[%zu]", number);
    if (!take_parts(compiler, "native_id", draft->native_id, draft->native_id_count,
                    &message->native_id, why) ||
        !take_parts(compiler, "reference", draft->reference, draft->reference_count,
                    &message->reference, why) ||
        !take_parts(compiler, "refers_to", draft->refers_to, draft->refers_to_count,
                    &message->refers_to, why) ||
        !take_event_types(compiler, &draft->event_type, message, why) ||
        !take_speakers(compiler, draft, message, why))
        return false;
    compile_at(compiler, "messages[%zu].carries", number);
    if (draft->carries && !take_carries(compiler, draft->carries, message, why))
        return false;
    return take_rows(compiler, draft, number, message, why) &&
           take_arrays(compiler, draft, number, message, why) &&
           take_plans(compiler, draft, number, message, why) &&
           compile_layout(compiler, message, why);
}

/* ---- an adapter ---- */

static bool take_xml(struct compiler *compiler, const struct draft *draft, struct fault *why)
{
    struct adapter *adapter = compiler->adapter;
    compile_at(compiler, "%s", "");
    if (!draft->xml)
        return draft->syntax != SYNTAX_XML ||
               compile_refuse(compiler, "syntax", why, "xml needs its own keys under xml:");
    if (draft->syntax != SYNTAX_XML)
        return compile_refuse(compiler, "xml", why, "the syntax is not xml");
    adapter->prefixes =
        compile_take(compiler, draft->xml->prefixes_count, sizeof *adapter->prefixes, why);
    for (size_t at = 0; adapter->prefixes && at < draft->xml->prefixes_count; at++) {
        const struct draft_prefix *from = &draft->xml->prefixes[at];
        if ((from->element != NULL) == (from->name_space != NULL))
            return compile_refuse(compiler, "xml.prefixes", why,
                                  "a prefix is for an element or for a namespace");
        adapter->prefixes[adapter->prefix_count++] =
            (struct xml_prefix){from->element, from->name_space, from->prefix};
    }
    if (!draft->xml->schema)
        return adapter->prefixes != NULL;
    auto_free(free) char *path = file_join(adapter->folder, draft->xml->schema, why);
    adapter->xml_schema = path ? xml_schema_load(path, why) : NULL;
    return adapter->xml_schema != NULL;
}

/* Every table of the map has room in the list. */
static size_t rows_of(const struct draft *draft)
{
    size_t count = 0;
    for (size_t at = 0; at < draft->messages_count; at++) {
        const struct draft_message *message = &draft->messages[at];
        count += message->map_count + (message->carries ? message->carries->write_count : 0);
    }
    return count;
}

static bool take_messages(struct compiler *compiler, const struct draft *draft, struct fault *why)
{
    struct adapter *adapter = compiler->adapter;
    adapter->messages =
        compile_take(compiler, draft->messages_count, sizeof *adapter->messages, why);
    adapter->lists = compile_take(compiler, rows_of(draft), sizeof *adapter->lists, why);
    if (!adapter->messages || !adapter->lists)
        return false;
    for (; adapter->message_count < draft->messages_count; adapter->message_count++)
        if (!take_message(compiler, &draft->messages[adapter->message_count],
                          adapter->message_count, &adapter->messages[adapter->message_count], why))
            return false;
    return true;
}

static const char *last_part(const char *folder, size_t *size)
{
    const char *end = folder + strlen(folder);
    while (end > folder && end[-1] == '/')
        end--;
    const char *start = end;
    while (start > folder && start[-1] != '/')
        start--;
    *size = (size_t)(end - start);
    return start;
}

static bool check_name(struct compiler *compiler, const struct draft *draft, struct fault *why)
{
    size_t size = 0;
    const char *folder = last_part(compiler->adapter->folder, &size);
    compile_at(compiler, "%s", "");
    return (strlen(draft->name) == size && strncmp(draft->name, folder, size) == 0) ||
           compile_refuse(compiler, "name", why, "the folder is called %.*s", (int)size, folder);
}

/* Whether a name, or the beginning of names before a `*`, is of some field. */
static bool names_field(const struct fields *fields, const char *pattern)
{
    size_t size = strcspn(pattern, "*");
    for (size_t at = 0; at < fields->count; at++)
        if (pattern[size] ? strncmp(fields->list[at].name, pattern, size) == 0
                          : strcmp(fields->list[at].name, pattern) == 0)
            return true;
    return false;
}

static bool take_cannot(struct compiler *compiler, const struct draft *draft, struct fault *why)
{
    struct adapter *adapter = compiler->adapter;
    adapter->cannot = compile_take(compiler, draft->cannot_count, sizeof *adapter->cannot, why);
    for (; adapter->cannot && adapter->cannot_count < draft->cannot_count;
         adapter->cannot_count++) {
        const struct draft_cannot *from = &draft->cannot[adapter->cannot_count];
        compile_at(compiler, "cannot[%zu]", adapter->cannot_count);
        for (size_t at = 0; at < from->fields_count; at++)
            if (!names_field(adapter->fields, from->fields[at]))
                return compile_refuse(compiler, "fields", why, "the event has no field %s",
                                      from->fields[at]);
        adapter->cannot[adapter->cannot_count] =
            (struct inability){from->fields, from->fields_count, from->reason};
    }
    return adapter->cannot != NULL;
}

bool compile_adapter(struct adapters *adapters, const char *folder, struct adapter *adapter,
                     struct fault *why)
{
    auto_free(free) char *path = file_join(folder, "adapter.yaml", why);
    auto_free(yaml_file_close) struct yaml_file *file = path ? yaml_file_open(path, why) : NULL;
    if (!file)
        return false;
    adapter->draft = draft_read(file, why);
    if (!adapter->draft)
        return false;
    adapter->folder = arena_text(&adapter->arena, folder, strlen(folder));
    if (!adapter->folder)
        return fault_memory(why);
    adapter->name = adapter->draft->name;
    adapter->syntax = adapter->draft->syntax;
    adapter->adapters = adapters;
    adapter->fields = adapters->fields;
    struct compiler compiler = {.file = file, .adapters = adapters, .adapter = adapter};
    return check_name(&compiler, adapter->draft, why) && take_xml(&compiler, adapter->draft, why) &&
           take_messages(&compiler, adapter->draft, why) &&
           compile_service(&compiler, adapter->draft, why) &&
           take_cannot(&compiler, adapter->draft, why);
}

void compile_free(struct adapter *adapter)
{
    xml_schema_free(adapter->xml_schema);
    draft_free(adapter->draft);
    arena_free(&adapter->arena);
    *adapter = (struct adapter){0};
}

static bool find_carried(struct adapters *adapters, struct adapter *adapter,
                         struct message *message, struct fault *why)
{
    const struct draft_message *draft = &adapter->draft->messages[message - adapter->messages];
    message->carries->adapter = adapters_find(adapters, draft->carries->adapter);
    if (!message->carries->adapter)
        return fault_set(why, FAULT_REFUSE, "%s/adapter.yaml: %s carries %s, which is not there",
                         adapter->folder, message->name, draft->carries->adapter);
    for (size_t at = 0; at < message->carries->adapter->message_count; at++)
        if (message->carries->adapter->messages[at].carries)
            return fault_set(why, FAULT_REFUSE, "%s/adapter.yaml: %s carries what carries too",
                             adapter->folder, message->name);
    return true;
}

bool compile_carries(struct adapters *adapters, struct fault *why)
{
    for (size_t at = 0; at < adapters->count; at++) {
        struct adapter *adapter = &adapters->list[at];
        for (size_t message = 0; message < adapter->message_count; message++)
            if (adapter->messages[message].carries &&
                !find_carried(adapters, adapter, &adapter->messages[message], why))
                return false;
    }
    return true;
}
