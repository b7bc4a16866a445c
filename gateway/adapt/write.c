/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an event to a partner's document.  Rows come first, then what was left over when the event
 * was read, then codes, constants and templates: each place keeps the first text of the best
 * source.
 */
#include "adapt/bench.h"
#include "adapt/writer.h"

static bool applies(const struct writer *writer, const struct row *row)
{
    return row->writes && (row->types & writer->type) &&
           !(row->is_foreign && writer->is_own_format);
}

/* ---- which message ---- */

static int type_of(const struct adapters *adapters, const avro_value_t *event)
{
    avro_value_t place;
    int symbol = 0;
    if (!field_look(adapters->known.event_type, event, &place) ||
        avro_value_get_enum(&place, &symbol) != 0 || symbol > 63)
        return -1;
    return symbol;
}

static const struct event_type_row *row_of_type(const struct message *message, int symbol)
{
    for (size_t at = 0; at < message->event_type_count; at++)
        if (message->event_types[at].symbol == symbol)
            return &message->event_types[at];
    return NULL;
}

bool message_has_type(const struct message *message, int symbol)
{
    return row_of_type(message, symbol) != NULL;
}

/* Whether another row has something for the place of a row whose field is absent. */
static bool is_said_otherwise(const struct writer *writer, const struct row *row)
{
    for (size_t at = 0; at < writer->message->row_count; at++) {
        const struct row *other = &writer->message->rows[at];
        if (other == row || !applies(writer, other) || !path_same(&other->path, &row->path))
            continue;
        if (other->field
                ? other->field->type < FIELD_ENUM && !other->field->list && has_value(writer, other)
            : other->given ? given_text(writer, other->given).size > 0
                           : other->template && template_text(writer, other).size > 0)
            return true;
    }
    return false;
}

/* The first field that the message requires and the event lacks. */
static const struct field *lacking(const struct writer *writer)
{
    const struct message *message = writer->message;
    for (size_t at = 0; at < message->row_count; at++) {
        const struct row *row = &message->rows[at];
        bool is_named = row->field == writer->adapters->known.dossier_code &&
                        message->refers_to_count; /* it may be known by another name */
        if (row->is_required && row->field && !is_named && !row->field->list &&
            applies(writer, row) && row->field->type < FIELD_ENUM && !has_value(writer, row) &&
            !is_said_otherwise(writer, row))
            return row->field;
    }
    return NULL;
}

static bool is_format(const struct writer *writer, const struct message *message)
{
    const char *format = NULL;
    size_t size = 0;
    return field_text(writer->adapters->known.format, writer->event, &format, &size) &&
           strcmp(format, message->format) == 0;
}

static bool refuse(const struct writer *writer, const struct field *lacks, struct fault *why)
{
    if (lacks)
        return fault_set(why, FAULT_REFUSE, "%s cannot say this event: it lacks %s",
                         writer->adapter->name, lacks->name);
    return fault_set(why, FAULT_REFUSE, "%s cannot say this type of event", writer->adapter->name);
}

bool choose_message(struct writer *writer, struct fault *why)
{
    const struct adapter *adapter = writer->adapter;
    const struct field *lacks = NULL;
    writer->symbol = type_of(writer->adapters, writer->event);
    if (writer->symbol < 0)
        return fault_set(why, FAULT_BROKEN, "the event has no type");
    writer->type = UINT64_C(1) << writer->symbol;
    for (int own = 1; own >= 0; own--)
        for (size_t at = 0; at < adapter->message_count; at++) {
            writer->message = &adapter->messages[at];
            writer->is_own_format = is_format(writer, writer->message);
            if (writer->is_own_format != own || !message_has_type(writer->message, writer->symbol))
                continue;
            const struct field *missing = lacking(writer);
            if (!missing)
                return true;
            lacks = lacks ? lacks : missing;
        }
    return refuse(writer, lacks, why);
}

/* ---- rows of values ---- */

static bool put_text(const struct writer *writer, const struct row *row, enum out_source source,
                     const struct word *text, struct fault *why)
{
    struct out *place =
        place_at(writer, place_from(writer, &row->path), row->path.steps, row->path.count, 0);
    if (!place)
        return fault_memory(why);
    place_put(place, source, text, row);
    return true;
}

