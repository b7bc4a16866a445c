/* SPDX-License-Identifier: Apache-2.0 */
/* A document through an adapter and back, with everything that is said on the way. */
#include "adapt/trial.h"

#include "adapt/bench.h"
#include "adapt/compare.h"
#include "base/cleanup.h"
#include "event/render.h"

ENDS_WITH_SCOPE(struct trial *, trial_free)
ENDS_WITH_SCOPE(json_t *, json_decref)

void trial_free(struct trial *trial)
{
    json_decref(trial->events);
    json_decref(trial->problems);
    for (size_t at = 0; at < trial->count; at++) {
        free(trial->written[at]);
        free(trial->refusals[at]);
    }
    free(trial->written);
    free(trial->written_sizes);
    free(trial->messages);
    free(trial->refusals);
    *trial = (struct trial){0};
}

/* ---- reading ---- */

static bool room_for_one(struct trial *trial, struct fault *why)
{
    size_t count = trial->count + 1;
    char **written = reallocarray(trial->written, count, sizeof *written);
    trial->written = written ? written : trial->written;
    size_t *sizes = reallocarray(trial->written_sizes, count, sizeof *sizes);
    trial->written_sizes = sizes ? sizes : trial->written_sizes;
    const char **messages = reallocarray(trial->messages, count, sizeof *messages);
    trial->messages = messages ? messages : trial->messages;
    char **refusals = reallocarray(trial->refusals, count, sizeof *refusals);
    trial->refusals = refusals ? refusals : trial->refusals;
    return (written && sizes && messages && refusals) || fault_memory(why);
}

static bool keep_written(struct trial *trial, const struct adapt_item *item, size_t at,
                         struct fault *why)
{
    struct adapt_written written;
    const struct adapter *adapter = trial->writer ? trial->writer : trial->adapter;
    if (adapt_write(trial->bench, adapter, &item->event, trial->writing, &written, why)) {
        trial->written[at] = steal(written.bytes);
        trial->written_sizes[at] = written.size;
        trial->messages[at] = written.message;
        adapt_written_free(&written);
        return true;
    }
    trial->refusals[at] = strdup(why->text);
    return why->kind == FAULT_REFUSE && trial->refusals[at];
}

static bool keep(void *own, const struct adapt_item *item, struct fault *why)
{
    struct trial *trial = own;
    if (item->is_silent)
        return true;
    json_t *event = render_event(trial->bench->adapters->schema, &item->event, RENDER_FULL, why);
    if (!event)
        return false;
    if (json_array_append_new(trial->events, event) != 0 || !room_for_one(trial, why))
        return fault_memory(why);
    size_t at = trial->count++;
    trial->written[at] = trial->refusals[at] = NULL;
    trial->written_sizes[at] = 0;
    trial->messages[at] = NULL;
    return !trial->writes || !item->is_valid || keep_written(trial, item, at, why);
}

static json_t *problem_json(const struct problem *problem)
{
    json_t *json = json_pack("{ss ss? si si si ss? ss? ss?}", "rule", rule_code(problem->rule),
                             "path", problem->path, "line", problem->line, "column",
                             problem->column, "item", problem->item, "field", problem->field,
                             "value", problem->value, "hint", problem->hint);
    if (!json)
        return NULL;
    static const char *const numbers[] = {"line", "column"};
    for (size_t at = 0; at < sizeof numbers / sizeof numbers[0]; at++)
        if (json_integer_value(json_object_get(json, numbers[at])) == 0)
            (void)json_object_del(json, numbers[at]);
    static const char *const texts[] = {"field", "value", "hint"};
    for (size_t at = 0; at < sizeof texts / sizeof texts[0]; at++)
        if (json_is_null(json_object_get(json, texts[at])))
            (void)json_object_del(json, texts[at]);
    return json;
}

bool trial_run(struct trial *trial, const char *bytes, size_t size, struct fault *why)
{
    const struct adapt_document document = {
        .bytes = bytes, .size = size, .candidates = &trial->adapter, .candidate_count = 1};
    struct reading reading;
    trial->events = json_array();
    trial->problems = json_array();
    if (!trial->events || !trial->problems)
        return fault_memory(why);
    if (!adapt_read(trial->bench, &document, keep, trial, &reading, why))
        return false;
    trial->problem_total = reading.problem_total;
    for (size_t at = 0; at < reading.problem_count; at++)
        if (json_array_append_new(trial->problems, problem_json(&reading.problems[at])) != 0)
            return fault_memory(why);
    return true;
}

/* ---- the round trip ---- */

/* Whether a field is read from files alone, whose bytes are not in the event. */
static bool is_of_file(const struct adapter *adapter, const struct field *field)
{
    bool is_read = false;
    for (size_t at = 0; at < adapter->message_count; at++)
        for (size_t row = 0; row < adapter->messages[at].row_count; row++) {
            const struct row *each = &adapter->messages[at].rows[row];
            is_read = is_read || (each->field == field && each->conversion->file == FILE_BYTES);
        }
    return is_read;
}

