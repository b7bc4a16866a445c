/* SPDX-License-Identifier: Apache-2.0 */
/* YAML files of operators as trees with places, so that a fault can point at its line. */
#include "base/yaml_file.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <stdarg.h>

struct yaml_file {
    char *path;
    char *text;
    size_t size;
    /* Never changed once open; libyaml's calls for reading it want it unqualified. */
    yaml_document_t *document;
};

void yaml_file_close(struct yaml_file *file)
{
    if (!file)
        return;
    if (file->document)
        yaml_document_delete(file->document);
    free(file->document);
    free(file->text);
    free(file->path);
    free(file);
}

ENDS_WITH_SCOPE(struct yaml_file *, yaml_file_close)

const char *yaml_file_path(const struct yaml_file *file)
{
    return file->path;
}

const char *yaml_file_text(const struct yaml_file *file, size_t *size)
{
    *size = file->size;
    return file->text;
}

yaml_node_t *yaml_file_root(const struct yaml_file *file)
{
    yaml_node_t *root = yaml_document_get_root_node(file->document);
    bool is_nothing = root && root->type == YAML_SCALAR_NODE && root->data.scalar.length == 0 &&
                      root->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return is_nothing ? NULL : root;
}

yaml_node_t *yaml_file_node(const struct yaml_file *file, int index)
{
    return yaml_document_get_node(file->document, index);
}

static bool refuse_mark(const char *path, yaml_mark_t mark, struct fault *why, const char *format,
                        va_list values)
{
    char what[sizeof why->text];
    (void)vsnprintf(what, sizeof what, format, values); /* cut as a fault would be */
    return fault_set(why, FAULT_REFUSE, "%s:%zu:%zu: %s", path, mark.line + 1, mark.column + 1,
                     what);
}

bool yaml_file_refuse_node(const struct yaml_file *file, const yaml_node_t *node, struct fault *why,
                           const char *format, ...)
{
    yaml_mark_t mark = {.index = 0};
    va_list values;
    va_start(values, format);
    (void)refuse_mark(file->path, node ? node->start_mark : mark, why, format, values);
    va_end(values);
    return false;
}

/* --- finding a place --- */

static yaml_node_t *value_of_key(const struct yaml_file *file, const yaml_node_t *mapping,
                                 const char *key, size_t size)
{
    const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
    for (; pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *name = yaml_file_node(file, pair->key);
        if (name->data.scalar.length == size && memcmp(name->data.scalar.value, key, size) == 0)
            return yaml_file_node(file, pair->value);
    }
    return NULL;
}

static yaml_node_t *item_at(const struct yaml_file *file, const yaml_node_t *sequence,
                            unsigned long index)
{
    const yaml_node_item_t *start = sequence->data.sequence.items.start;
    size_t count = (size_t)(sequence->data.sequence.items.top - start);
    return index < count ? yaml_file_node(file, start[index]) : NULL;
}

/* One step of a place: ".key", "key" or "[3]". */
static yaml_node_t *step_into(const struct yaml_file *file, const yaml_node_t *from,
                              const char **place)
{
    if (**place == '[') {
        char *end;
        unsigned long index = strtoul(*place + 1, &end, 10);
        *place = *end == ']' ? end + 1 : end;
        return from->type == YAML_SEQUENCE_NODE ? item_at(file, from, index) : NULL;
    }
    const char *key = **place == '.' ? *place + 1 : *place;
    size_t size = strcspn(key, ".[");
    *place = key + size;
    return from->type == YAML_MAPPING_NODE ? value_of_key(file, from, key, size) : NULL;
}

/* Sets `*whole` to whether all of the place is there, and returns the deepest node that is. */
static yaml_node_t *find_deepest(const struct yaml_file *file, const char *place, bool *whole)
{
    yaml_node_t *node = yaml_file_root(file);
    *whole = node != NULL;
    while (*whole && *place != '\0') {
        yaml_node_t *next = step_into(file, node, &place);
        *whole = next != NULL;
        if (next)
            node = next;
    }
    return node;
}

yaml_node_t *yaml_file_find(const struct yaml_file *file, const char *place)
{
    bool whole;
    yaml_node_t *node = find_deepest(file, place, &whole);
    return whole ? node : NULL;
}

bool yaml_file_refuse(const struct yaml_file *file, const char *place, struct fault *why,
                      const char *format, ...)
{
    bool whole;
    const yaml_mark_t start = {.index = 0};
    const yaml_node_t *node = find_deepest(file, place, &whole);
    va_list values;
    va_start(values, format);
    (void)refuse_mark(file->path, node ? node->start_mark : start, why, format, values);
    va_end(values);
    return false;
}