static bool write_value(const struct writer *writer, const struct row *row, struct fault *why)
{
    struct word text = row_text(writer, row, writer->event);
    if (!text.size)
        return true;
    bool is_again = is_written(writer, row->field);
    note_written(writer, row->field);
    return put_text(writer, row, is_again ? OUT_AGAIN : OUT_FIELD, &text, why);
}

/* How many rows without a repetition fill the same list before this one. */
static size_t place_among(const struct writer *writer, const struct row *row)
{
    size_t before = 0;
    for (const struct row *each = writer->message->rows; each < row; each++)
        before += each->field == row->field && applies(writer, each) && !path_each(&each->path);
    return before;
}

/* Texts go to the repetitions of the path; without one, the n-th such row writes the n-th. */
static bool write_texts(const struct writer *writer, const struct row *row, struct fault *why)
{
    avro_value_t list, element;
    size_t count = 0;
    bool is_each = path_each(&row->path) > 0;
    size_t first = is_each ? 0 : place_among(writer, row);
    if (!field_look(row->field, writer->event, &list) || avro_value_get_size(&list, &count) != 0)
        return true;
    for (size_t at = first; at < count && (is_each || at == first); at++) {
        struct word text = {0};
        size_t size = 0;
        if (avro_value_get_by_index(&list, at, &element, NULL) != 0 ||
            avro_value_get_string(&element, &text.text, &size) != 0 || size < 2)
            continue;
        text.size = size - 1;
        struct out *place = place_at(writer, place_from(writer, &row->path), row->path.steps,
                                     row->path.count, (uint32_t)at);
        if (!place)
            return fault_memory(why);
        place_put(place, OUT_FIELD, &text, row);
    }
    return true;
}

/* ---- maps ---- */

/* An entry under a key: a leaf at the path that the key is. */
static bool put_leaf(const struct writer *writer, struct out *from, const char *key,
                     const struct word *text, struct fault *why)
{
    struct path path;
    struct fault none;
    if (!path_parse(key, &path, &none)) /* no path of a document: it came from elsewhere */
        return none.kind == FAULT_REFUSE || fault_memory(why);
    struct out *place = place_at(writer, from, path.steps, path.count, 0);
    if (place)
        place_put(place, OUT_FIELD, text, NULL);
    path_free(&path);
    return place || fault_memory(why);
}

static bool put_keyed(const struct writer *writer, const struct row *row, size_t number,
                      const char *key, const struct word *text, struct fault *why)
{
    size_t repeated = path_each(&row->path);
    struct word name = {key, strlen(key)};
    struct out *node = place_at(writer, place_from(writer, &row->path), row->path.steps, repeated,
                                (uint32_t)number);
    struct out *value =
        node ? place_at(writer, node, row->path.steps + repeated, row->path.count - repeated, 0)
             : NULL;
    struct out *at_key = node ? place_at(writer, node, row->key.steps, row->key.count, 0) : NULL;
    if (!value || !at_key)
        return fault_memory(why);
    place_put(value, OUT_FIELD, text, row);
    place_put(at_key, OUT_FIELD, &name, NULL);
    return true;
}

static bool entry_at(const avro_value_t *map, size_t at, const char **key, struct word *text)
{
    avro_value_t entry;
    size_t size = 0;
    if (avro_value_get_by_index(map, at, &entry, key) != 0 ||
        avro_value_get_string(&entry, &text->text, &size) != 0 || size < 1)
        return false;
    text->size = size - 1;
    return true;
}

static bool write_map(const struct writer *writer, const struct row *row, struct fault *why)
{
    avro_value_t map;
    size_t count = 0;
    if (!field_look(row->field, writer->event, &map) || avro_value_get_size(&map, &count) != 0)
        return true;
    struct out *base = row->has_key || !count ? writer->item
                                              : place_at(writer, place_from(writer, &row->path),
                                                         row->path.steps, row->path.count - 1, 0);
    for (size_t at = 0; base && at < count; at++) {
        const char *key = NULL;
        struct word text;
        if (!entry_at(&map, at, &key, &text) || !text.size)
            continue;
        if (row->has_key ? !put_keyed(writer, row, at, key, &text, why)
                         : !put_leaf(writer, base, key, &text, why))
            return false;
    }
    return base || fault_memory(why);
}

/* ---- all rows ---- */

static bool write_given(const struct writer *writer, const struct row *row, struct fault *why)
{
    struct word text = given_text(writer, row->given);
    return !applies(writer, row) || !text.size || put_text(writer, row, OUT_FIELD, &text, why);
}

