/* SPDX-License-Identifier: Apache-2.0 */
/* A written document as XML: declaration, two blanks of indentation, namespaces where they change.
 */
#include "adapt/out.h"

/* What holds for the elements below. */
struct scope {
    const char *default_namespace; /* NULL: none */
    const char *prefix;            /* of the adapter's own elements, or NULL */
    int depth;
};

struct writing {
    const struct adapter *adapter;
    const char *own; /* the namespace that is written, or NULL */
    FILE *out;
};

static void indent(const struct writing *writing, int depth)
{
    (void)fprintf(writing->out, "%*s", depth * 2, "");
}

static void put_escaped(FILE *out, const struct word *text, bool in_attribute)
{
    for (size_t at = 0; at < text->size; at++) {
        char c = text->text[at];
        if (c == '&')
            (void)fputs("&amp;", out);
        else if (c == '<')
            (void)fputs("&lt;", out);
        else if (c == '>')
            (void)fputs("&gt;", out);
        else if (c == '"' && in_attribute)
            (void)fputs("&quot;", out);
        else if (c == '\r' || (in_attribute && (c == '\n' || c == '\t')))
            (void)fprintf(out, "&#%d;", c);
        else if ((unsigned char)c >= 0x20 || c == '\n' || c == '\t')
            (void)fputc(c, out); /* what XML 1.0 cannot hold is left out */
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

/* "{namespace}local" apart; a name without braces has no namespace here. */
struct name_parts {
    struct word name_space;
    const char *local;
    size_t size;
};

static struct name_parts parts_of(const struct out *out)
{
    const char *close = out->size && out->name[0] == '{' ? memchr(out->name, '}', out->size) : NULL;
    if (!close)
        return (struct name_parts){.local = out->name, .size = out->size};
    size_t size = (size_t)(close - out->name - 1);
    return (struct name_parts){{out->name + 1, size}, close + 1, out->size - size - 2};
}

/* ---- attributes ---- */

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

/* xmlns:PREFIX="NAMESPACE", unless an attribute before declared it. */
static void declare(const struct writing *writing, const struct out *element,
                    const struct out *attribute, size_t prefix_size)
{
    for (const struct out *each = element->children; each != attribute; each = each->next)
        if (each->is_attribute && each->size > prefix_size &&
            memcmp(each->name, attribute->name, prefix_size + 1) == 0)
            return;
    const char *found = namespace_of(writing->adapter, attribute->name, prefix_size);
    struct word text = {found, found ? strlen(found) : 0};
    (void)fprintf(writing->out, " xmlns:%.*s=\"", (int)prefix_size, attribute->name);
    put_escaped(writing->out, &text, true);
    (void)fputc('"', writing->out);
}

static void put_attribute(const struct writing *writing, const struct out *element,
                          const struct out *attribute, int number)
{
    struct name_parts parts = parts_of(attribute);
    const char *colon = memchr(parts.local, ':', parts.size);
    size_t prefix_size = colon ? (size_t)(colon - parts.local) : 0;
    const char *local = colon ? colon + 1 : parts.local;
    size_t local_size = parts.size - (size_t)(local - parts.local);
    if (!is_name(local, local_size) ||
        (colon && !namespace_of(writing->adapter, parts.local, prefix_size)))
        return;
    if (colon)
        declare(writing, element, attribute, prefix_size);
    if (parts.name_space.size) {
        (void)fprintf(writing->out, " xmlns:a%d=\"", number);
        put_escaped(writing->out, &parts.name_space, true);
        (void)fprintf(writing->out, "\" a%d:%.*s=\"", number, (int)parts.size, parts.local);
    } else {
        (void)fprintf(writing->out, " %.*s=\"", (int)parts.size, parts.local);
    }
    put_escaped(writing->out, &attribute->text, true);
    (void)fputc('"', writing->out);
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

/* The start tag's name and the declarations that it needs; changes the scope for what is below. */
static bool put_name(const struct writing *writing, const struct out *element,
                     const struct name_parts *parts, struct scope *scope, struct arena *arena)
{
    bool is_foreign = parts->local != element->name;
    const char *prefix = is_foreign ? NULL : prefix_for(writing->adapter, element);
    bool is_new = prefix && (!scope->prefix || strcmp(prefix, scope->prefix) != 0);
    struct word own = {writing->own, writing->own ? strlen(writing->own) : 0};
    const struct word *wanted = is_foreign ? &parts->name_space : &own;
    if (prefix)
        scope->prefix = prefix;
    if (scope->prefix && !is_foreign) {
        (void)fprintf(writing->out, "<%s:%.*s", scope->prefix, (int)parts->size, parts->local);
        if (is_new) {
            (void)fprintf(writing->out, " xmlns:%s=\"", scope->prefix);
            put_escaped(writing->out, &own, true);
            (void)fputc('"', writing->out);
        }
        return true;
    }
    (void)fprintf(writing->out, "<%.*s", (int)parts->size, parts->local);
    if (same_namespace(scope->default_namespace, wanted))
        return true;
    scope->default_namespace = arena_text(arena, wanted->text ? wanted->text : "", wanted->size);
    (void)fputs(" xmlns=\"", writing->out);
    put_escaped(writing->out, wanted, true);
    (void)fputc('"', writing->out);
    return scope->default_namespace != NULL;
}

static bool has_elements(const struct out *element)
{
    const struct out *child = element->children;
    while (child && child->is_attribute)
        child = child->next;
    return child != NULL;
}

static bool put_element(const struct writing *writing, const struct out *element,
                        struct scope scope, struct arena *arena)
{
    struct name_parts parts = parts_of(element);
    if (!is_name(parts.local, parts.size))
        return true;
    indent(writing, scope.depth);
    if (!put_name(writing, element, &parts, &scope, arena))
        return false;
    put_attributes(writing, element);
    bool is_branch = has_elements(element);
    if (!is_branch && !element->text.size) {
        (void)fputs("/>\n", writing->out);
        return true;
    }
    (void)fputc('>', writing->out);
    put_escaped(writing->out, &element->text, false);
    if (is_branch)
        (void)fputc('\n', writing->out);
    scope.depth++;
    for (const struct out *child = element->children; child; child = child->next)
        if (!child->is_attribute && !put_element(writing, child, scope, arena))
            return false;
    if (is_branch)
        indent(writing, scope.depth - 1);
    bool has_prefix = scope.prefix && parts.local == element->name;
    (void)fprintf(writing->out, "</%s%s%.*s>\n", has_prefix ? scope.prefix : "",
                  has_prefix ? ":" : "", (int)parts.size, parts.local);
    return true;
}

char *out_xml(const struct adapter *adapter, const struct out *root, size_t *size,
              struct fault *why)
{
    const struct draft_xml *xml = adapter->draft->xml;
    struct out element = *root;
    struct arena arena = {0};
    char *text = NULL;
    element.name = xml->root;
    element.size = strlen(xml->root);
    struct writing writing = {adapter, xml->namespaces_count ? xml->namespaces[0] : NULL,
                              open_memstream(&text, size)};
    bool is_written = writing.out &&
                      fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", writing.out) >= 0 &&
                      put_element(&writing, &element, (struct scope){0}, &arena);
    is_written = writing.out && fclose(writing.out) == 0 && is_written;
    arena_free(&arena);
    if (is_written)
        return text;
    free(text);
    (void)fault_memory(why);
    return NULL;
}