/* --- what is YAML, but not taken --- */

static bool check_scalar(const struct yaml_file *file, const yaml_node_t *node, struct fault *why)
{
    if (memchr(node->data.scalar.value, '\0', node->data.scalar.length))
        return yaml_file_refuse_node(file, node, why, "a NUL character");
    return true;
}

static bool check_key(const struct yaml_file *file, const yaml_node_t *mapping,
                      const yaml_node_pair_t *pair, struct fault *why)
{
    const yaml_node_t *key = yaml_file_node(file, pair->key);
    if (key->type != YAML_SCALAR_NODE)
        return yaml_file_refuse_node(file, key, why, "a key must be plain text");
    const char *name = (const char *)key->data.scalar.value;
    if (value_of_key(file, mapping, name, key->data.scalar.length) !=
        yaml_file_node(file, pair->value))
        return yaml_file_refuse_node(file, key, why, "the key %s is here twice", name);
    return true;
}

static bool check_keys(const struct yaml_file *file, const yaml_node_t *mapping, struct fault *why)
{
    const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
    for (; pair < mapping->data.mapping.pairs.top; pair++)
        if (!check_key(file, mapping, pair, why))
            return false;
    return true;
}

static bool check_tag(const struct yaml_file *file, const yaml_node_t *node, struct fault *why)
{
    static const char *const of_type[] = {
        [YAML_NO_NODE] = "",
        [YAML_SCALAR_NODE] = YAML_STR_TAG,
        [YAML_SEQUENCE_NODE] = YAML_SEQ_TAG,
        [YAML_MAPPING_NODE] = YAML_MAP_TAG,
    };
    if (strcmp((const char *)node->tag, of_type[node->type]) != 0)
        return yaml_file_refuse_node(file, node, why, "a tag (!) has no meaning here");
    return true;
}

static bool check_node(const struct yaml_file *file, const yaml_node_t *node, struct fault *why)
{
    return check_tag(file, node, why) &&
           (node->type != YAML_SCALAR_NODE || check_scalar(file, node, why)) &&
           (node->type != YAML_MAPPING_NODE || check_keys(file, node, why));
}

static bool check_nodes(const struct yaml_file *file, struct fault *why)
{
    const yaml_node_t *node = file->document->nodes.start;
    for (; node < file->document->nodes.top; node++)
        if (!check_node(file, node, why))
            return false;
    return true;
}

/* --- reading --- */

struct reader {
    yaml_parser_t parser;
    const struct yaml_file *file;
};

static bool refuse_at(const struct reader *reader, yaml_mark_t mark, const char *what,
                      struct fault *why)
{
    return fault_set(why, FAULT_REFUSE, "%s:%zu:%zu: %s", reader->file->path, mark.line + 1,
                     mark.column + 1, what);
}

/* Whether the line that the parser stumbled at is indented by a tab, which it says obscurely. */
static bool has_tab(const struct yaml_file *file, size_t line)
{
    const char *at = file->text;
    for (; line > 0 && at; line--)
        at = (at = strchr(at, '\n')) ? at + 1 : NULL;
    return at && at[strspn(at, " ")] == '\t';
}

static bool refuse_syntax(const struct reader *reader, struct fault *why)
{
    const yaml_parser_t *parser = &reader->parser;
    if (parser->error == YAML_MEMORY_ERROR)
        return fault_memory(why);
    if (parser->error == YAML_READER_ERROR) /* bytes that are no characters: it knows no line */
        return fault_set(why, FAULT_REFUSE, "%s: %s at byte %zu", reader->file->path,
                         parser->problem, parser->problem_offset);
    if (has_tab(reader->file, parser->problem_mark.line))
        return refuse_at(reader, parser->problem_mark, "a tab: YAML is indented by blanks", why);
    return refuse_at(reader, parser->problem_mark, parser->problem, why);
}

static bool reader_begin(struct reader *reader, const struct yaml_file *file, struct fault *why)
{
    reader->file = file;
    if (!yaml_parser_initialize(&reader->parser))
        return fault_memory(why);
    yaml_parser_set_input_string(&reader->parser, (const unsigned char *)file->text, file->size);
    return true;
}

/* False when the event is one that the tree could not show any more. */
static bool check_event(const struct reader *reader, const yaml_event_t *event, int *documents,
                        struct fault *why)
{
    if (event->type == YAML_ALIAS_EVENT)
        return refuse_at(reader, event->start_mark, "an alias (*) is not allowed", why);
    if (event->type == YAML_DOCUMENT_START_EVENT && ++*documents > 1)
        return refuse_at(reader, event->start_mark, "a second document", why);
    return true;
}