static bool write_row(const struct writer *writer, const struct row *row, struct fault *why)
{
    if (row->given)
        return write_given(writer, row, why);
    if (!row->field || !row->has_path || row->field->list || !applies(writer, row) ||
        row->field == writer->adapters->known.extra)
        return true;
    if (row->field->type == FIELD_TEXTS)
        return write_texts(writer, row, why);
    return row->field->type == FIELD_MAP ? write_map(writer, row, why)
                                         : write_value(writer, row, why);
}

static bool write_rows(const struct writer *writer, struct fault *why)
{
    const struct message *message = writer->message;
    const struct plan *plan = &message->plans[0];
    for (size_t at = 0; at < message->row_count; at++)
        if (!write_row(writer, &message->rows[at], why))
            return false;
    for (size_t at = 0; at < plan->group_count; at++) {
        const struct group *group = plan->groups[at];
        if (group->list && group->list->type == FIELD_RECORDS && !group->parent &&
            !write_records(writer, group, why))
            return false;
    }
    return true;
}

/* ---- leftovers ---- */

/* The path in a key of source_extra; NULL when it is another document's. */
static const char *own_path(const struct writer *writer, const char *key)
{
    const struct carries *carries = writer->message->carries;
    const char *prefix = writer->extra_prefix               ? writer->extra_prefix
                         : carries && !writer->extra_prefix ? carries->adapter->name
                                                            : NULL;
    size_t size = prefix ? strlen(prefix) : 0;
    bool has_prefix = prefix && strncmp(key, prefix, size) == 0 && key[size] == ':';
    if (writer->extra_prefix)
        return has_prefix ? key + size + 1 : NULL;
    return has_prefix ? NULL : key;
}

/* The row that says how a leftover of that path is written, if there is one. */
static const struct row *row_of_extra(const struct writer *writer, const struct path *path)
{
    for (size_t at = 0; at < writer->message->row_count; at++) {
        const struct row *row = &writer->message->rows[at];
        if (row->field == writer->adapters->known.extra && row->has_path &&
            path_same(&row->path, path))
            return row;
    }
    return NULL;
}

static bool put_extra(const struct writer *writer, const char *key, const struct word *text,
                      struct fault *why)
{
    struct path path;
    struct fault none;
    const char *own = own_path(writer, key);
    if (!own)
        return true;
    if (!path_parse(own, &path, &none))
        return none.kind == FAULT_REFUSE || fault_memory(why);
    struct out *place = place_at(writer, place_from(writer, &path), path.steps, path.count, 0);
    if (place && place->source != OUT_FIELD) {
        struct word said = file_put_back(writer, text);
        place->source = OUT_NONE;
        place_put(place, OUT_FIELD, &said, row_of_extra(writer, &path));
    }
    path_free(&path);
    return place || fault_memory(why);
}

static bool write_extra(const struct writer *writer, struct fault *why)
{
    avro_value_t map;
    size_t count = 0;
    if ((!writer->is_own_format && !writer->extra_prefix) ||
        !field_look(writer->adapters->known.extra, writer->event, &map) ||
        avro_value_get_size(&map, &count) != 0)
        return true;
    for (size_t at = 0; at < count; at++) {
        const char *key = NULL;
        struct word text;
        if (entry_at(&map, at, &key, &text) && !put_extra(writer, key, &text, why))
            return false;
    }
    return true;
}

/* ---- constants ---- */

static bool write_codes(const struct writer *writer, struct fault *why)
{
    const struct message *message = writer->message;
    const struct event_type_row *row = row_of_type(message, writer->symbol);
    for (size_t at = 0; row && at < message->from_count; at++) {
        const struct path *path = &message->from[at];
        if (row->cells[at].kind != CELL_TEXT)
            continue;
        struct out *place = place_at(writer, place_from(writer, path), path->steps, path->count, 0);
        if (!place)
            return fault_memory(why);
        place_put(place, OUT_CONSTANT, &row->cells[at].text, NULL);
    }
    return true;
}

/* Puts a text below every repetition that is there. */
static bool put_everywhere(const struct writer *writer, struct out *from, const struct step *steps,
                           size_t count, const struct row *row, const struct word *text)
{
    if (!count) {
        place_put(from, OUT_CONSTANT, text, row);
        return true;
    }
    if (steps->which != WHICH_EACH) {
        struct out *next = place_at(writer, from, steps, 1, 0);
        return next && put_everywhere(writer, next, steps + 1, count - 1, row, text);
    }
    for (struct out *child = from->children; child; child = child->next)
        if (child->size == steps->size && memcmp(child->name, steps->name, child->size) == 0 &&
            !put_everywhere(writer, child, steps + 1, count - 1, row, text))
            return false;
    return true;
}

