/* SPDX-License-Identifier: Apache-2.0 */
/* A written document as XML: declaration, two blanks of indentation, namespaces where they change.
 */
#include "adapt/out.h"

#include "base/text.h"
#include "base/utf8.h"

/* What holds for the elements below. */
struct scope {
    const char *default_namespace; /* NULL: none */
    const char *prefix;            /* of the adapter's own elements, or NULL */
    int depth;
};

struct writing {
    const struct adapter *adapter;
    const char *own; /* the namespace that is written, or NULL */
    struct text *out;
};

static void indent(const struct writing *writing, int depth)
{
    static const char blanks[] = "                                                                ";
    for (size_t left = (size_t)depth * 2; left > 0;) {
        size_t size = left < sizeof blanks - 1 ? left : sizeof blanks - 1;
        text_add(writing->out, blanks, size);
        left -= size;
    }
}

static void put_word(struct text *out, const struct word *word)
{
    text_add(out, word->text, word->size);
}

static bool is_plain(char c, bool in_attribute)
{
    switch (c) {
    case '&':
    case '<':
    case '>':
        return false;
    case '"':
    case '\n':
    case '\t':
        return !in_attribute;
    default:
        return (unsigned char)c >= 0x20 && c != '\xEF';
    }
}

static void put_reference(struct text *out, char c)
{
    if (c == '&')
        text_say(out, "&amp;");
    else if (c == '<')
        text_say(out, "&lt;");
    else if (c == '>')
        text_say(out, "&gt;");
    else if (c == '"')
        text_say(out, "&quot;");
    else if (c == '\r')
        text_say(out, "&#13;");
    else if (c == '\n')
        text_say(out, "&#10;");
    else if (c == '\t')
        text_say(out, "&#9;");
    else
        text_put(out, c);
}

static void put_escaped(struct text *out, const struct word *text, bool in_attribute)
{
    for (size_t at = 0; at < text->size; at++) {
        size_t start = at;
        while (at < text->size && is_plain(text->text[at], in_attribute))
            at++;
        text_add(out, text->text + start, at - start);
        size_t outside = utf8_outside_xml(text->text + at, text->size - at);
        if (outside)
            at += outside - 1; /* it is left out */
        else if (at < text->size)
            put_reference(out, text->text[at]);
    }
}

/* A name that came with an event must not become markup. */
static bool is_name(const char *name, size_t size)
{
    for (size_t at = 0; at < size; at++) {
        unsigned char c = (unsigned char)name[at];
        bool is_first = c >= 0x80 || c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool is_later = c == '-' || c == '.' || (c >= '0' && c <= '9');
        if (!is_first && (at == 0 || !is_later))
            return false;
    }
    return size > 0;
}

static const char *namespace_of(const struct adapter *adapter, const char *prefix, size_t size)
{
    for (size_t at = 0; at < adapter->prefix_count; at++) {
        const struct xml_prefix *known = &adapter->prefixes[at];
        if (known->name_space && strlen(known->prefix) == size &&
            memcmp(known->prefix, prefix, size) == 0)
            return known->name_space;
    }
    return NULL;
}

/* A name as it stands in a path: "{namespace}local", "prefix:local" or "local". */
struct name_parts {
    struct word name_space; /* of a name that says it, or whose prefix is known */
    struct word prefix;
    const char *local;
    size_t size;
};

static bool take_parts(const struct adapter *adapter, const struct out *out,
                       struct name_parts *parts)
{
    const char *end = out->name + out->size;
    const char *close = out->size && *out->name == '{' ? memchr(out->name, '}', out->size) : NULL;
    const char *colon = close ? NULL : memchr(out->name, ':', out->size);
    *parts = (struct name_parts){.local = close ? close + 1 : colon ? colon + 1 : out->name};
    parts->size = (size_t)(end - parts->local);
    if (close)
        parts->name_space = (struct word){out->name + 1, (size_t)(close - out->name - 1)};
    if (colon) {
        parts->prefix = (struct word){out->name, (size_t)(colon - out->name)};
        const char *found = namespace_of(adapter, out->name, parts->prefix.size);
        if (!found)
            return false;
        parts->name_space = (struct word){found, strlen(found)};
    }
    return is_name(parts->local, parts->size);
}

/* "prefix:local", or "local". */
static void put_name(struct text *out, const struct word *prefix, const struct name_parts *parts)
{
    put_word(out, prefix);
    if (prefix->size)
        text_put(out, ':');
    text_add(out, parts->local, parts->size);
}

static void put_declaration(struct text *out, const struct word *prefix,
                            const struct word *name_space)
{
    text_say(out, prefix->size ? " xmlns:" : " xmlns");
    put_word(out, prefix);
    text_say(out, "=\"");
    put_escaped(out, name_space, true);
    text_put(out, '"');
}

/* ---- attributes ---- */

/* Whether an attribute before has the same prefix, and so has declared it. */
static bool is_declared(const struct out *element, const struct out *attribute,
                        const struct word *prefix)
{
    for (const struct out *each = element->children; each != attribute; each = each->next)
        if (each->is_attribute && each->size > prefix->size &&
            memcmp(each->name, attribute->name, prefix->size + 1) == 0)
            return true;
    return false;
}

