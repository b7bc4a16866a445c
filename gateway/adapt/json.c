/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON by jansson, behind a guard.  jansson keeps no places of values, so the guard's pass notes
 * where each begins: the n-th value of the text is the n-th that a walk over jansson's meets.
 */
#include "adapt/json.h"

#include "base/cleanup.h"
#include "base/opening.h"

#include <errno.h>

enum { FIRST_ROOM = 256 };

/* ---- the guard ---- */

struct scan {
    const char *start;
    const char *at;
    const char *end;
    const struct adapt_limits *limits;
    struct json_reader *reader;
    struct flaw *flaw;
    int64_t depth;
    bool counts_names;
    bool is_out_of_memory;
};

static bool fail(struct scan *scan, enum rule rule, const char *hint)
{
    *scan->flaw = (struct flaw){rule, (size_t)(scan->at - scan->start), hint};
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool ends_word(char c)
{
    return is_blank(c) || strchr(",:[]{}\"", c);
}

static bool note_value(struct scan *scan)
{
    struct json_reader *reader = scan->reader;
    if (reader->count >= scan->limits->nodes)
        return fail(scan, RULE_LIMIT, "nodes");
    if (reader->count == reader->room) {
        uint32_t room = reader->room ? reader->room * 2 : FIRST_ROOM;
        uint32_t *offsets = reallocarray(reader->offsets, room, sizeof *offsets);
        if (!offsets) {
            scan->is_out_of_memory = true;
            return false;
        }
        reader->offsets = offsets;
        reader->room = room;
    }
    reader->offsets[reader->count++] = (uint32_t)(scan->at - scan->start);
    return true;
}

/* Where the string at `from` ends: after its closing quotation mark. */
static const char *string_end(const struct scan *scan, const char *from)
{
    for (const char *at = from + 1; at < scan->end; at++) {
        if (*at == '\\')
            at++;
        else if (*at == '"')
            return at + 1;
    }
    return NULL;
}

static bool take_string(struct scan *scan)
{
    const char *after = string_end(scan, scan->at);
    if (!after)
        return fail(scan, RULE_SYNTAX, "\"");
    const char *next = after;
    while (next < scan->end && is_blank(*next))
        next++;
    bool is_name = next < scan->end && *next == ':';
    if (!is_name && !note_value(scan))
        return false;
    if (is_name && !name_set_add(&scan->reader->names, scan->at + 1, (size_t)(after - scan->at - 2),
                                 (size_t)scan->limits->names))
        return fail(scan, RULE_LIMIT, "names");
    scan->at = is_name ? next + 1 : after;
    return true;
}

static bool take_opening(struct scan *scan)
{
    if (++scan->depth > scan->limits->depth)
        return fail(scan, RULE_LIMIT, "depth");
    if (!note_value(scan))
        return false;
    scan->at++;
    return true;
}

static bool take_word(struct scan *scan)
{
    if (!note_value(scan))
        return false;
    while (scan->at < scan->end && !ends_word(*scan->at))
        scan->at++;
    return true;
}

static bool take_token(struct scan *scan)
{
    switch (*scan->at) {
    case '{':
    case '[':
        return take_opening(scan);
    case '}':
    case ']':
        scan->depth--;
        scan->at++;
        return true;
    case '"':
        return take_string(scan);
    case ',':
    case ':':
        scan->at++;
        return true;
    default:
        return take_word(scan);
    }
}

/* Limits, and the place of every value.  It trusts that the text is JSON; jansson finds what is
 * not. */
static bool pass(struct scan *scan)
{
    scan->reader->count = 0;
    while (scan->at < scan->end) {
        if (is_blank(*scan->at))
            scan->at++;
        else if (!take_token(scan))
            return false;
    }
    return true;
}

/* A document of few values has few names, and they need not be counted. */
static bool guard(struct scan *scan)
{
    struct scan again = *scan;
    if (!pass(scan))
        return false;
    again.counts_names = true;
    if (scan->reader->count <= scan->limits->names || pass(&again))
        return true;
    scan->is_out_of_memory = again.is_out_of_memory;
    return false;
}

/* ---- the tree ---- */

struct view {
    struct tree *tree;
    const struct json_reader *reader;
    const char *end;
    uint32_t value; /* number of the next value of the text */
};

static uint32_t next_place(struct view *view)
{
    return view->value < view->reader->count ? view->reader->offsets[view->value++] : 0;
}

static bool add_value(struct view *view, const struct node *named, json_t *value, uint32_t parent);

/* Elements of an array are siblings that repeat; they have its name, or none. */
static bool add_elements(struct view *view, const struct node *named, json_t *array,
                         uint32_t parent)
{
    struct node element = *named;
    element.is_repeated = true;
    for (size_t at = 0; at < json_array_size(array); at++)
        if (!add_value(view, &element, json_array_get(array, at), parent))
            return false;
    return true;
}

static bool add_members(struct view *view, json_t *object, uint32_t parent)
{
    const char *name;
    json_t *value;
    json_object_foreach (object, name, value) {
        size_t size = strlen(name);
        struct node named = {
            .name = name, .name_size = (uint32_t)size, .name_hash = name_hash(name, size, false)};
        if (!add_value(view, &named, value, parent))
            return false;
    }
    return true;
}

static bool add_branch(struct view *view, const struct node *node, json_t *value, uint32_t parent)
{
    static const struct node nameless = {.name = ""};
    uint32_t index = tree_add(view->tree, parent, node);
    if (index == NODE_NONE)
        return false;
    struct node unnamed = nameless;
    unnamed.name_hash = name_hash("", 0, false);
    bool is_whole = json_is_object(value) ? add_members(view, value, index)
                                          : add_elements(view, &unnamed, value, index);
    tree_close(view->tree, index);
    return is_whole;
}

/* A number keeps the text in which it was sent. */
static void take_number(const struct view *view, struct node *node)
{
    const char *text = view->tree->source + node->place;
    const char *end = text;
    while (end < view->end && !ends_word(*end))
        end++;
    node->kind = NODE_NUMBER;
    node->text = text;
    node->text_size = (uint32_t)(end - text);
}

static void take_text(struct node *node, const char *text, size_t size)
{
    text_trim(&text, &size);
    node->text = text;
    node->text_size = (uint32_t)size;
}

static bool add_value(struct view *view, const struct node *named, json_t *value, uint32_t parent)
{
    struct node node = *named;
    node.place = next_place(view);
    node.origin = value;
    bool is_list = json_is_array(value) && parent != NODE_NONE && !named->is_repeated;
    if (is_list && json_array_size(value) > 0)
        return add_elements(view, named, value, parent);
    if (json_is_object(value) || json_is_array(value))
        return add_branch(view, &node, value, parent);
    if (json_is_string(value)) {
        node.kind = NODE_TEXT;
        take_text(&node, json_string_value(value), json_string_length(value));
    } else if (json_is_boolean(value)) {
        node.kind = NODE_BOOLEAN;
        take_text(&node, json_is_true(value) ? "true" : "false", json_is_true(value) ? 4 : 5);
    } else if (json_is_number(value)) {
        take_number(view, &node);
    }
    return tree_add(view->tree, parent, &node) != NODE_NONE;
}

/* ---- reading ---- */

/* What stands in for jansson's texts, which can quote the document. */
static const char *hint_of(enum json_error_code code)
{
    static const struct {
        enum json_error_code code;
        const char *hint;
    } hints[] = {
        {json_error_invalid_utf8, "UTF-8"},
        {json_error_premature_end_of_input, "more"},
        {json_error_end_of_input_expected, "the end"},
        {json_error_duplicate_key, "each member once"},
        {json_error_null_character, "no NUL"},
        {json_error_null_byte_in_key, "no NUL"},
        {json_error_numeric_overflow, "a smaller number"},
    };
    for (size_t at = 0; at < sizeof hints / sizeof hints[0]; at++)
        if (hints[at].code == code)
            return hints[at].hint;
    return "JSON";
}

static void report(const json_error_t *error, struct findings *findings)
{
    bool is_deep = json_error_code(error) == json_error_stack_overflow;
    findings_add(findings, &(struct problem){.rule = is_deep ? RULE_LIMIT : RULE_SYNTAX,
                                             .path = "/",
                                             .line = error->line > 0 ? error->line : 0,
                                             .column = error->column > 0 ? error->column : 0,
                                             .hint = hint_of(json_error_code(error))});
}

static void forget_document(struct json_reader *reader)
{
    json_decref(reader->document);
    reader->document = NULL;
}

void json_reader_free(struct json_reader *reader)
{
    forget_document(reader);
    free(reader->offsets);
    name_set_free(&reader->names);
    *reader = (struct json_reader){0};
}

static bool build(struct json_reader *reader, const struct word *document, struct tree *tree,
                  struct fault *why)
{
    struct view view = {.tree = tree, .reader = reader, .end = document->text + document->size};
    struct node root = {.name = ""};
    tree->source = document->text;
    return add_value(&view, &root, reader->document, NODE_NONE) ? tree_number(tree, why)
                                                                : fault_memory(why);
}

static bool is_guarded(struct json_reader *reader, const struct word *document,
                       const struct adapt_limits *limits, struct findings *findings,
                       struct fault *why)
{
    struct flaw flaw = {0};
    struct scan scan = {.start = document->text,
                        .at = document->text + opening_mark(document->text, document->size),
                        .end = document->text + document->size,
                        .limits = limits,
                        .reader = reader,
                        .flaw = &flaw};
    if (!name_set_clear(&reader->names, (size_t)limits->names))
        return fault_memory(why);
    if (guard_utf8(document->text, document->size, &flaw) && guard(&scan))
        return true;
    if (scan.is_out_of_memory)
        return fault_memory(why);
    flaw_report(&flaw, document->text, findings);
    return false;
}

bool json_read(struct json_reader *reader, const struct word *document,
               const struct adapt_limits *limits, struct findings *findings, struct tree *tree,
               struct fault *why)
{
    json_error_t error;
    size_t skipped = opening_mark(document->text, document->size);
    forget_document(reader);
    tree_clear(tree);
    why->kind = FAULT_NONE;
    if (!is_guarded(reader, document, limits, findings, why))
        return why->kind == FAULT_NONE;
    errno = 0; /* of a text without memory jansson says that it is no token */
    reader->document = json_loadb(document->text + skipped, document->size - skipped,
                                  JSON_REJECT_DUPLICATES, &error);
    if (reader->document)
        return build(reader, document, tree, why);
    if (errno == ENOMEM)
        return fault_memory(why);
    report(&error, findings);
    return true;
}