/* Without anything that repeats, no place is made on the way to it. */
static bool has_repetition(const struct writer *writer, const struct path *path)
{
    const struct out *at = place_from(writer, path);
    for (size_t step = 0; step < path_each(path); step++) {
        const struct out *child = at->children;
        while (child && (child->size != path->steps[step].size ||
                         memcmp(child->name, path->steps[step].name, child->size) != 0))
            child = child->next;
        if (!child)
            return false;
        at = child;
    }
    return true;
}

static bool write_constants(const struct writer *writer, struct fault *why)
{
    for (size_t at = 0; at < writer->message->row_count; at++) {
        const struct row *row = &writer->message->rows[at];
        if (row->field || row->given || !applies(writer, row) ||
            !has_repetition(writer, &row->path))
            continue;
        struct word text = row->template ? template_text(writer, row) : row->constant;
        if (text.text && !put_everywhere(writer, place_from(writer, &row->path), row->path.steps,
                                         row->path.count, row, &text))
            return fault_memory(why);
    }
    return true;
}

static bool write_always(const struct writer *writer, struct fault *why)
{
    for (size_t at = 0; at < writer->message->row_count; at++) {
        const struct row *row = &writer->message->rows[at];
        if (row->is_always && row->has_path && applies(writer, row) && !path_each(&row->path) &&
            !put_text(writer, row, OUT_EMPTY, &(struct word){"", 0}, why))
            return false;
    }
    return true;
}

/* ---- the whole ---- */

/* Whether the document and what is within it tell of the same files, which ids join. */
static bool joins_carried(const struct writer *writer)
{
    return !writer->is_own_format && writer->message->carries && !writer->message->carries->is_file;
}

char *write_message(struct workbench *bench, struct writer *writer, size_t *size, struct fault *why)
{
    const struct plan *plan = &writer->message->plans[0];
    struct out root = {.name = "", .source = OUT_NONE, .layout = writer->message->layout};
    writer->root = writer->item = &root;
    if (plan->has_items)
        writer->item = place_at(writer, &root, plan->items.steps, plan->items.count, 0);
    if (!writer->item) {
        (void)fault_memory(why);
        return NULL;
    }
    struct word carried = {0};
    writer->names_documents = writer->names_documents || joins_carried(writer);
    bool is_whole = write_carried(bench, writer, &carried, why) && write_rows(writer, why) &&
                    write_extra(writer, why) && write_codes(writer, why) &&
                    write_constants(writer, why) && write_always(writer, why) &&
                    place_carried(writer, &carried, why);
    if (!is_whole)
        return NULL;
    return writer->adapter->syntax == SYNTAX_XML
               ? out_xml(writer->adapter, &root, writer->arena, size, why)
               : out_json(&root, size, why);
}

static bool write_event(struct workbench *bench, struct writer *writer,
                        struct adapt_written *written, struct fault *why)
{
    if (!choose_message(writer, why))
        return false;
    written->bytes = write_message(bench, writer, &written->size, why);
    written->message = writer->message->name;
    written->media_type = adapter_media_type(writer->adapter, 0);
    return written->bytes && find_holes(writer->files, written, why);
}

bool adapt_write(struct workbench *bench, const struct adapter *adapter, const avro_value_t *event,
                 const struct adapt_writing *writing, struct adapt_written *written,
                 struct fault *why)
{
    static const struct adapt_writing nothing = {0};
    uint64_t fields[FIELD_LIMIT / 64] = {0};
    struct used_files files = {0};
    struct writer writer = {.adapters = bench->adapters,
                            .adapter = adapter,
                            .event = event,
                            .arena = &bench->writing,
                            .writing = writing ? writing : &nothing,
                            .files = &files,
                            .beside = written,
                            .written = fields};
    *written = (struct adapt_written){0};
    bool is_written = write_event(bench, &writer, written, why);
    if (bench->writing.is_short) /* what had no memory looks like what is not there */
        is_written = fault_memory(why);
    if (!is_written)
        adapt_written_free(written);
    free(files.list);
    arena_reset(&bench->writing);
    return is_written;
}
