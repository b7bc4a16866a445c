/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over XML, or what passes itself off as XML, that knows where it is. */
#include "adapt/scan.h"

#include "adapt/map.h"
#include "base/opening.h"
#include "base/utf8.h"

#include <string.h>

enum { DEPTH_LIMIT = 256, NAMESPACE_LIMIT = 64, NAME_LIMIT = 256 };

struct frame {
    struct word name; /* as its tag has it */
    const struct place *place;
    size_t spaces; /* how many namespaces were known before it */
    bool has_more; /* something stands before the text at hand */
};

struct space {
    struct word prefix;
    struct word uri;
};

struct walk {
    const struct scan *scan;
    const char *at;
    const char *end;
    struct frame frames[DEPTH_LIMIT];
    size_t depth;
    struct space spaces[NAMESPACE_LIMIT];
    size_t space_count;
    bool has_root;
    bool is_sound;
};

bool scan_is_escaped(const char *bytes, size_t size)
{
    return size > 0 && (memchr(bytes, '&', size) || memchr(bytes, '\\', size));
}

static void give_at(struct walk *walk, const struct scan_piece *like, const char *to)
{
    struct scan_piece piece = *like;
    piece.bytes = walk->at;
    piece.size = (size_t)(to - walk->at);
    if (!walk->is_sound)
        piece.place = NULL;
    if (piece.size > 0)
        walk->scan->each(walk->scan->own, &piece);
    walk->at = to;
}