static void put_attribute(const struct writing *writing, const struct out *element,
                          const struct out *attribute, int number)
{
    struct name_parts parts;
    char made[16];
    if (!take_parts(writing->adapter, attribute, &parts))
        return;
    if (parts.name_space.size && !parts.prefix.size) {
        (void)snprintf(made, sizeof made, "a%d", number);
        parts.prefix = (struct word){made, strlen(made)};
        put_declaration(writing->out, &parts.prefix, &parts.name_space);
    } else if (parts.prefix.size && !is_declared(element, attribute, &parts.prefix)) {
        put_declaration(writing->out, &parts.prefix, &parts.name_space);
    }
    text_put(writing->out, ' ');
    put_name(writing->out, &parts.prefix, &parts);
    text_say(writing->out, "=\"");
    put_escaped(writing->out, &attribute->text, true);
    text_put(writing->out, '"');
}

static void put_attributes(const struct writing *writing, const struct out *element)
{
    int number = 0;
    for (const struct out *each = element->children; each; each = each->next)
        if (each->is_attribute)
            put_attribute(writing, element, each, ++number);
}

/* ---- elements ---- */

static const char *prefix_for(const struct adapter *adapter, const struct out *element)
{
    for (size_t at = 0; at < adapter->prefix_count; at++) {
        const struct xml_prefix *known = &adapter->prefixes[at];
        if (known->element && strlen(known->element) == element->size &&
            memcmp(known->element, element->name, element->size) == 0)
            return known->prefix;
    }
    return NULL;
}

static bool same_namespace(const char *one, const struct word *other)
{
    size_t size = one ? strlen(one) : 0;
    return size == other->size && (!size || memcmp(one, other->text, size) == 0);
}

/* The prefix of the element's tags; changes the scope for what is below. */
static struct word tag_prefix(const struct writing *writing, const struct out *element,
                              const struct name_parts *parts, struct scope *scope)
{
    const char *own = prefix_for(writing->adapter, element);
    if (parts->prefix.size || parts->local != element->name)
        return parts->prefix;
    if (own)
        scope->prefix = own;
    return (struct word){scope->prefix, scope->prefix ? strlen(scope->prefix) : 0};
}

/* Says which namespace the tag's prefix, or a tag without one, stands for, where that is new. */
static bool put_namespace(const struct writing *writing, const struct name_parts *parts,
                          const struct word *prefix, const struct scope *above, struct scope *scope,
                          struct arena *arena)
{
    struct word own = {writing->own, writing->own ? strlen(writing->own) : 0};
    const struct word *wanted = parts->name_space.text ? &parts->name_space : &own;
    bool is_known = prefix->size ? !parts->prefix.size && above->prefix &&
                                       strcmp(above->prefix, scope->prefix) == 0
                                 : same_namespace(scope->default_namespace, wanted);
    if (is_known)
        return true;
    put_declaration(writing->out, prefix, wanted);
    if (!prefix->size)
        scope->default_namespace =
            arena_text(arena, wanted->text ? wanted->text : "", wanted->size);
    return prefix->size || scope->default_namespace;
}

static bool has_elements(const struct out *element)
{
    const struct out *child = element->children;
    while (child && child->is_attribute)
        child = child->next;
    return child != NULL;
}

static bool put_element(const struct writing *writing, const struct out *element,
                        struct scope above, struct arena *arena);

static bool put_inside(const struct writing *writing, const struct out *element,
                       const struct scope *scope, struct arena *arena)
{
    bool is_branch = has_elements(element);
    text_put(writing->out, '>');
    put_escaped(writing->out, &element->text, false);
    if (is_branch)
        text_put(writing->out, '\n');
    for (const struct out *child = element->children; child; child = child->next)
        if (!child->is_attribute && !put_element(writing, child, *scope, arena))
            return false;
    if (is_branch)
        indent(writing, scope->depth - 1);
    return true;
}

static bool put_element(const struct writing *writing, const struct out *element,
                        struct scope above, struct arena *arena)
{
    struct scope scope = above;
    struct name_parts parts;
    if (!take_parts(writing->adapter, element, &parts))
        return true;
    struct word prefix = tag_prefix(writing, element, &parts, &scope);
    indent(writing, scope.depth++);
    text_put(writing->out, '<');
    put_name(writing->out, &prefix, &parts);
    if (!put_namespace(writing, &parts, &prefix, &above, &scope, arena))
        return false;
    put_attributes(writing, element);
    if (!has_elements(element) && !element->text.size) {
        text_say(writing->out, "/>\n");
        return true;
    }
    if (!put_inside(writing, element, &scope, arena))
        return false;
    text_say(writing->out, "</");
    put_name(writing->out, &prefix, &parts);
    text_say(writing->out, ">\n");
    return true;
}

char *out_xml(const struct adapter *adapter, const struct out *root, struct arena *arena,
              size_t *size, struct fault *why)
{
    const struct draft_xml *xml = adapter->draft->xml;
    struct out element = *root;
    struct text out = {.bytes = NULL};
    char *text = NULL;
    element.name = xml->root;
    element.size = strlen(xml->root);
    const struct writing writing = {adapter, xml->namespaces_count ? xml->namespaces[0] : NULL,
                                    &out};
    text_say(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    if (put_element(&writing, &element, (struct scope){0}, arena))
        text = text_take(&out, size);
    text_free(&out);
    if (!text)
        (void)fault_memory(why);
    return text;
}