static bool check_events(const struct yaml_file *file, struct fault *why)
{
    struct reader reader;
    if (!reader_begin(&reader, file, why))
        return false;
    bool good = true, at_end = false;
    for (int documents = 0; good && !at_end;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&reader.parser, &event)) {
            good = refuse_syntax(&reader, why);
            break;
        }
        good = check_event(&reader, &event, &documents, why);
        at_end = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&reader.parser);
    return good;
}

static bool load_tree(struct yaml_file *file, struct fault *why)
{
    struct reader reader;
    yaml_document_t *document = malloc(sizeof *document);
    if (!document)
        return fault_memory(why);
    if (!reader_begin(&reader, file, why)) {
        free(document);
        return false;
    }
    if (yaml_parser_load(&reader.parser, document))
        file->document = steal(document);
    bool good = file->document || refuse_syntax(&reader, why);
    yaml_parser_delete(&reader.parser);
    free(document);
    return good;
}

struct yaml_file *yaml_file_open(const char *path, struct fault *why)
{
    auto_free(yaml_file_close) struct yaml_file *file = calloc(1, sizeof *file);
    if (!file || !(file->path = strdup(path))) {
        fault_memory(why);
        return NULL;
    }
    file->text = file_read(path, YAML_FILE_LIMIT, &file->size, why);
    if (!file->text || !check_events(file, why) || !load_tree(file, why) || !check_nodes(file, why))
        return NULL;
    return steal(file);
}

/* --- walking --- */

struct walk {
    const struct yaml_file *file;
    bool (*each)(void *own, const struct yaml_entry *entry, struct fault *why);
    void *own;
};

static bool walk_into(const struct walk *walk, const char *place, const yaml_node_t *node,
                      struct fault *why);

static bool visit(const struct walk *walk, const struct yaml_entry *entry, struct fault *why)
{
    return walk->each(walk->own, entry, why) && walk_into(walk, entry->place, entry->value, why);
}

static bool walk_pair(const struct walk *walk, const char *place, const yaml_node_pair_t *pair,
                      struct fault *why)
{
    auto_free(free) char *inner = NULL;
    const yaml_node_t *key = yaml_file_node(walk->file, pair->key);
    if (asprintf(&inner, "%s%s%s", place, *place == '\0' ? "" : ".",
                 (const char *)key->data.scalar.value) < 0)
        return fault_memory(why);
    const struct yaml_entry entry = {inner, key, yaml_file_node(walk->file, pair->value)};
    return visit(walk, &entry, why);
}

static bool walk_mapping(const struct walk *walk, const char *place, const yaml_node_t *mapping,
                         struct fault *why)
{
    const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
    for (; pair < mapping->data.mapping.pairs.top; pair++)
        if (!walk_pair(walk, place, pair, why))
            return false;
    return true;
}

static bool walk_item(const struct walk *walk, const char *place, ptrdiff_t number, int index,
                      struct fault *why)
{
    auto_free(free) char *inner = NULL;
    if (asprintf(&inner, "%s[%td]", place, number) < 0)
        return fault_memory(why);
    const struct yaml_entry entry = {inner, NULL, yaml_file_node(walk->file, index)};
    return visit(walk, &entry, why);
}

static bool walk_sequence(const struct walk *walk, const char *place, const yaml_node_t *sequence,
                          struct fault *why)
{
    const yaml_node_item_t *start = sequence->data.sequence.items.start;
    for (const yaml_node_item_t *item = start; item < sequence->data.sequence.items.top; item++)
        if (!walk_item(walk, place, item - start, *item, why))
            return false;
    return true;
}

/* As deep as libyaml nests, which is 1000. */
static bool walk_into(const struct walk *walk, const char *place, const yaml_node_t *node,
                      struct fault *why)
{
    if (node->type == YAML_MAPPING_NODE)
        return walk_mapping(walk, place, node, why);
    return node->type != YAML_SEQUENCE_NODE || walk_sequence(walk, place, node, why);
}

bool yaml_file_walk(const struct yaml_file *file,
                    bool (*each)(void *own, const struct yaml_entry *entry, struct fault *why),
                    void *own, struct fault *why)
{
    const struct walk walk = {.file = file, .each = each, .own = own};
    const yaml_node_t *root = yaml_file_root(file);
    return !root || walk_into(&walk, "", root, why);
}