static void give(struct walk *walk, enum scan_kind kind, const char *to)
{
    give_at(walk, &(struct scan_piece){.kind = kind}, to);
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool ends_name(char byte)
{
    return is_blank(byte) || (byte != '\0' && strchr("/><=\"'&", byte));
}

static bool begins(const struct walk *walk, const char *text)
{
    size_t size = strlen(text);
    return (size_t)(walk->end - walk->at) >= size && memcmp(walk->at, text, size) == 0;
}

static bool is_same(struct word one, struct word other)
{
    return one.size == other.size && (one.size == 0 || memcmp(one.text, other.text, one.size) == 0);
}

static struct word word_of(const char *text)
{
    return (struct word){text, strlen(text)};
}

static void broken(struct walk *walk)
{
    walk->is_sound = false;
}

/* ---- names ---- */

/* "a:b" to "a" and "b"; the prefix is empty without a colon. */
static struct word split(struct word name, struct word *prefix)
{
    const char *colon = name.size > 0 ? memchr(name.text, ':', name.size) : NULL;
    *prefix = (struct word){name.text, colon ? (size_t)(colon - name.text) : 0};
    return colon ? (struct word){colon + 1, name.size - prefix->size - 1} : name;
}

/* The namespace of a prefix; false when it has none that we know. */
static bool uri_of(const struct walk *walk, struct word prefix, struct word *uri)
{
    *uri = (struct word){"", 0};
    for (size_t at = walk->space_count; at > 0; at--)
        if (is_same(walk->spaces[at - 1].prefix, prefix)) {
            *uri = walk->spaces[at - 1].uri;
            return !scan_is_escaped(uri->text, uri->size);
        }
    return prefix.size == 0;
}

static bool is_own(const struct adapter *adapter, struct word uri)
{
    const struct draft_xml *xml = adapter->draft->xml;
    for (size_t at = 0; at < xml->namespaces_count; at++)
        if (is_same(word_of(xml->namespaces[at]), uri))
            return true;
    return xml->namespaces_count == 0 && uri.size == 0;
}

/* The place below `at`, by the name that adapters give it, as xml_tree.c does. */
static const struct place *place_of(const struct walk *walk, const struct place *at,
                                    struct word name, bool is_attribute)
{
    const struct adapter *adapter = walk->scan->adapter;
    struct word prefix, uri;
    char joined[NAME_LIMIT];
    int size = 0;
    struct word local = split(name, &prefix);
    if (!at || !adapter || !uri_of(walk, prefix, &uri))
        return NULL;
    if (is_attribute ? prefix.size == 0 : is_own(adapter, uri))
        return place_child(at, local.text, local.size, is_attribute);
    for (size_t i = 0; i < adapter->prefix_count && size == 0; i++)
        if (adapter->prefixes[i].name_space &&
            is_same(word_of(adapter->prefixes[i].name_space), uri))
            size = snprintf(joined, sizeof joined, "%s:%.*s", adapter->prefixes[i].prefix,
                            (int)(local.size < NAME_LIMIT ? local.size : NAME_LIMIT), local.text);
    return size > 0 && size < NAME_LIMIT ? place_child(at, joined, (size_t)size, is_attribute)
                                         : NULL;
}

/* The root is no step; another root than the adapter's leads nowhere. */
static const struct place *place_of_root(const struct walk *walk, struct word name)
{
    const struct adapter *adapter = walk->scan->adapter;
    struct word prefix, uri;
    struct word local = split(name, &prefix);
    bool is_root = adapter && uri_of(walk, prefix, &uri) && is_own(adapter, uri) &&
                   is_same(local, word_of(adapter->draft->xml->root));
    return is_root ? walk->scan->root : NULL;
}

/* ---- tags ---- */

static const char *skip_blanks(const struct walk *walk, const char *at)
{
    while (at < walk->end && is_blank(*at))
        at++;
    return at;
}

static const char *skip_name(const struct walk *walk, const char *at)
{
    while (at < walk->end && !ends_name(*at))
        at++;
    return at;
}

struct attribute {
    struct word name;
    struct word value;
    const char *quote; /* that opens the value */
};

/* The attribute at `*at`, which then is behind it.  False at the tag's end, or at what is none. */
static bool next_attribute(const struct walk *walk, const char **at, struct attribute *found)
{
    const char *name = skip_blanks(walk, *at);
    const char *name_end = skip_name(walk, name);
    const char *equals = skip_blanks(walk, name_end);
    if (name == name_end || name == *at || equals == walk->end || *equals != '=')
        return false;
    const char *quote = skip_blanks(walk, equals + 1);
    if (quote == walk->end || (*quote != '"' && *quote != '\''))
        return false;
    const char *value_end = memchr(quote + 1, *quote, (size_t)(walk->end - quote - 1));
    if (!value_end || memchr(quote + 1, '<', (size_t)(value_end - quote - 1)))
        return false;
    *found = (struct attribute){
        {name, (size_t)(name_end - name)}, {quote + 1, (size_t)(value_end - quote - 1)}, quote};
    *at = value_end + 1;
    return true;
}

static bool declares(struct word name, struct word *prefix)
{
    const struct word xmlns = word_of("xmlns");
    struct word local = split(name, prefix);
    if (is_same(*prefix, xmlns)) {
        *prefix = local;
        return true;
    }
    *prefix = (struct word){"", 0};
    return is_same(name, xmlns);
}

static void declare_spaces(struct walk *walk, const char *at)
{
    struct attribute attribute;
    struct word prefix;
    while (next_attribute(walk, &at, &attribute)) {
        if (!declares(attribute.name, &prefix))
            continue;
        if (walk->space_count == NAMESPACE_LIMIT)
            broken(walk);
        else
            walk->spaces[walk->space_count++] = (struct space){prefix, attribute.value};
    }
}

static bool is_own_uri(const struct walk *walk, struct word uri)
{
    return walk->scan->adapter && is_own(walk->scan->adapter, uri);
}

/* A declaration of one of the adapter's own namespaces is structure; any other may say anything. */
static void give_attribute(struct walk *walk, const struct attribute *attribute,
                           const struct place *element)
{
    struct word prefix;
    bool is_space = declares(attribute->name, &prefix);
    struct scan_piece value = {.kind = SCAN_TEXT, .is_whole = true};
    if (is_space && walk->is_sound && is_own_uri(walk, attribute->value))
        value.kind = SCAN_STRUCTURE;
    else if (!is_space)
        value.place = place_of(walk, element, attribute->name, true);
    give(walk, SCAN_STRUCTURE, attribute->name.text);
    give(walk, SCAN_NAME, attribute->name.text + attribute->name.size);
    give(walk, SCAN_STRUCTURE, attribute->quote + 1);
    give_at(walk, &value, attribute->value.text + attribute->value.size);
    give(walk, SCAN_STRUCTURE, walk->at + 1);
}

/* What a tag has beside what it may have: up to where the next one can begin. */
static void give_rest(struct walk *walk)
{
    const char *end = walk->at;
    while (end < walk->end && *end != '>' && *end != '<')
        end++;
    broken(walk);
    give(walk, SCAN_ASIDE, end);
}

static void close_frame(struct walk *walk)
{
    walk->space_count = walk->frames[--walk->depth].spaces;
}

static void open_frame(struct walk *walk, struct word name, const char *attributes)
{
    size_t spaces = walk->space_count;
    if (walk->depth == DEPTH_LIMIT || name.size == 0 || (walk->depth == 0 && walk->has_root))
        broken(walk);
    if (!walk->is_sound)
        return;
    declare_spaces(walk, attributes);
    struct frame *parent = walk->depth > 0 ? &walk->frames[walk->depth - 1] : NULL;
    const struct place *place =
        parent ? place_of(walk, parent->place, name, false) : place_of_root(walk, name);
    if (parent)
        parent->has_more = true;
    walk->has_root = true;
    walk->frames[walk->depth++] = (struct frame){.name = name, .place = place, .spaces = spaces};
}

static void start_tag(struct walk *walk)
{
    const char *name = walk->at + 1;
    const char *name_end = skip_name(walk, name);
    struct attribute attribute;
    open_frame(walk, (struct word){name, (size_t)(name_end - name)}, name_end);
    const struct place *place =
        walk->is_sound && walk->depth > 0 ? walk->frames[walk->depth - 1].place : NULL;
    give(walk, SCAN_STRUCTURE, name);
    give(walk, SCAN_NAME, name_end);
    for (const char *at = name_end; next_attribute(walk, &at, &attribute);)
        give_attribute(walk, &attribute, place);
    give(walk, SCAN_STRUCTURE, skip_blanks(walk, walk->at));
    bool is_empty = begins(walk, "/>");
    if (!is_empty && !begins(walk, ">")) {
        give_rest(walk);
        return;
    }
    give(walk, SCAN_STRUCTURE, walk->at + (is_empty ? 2 : 1));
    if (is_empty && walk->is_sound)
        close_frame(walk);
}

static void end_tag(struct walk *walk)
{
    const char *name = walk->at + 2;
    const char *name_end = skip_name(walk, name);
    struct word word = {name, (size_t)(name_end - name)};
    if (walk->is_sound && (walk->depth == 0 || !is_same(walk->frames[walk->depth - 1].name, word)))
        broken(walk);
    give(walk, SCAN_STRUCTURE, name);
    give(walk, SCAN_NAME, name_end);
    give(walk, SCAN_STRUCTURE, skip_blanks(walk, walk->at));
    if (!begins(walk, ">")) {
        give_rest(walk);
        return;
    }
    give(walk, SCAN_STRUCTURE, walk->at + 1);
    if (walk->is_sound)
        close_frame(walk);
}

/* ---- the rest ---- */

/* From an opening to a closing mark of more than one letter, what is between set aside. */
static void aside(struct walk *walk, const char *opening, const char *closing)
{
    const char *from = walk->at + strlen(opening);
    size_t left = (size_t)(walk->end - from);
    const char *end = left > 0 ? memmem(from, left, closing, strlen(closing)) : NULL;
    if (!end)
        broken(walk);
    if (walk->depth > 0)
        walk->frames[walk->depth - 1].has_more = true;
    give(walk, SCAN_STRUCTURE, from);
    give(walk, SCAN_ASIDE, end ? end : walk->end);
    if (end)
        give(walk, SCAN_STRUCTURE, end + strlen(closing));
}

/* "<!DOCTYPE ...>" and whatever else begins so: no document that is taken has it. */
static void declaration(struct walk *walk)
{
    broken(walk);
    give(walk, SCAN_STRUCTURE, walk->at + 2);
    give_rest(walk);
}

static void text(struct walk *walk)
{
    const char *end = memchr(walk->at, '<', (size_t)(walk->end - walk->at));
    end = end ? end : walk->end;
    struct frame *frame = walk->depth > 0 ? &walk->frames[walk->depth - 1] : NULL;
    struct scan_piece piece = {.kind = SCAN_TEXT, .place = frame ? frame->place : NULL};
    const char *from = skip_blanks(walk, walk->at);
    from = from < end ? from : end;
    const char *last = end;
    while (last > from && is_blank(last[-1]))
        last--;
    if (!frame && from < last)
        broken(walk);
    bool is_last = (size_t)(walk->end - end) >= 2 && end[1] == '/';
    piece.is_whole = frame && !frame->has_more && is_last;
    if (frame && from < last)
        frame->has_more = true;
    give(walk, SCAN_STRUCTURE, from);
    give_at(walk, &piece, last);
    give(walk, SCAN_STRUCTURE, end);
}

static void markup(struct walk *walk)
{
    if (begins(walk, "<!--"))
        aside(walk, "<!--", "-->");
    else if (begins(walk, "<![CDATA["))
        aside(walk, "<![CDATA[", "]]>");
    else if (begins(walk, "<?"))
        aside(walk, "<?", "?>");
    else if (begins(walk, "<!"))
        declaration(walk);
    else if (begins(walk, "</"))
        end_tag(walk);
    else
        start_tag(walk);
}

bool scan_xml(const struct scan *scan, const char *bytes, size_t size)
{
    struct walk walk = {.scan = scan,
                        .at = bytes,
                        .end = bytes + size,
                        .is_sound = utf8_valid(bytes, size) == size &&
                                    (size == 0 || !memchr(bytes, '\0', size))};
    if (opening_mark(bytes, size) > 0)
        give(&walk, SCAN_STRUCTURE, bytes + opening_mark(bytes, size));
    while (walk.at < walk.end) {
        if (*walk.at == '<')
            markup(&walk);
        else
            text(&walk);
    }
    return walk.is_sound && walk.depth == 0 && walk.has_root;
}

bool scan_document(const struct scan *scan, const char *bytes, size_t size)
{
    bool is_xml = scan->adapter ? scan->adapter->syntax == SYNTAX_XML : opening_is_xml(bytes, size);
    return is_xml ? scan_xml(scan, bytes, size) : scan_json(scan, bytes, size);
}