static void drop_files(const struct adapter *adapter, json_t *event)
{
    for (size_t at = 0; at < adapter->fields->count; at++) {
        const struct field *field = &adapter->fields->list[at];
        if (!field->list || !is_of_file(adapter, field))
            continue;
        auto_free(free) char *list = strndup(field->list->name, strcspn(field->list->name, "["));
        const char *member = strrchr(field->name, '.') + 1;
        json_t *elements = list ? json_object_get(event, list) : NULL;
        for (size_t index = 0; index < json_array_size(elements); index++)
            (void)json_object_set_new(json_array_get(elements, index), member, json_null());
    }
}

static int compare_texts(const void *one, const void *other)
{
    const json_t *first, *second;
    memcpy(&first, one, sizeof first);
    memcpy(&second, other, sizeof second);
    const char *text = json_string_value(first);
    const char *against = json_string_value(second);
    return text && against ? strcmp(text, against) : 0;
}

/* Tags are a set. */
static void sort_tags(json_t *event)
{
    json_t *tags = json_object_get(event, "tags");
    size_t count = json_array_size(tags);
    json_t **list = count ? calloc(count, sizeof(json_t *)) : NULL;
    if (!list)
        return;
    for (size_t at = 0; at < count; at++)
        list[at] = json_incref(json_array_get(tags, at));
    qsort(list, count, sizeof(json_t *), compare_texts);
    for (size_t at = 0; at < count; at++)
        (void)json_array_set_new(tags, at, list[at]);
    free(list);
}

json_t *trial_essence(const json_t *event)
{
    static const char *const top[] = {"event_id", "received_at", "trace_id"};
    static const char *const below[] = {"system", "native_message_id", "payload_sha256", "raw_ref"};
    json_t *copy = json_deep_copy(event);
    json_t *source = json_object_get(copy, "source");
    for (size_t at = 0; copy && at < sizeof top / sizeof top[0]; at++)
        (void)json_object_del(copy, top[at]);
    for (size_t at = 0; source && at < sizeof below / sizeof below[0]; at++)
        (void)json_object_del(source, below[at]);
    sort_tags(copy);
    return copy;
}

/* "name" and "name[0]" are the same place. */
static json_t *without_first(const char *key)
{
    char *text = strdup(key);
    char *to = text;
    while (text && *key) {
        if (strncmp(key, "[0]", 3) == 0)
            key += 3;
        else
            *to++ = *key++;
    }
    if (text)
        *to = '\0';
    json_t *json = text ? json_string(text) : NULL;
    free(text);
    return json;
}

static void unify_keys(json_t *event)
{
    json_t *extra = json_object_get(event, "source_extra");
    auto_free(json_decref) json_t *unified = json_object();
    const char *key;
    json_t *value;
    json_object_foreach (extra, key, value) {
        auto_free(json_decref) json_t *name = without_first(key);
        (void)json_object_set(unified, name ? json_string_value(name) : key, value);
    }
    if (json_is_object(extra))
        (void)json_object_set(event, "source_extra", unified);
}

/* What two events are compared by after a round trip. */
static json_t *lasting(const struct trial *trial, size_t index)
{
    const json_t *event = json_array_get(trial->events, index);
    json_t *essence = event ? trial_essence(event) : NULL;
    drop_files(trial->adapter, essence);
    unify_keys(essence);
    return essence;
}

static bool compare_back(const struct trial *trial, size_t index, const struct trial *back,
                         FILE *out)
{
    const struct shape *shape = trial->bench->adapters->schema->shapes->root;
    auto_free(json_decref) json_t *first = lasting(trial, index);
    auto_free(json_decref) json_t *again = lasting(back, 0);
    for (size_t at = 0; at < json_array_size(back->problems); at++) {
        auto_free(free) char *text = json_dumps(json_array_get(back->problems, at), 0);
        (void)fprintf(out, "  back: problem %s\n", text ? text : "");
    }
    if (!again && !back->problem_total)
        (void)fprintf(out, "  back: no event\n");
    bool is_same = first && again && compare_events(shape, first, again, "  back: ", out);
    return is_same && back->problem_total == 0;
}

bool trial_returns(const struct trial *trial, size_t index, FILE *out, bool *is_same,
                   struct fault *why)
{
    struct trial back = {.bench = trial->bench, .adapter = trial->adapter};
    auto_free(trial_free) struct trial *second = &back;
    *is_same = false;
    if (!trial->written[index]) {
        (void)fprintf(out, "  it cannot be written: %s\n",
                      trial->refusals[index] ? trial->refusals[index] : "the item is not valid");
        return true;
    }
    if (!trial_run(second, trial->written[index], trial->written_sizes[index], why))
        return false;
    *is_same = compare_back(trial, index, second, out);
    return true;
}
