/* SPDX-License-Identifier: Apache-2.0 */
/* From libxml2's tree to ours: names by the adapter's namespaces, texts without blanks around. */
#include "adapt/xml_tree.h"

static const char instance_namespace[] = "http://www.w3.org/2001/XMLSchema-instance";

/* The last namespace that was looked at: documents have few, and libxml2 shares them. */
struct view {
    const struct adapter *adapter;
    struct arena *arena;
    struct tree *tree;
    const xmlNs *last;
    bool last_is_own;
};

static bool is_own_href(const struct adapter *adapter, const char *href)
{
    const struct draft_xml *xml = adapter->draft->xml;
    for (size_t at = 0; at < xml->namespaces_count; at++)
        if (strcmp(xml->namespaces[at], href) == 0)
            return true;
    return false;
}

static const char *href_of(const xmlNs *ns)
{
    return ns && ns->href ? (const char *)ns->href : "";
}

/* Without namespaces of its own, an adapter knows the elements that have none. */
static bool is_own(struct view *view, const xmlNs *ns)
{
    if (!ns || ns != view->last) {
        bool has_none = !view->adapter->draft->xml->namespaces_count;
        view->last_is_own = (has_none && !*href_of(ns)) || is_own_href(view->adapter, href_of(ns));
        view->last = ns;
    }
    return view->last_is_own;
}

enum rule xml_root_rule(const struct adapter *adapter, xmlDocPtr document)
{
    struct view view = {.adapter = adapter};
    const xmlNode *root = xmlDocGetRootElement(document);
    if (!root || !is_own(&view, root->ns))
        return RULE_NAMESPACE;
    bool is_root = strcmp((const char *)root->name, adapter->draft->xml->root) == 0;
    return is_root ? RULE_COUNT_ : RULE_UNRECOGNISED;
}

/* before + middle + after + name, in the arena. */
static bool join_name(struct view *view, const char *const parts[4], struct node *node)
{
    size_t size = 0;
    for (int at = 0; at < 4; at++)
        size += strlen(parts[at]);
    char *joined = arena_take(view->arena, size + 1);
    if (!joined || size > UINT32_MAX)
        return false;
    char *end = joined;
    for (int at = 0; at < 4; at++)
        end = stpcpy(end, parts[at]);
    node->name = joined;
    node->name_size = (uint32_t)size;
    return true;
}

static const char *prefix_of(const struct adapter *adapter, const char *href)
{
    for (size_t at = 0; at < adapter->prefix_count; at++) {
        const struct xml_prefix *prefix = &adapter->prefixes[at];
        if (prefix->name_space && strcmp(prefix->name_space, href) == 0)
            return prefix->prefix;
    }
    return NULL;
}

/* libxml2 marks an ampersand by a reference while it reads attributes, and leaves the mark in those
 * that declare namespaces. */
static const char *uri_of(struct view *view, const xmlNs *ns)
{
    static const char mark[] = "&#38;";
    const char *href = href_of(ns);
    const char *at = strstr(href, mark);
    if (!at)
        return href;
    char *uri = arena_take(view->arena, strlen(href) + 1);
    if (!uri)
        return NULL;
    char *end = uri;
    for (; at; at = strstr(href, mark)) {
        end = mempcpy(end, href, (size_t)(at - href) + 1);
        href = at + sizeof mark - 1;
    }
    (void)stpcpy(end, href);
    return uri;
}

/* Own elements and plain attributes are known by their local name, what else has a namespace by
 * the adapter's prefix for it, or by the namespace. */
static bool name_node(struct view *view, const xmlChar *local, const xmlNs *ns, struct node *node)
{
    const char *name = (const char *)local;
    bool is_attribute = node->kind == NODE_ATTRIBUTE;
    bool is_plain = is_attribute ? ns == NULL : is_own(view, ns);
    const char *uri = is_plain ? "" : uri_of(view, ns);
    if (!uri)
        return false;
    const char *prefix = is_plain ? NULL : prefix_of(view->adapter, uri);
    bool is_named = true;
    if (prefix) {
        is_named = join_name(view, (const char *const[]){prefix, ":", "", name}, node);
    } else if (!is_plain) {
        is_named = join_name(view, (const char *const[]){"{", uri, "}", name}, node);
    } else {
        node->name = name;
        node->name_size = (uint32_t)strlen(name);
    }
    node->name_hash = is_named ? name_hash(node->name, node->name_size, is_attribute) : 0;
    return is_named;
}

static bool is_text(const xmlNode *node)
{
    return node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE;
}

static void set_text(struct node *node, const char *text, size_t size)
{
    text_trim(&text, &size);
    node->text = text;
    node->text_size = (uint32_t)size; /* the document is smaller than 2 GiB */
}

/* All texts right below an element; joined in the arena when there are several. */
static bool take_text(struct view *view, const xmlNode *first, struct node *node)
{
    const xmlNode *only = NULL;
    size_t size = 0;
    int count = 0;
    for (const xmlNode *each = first; each; each = each->next)
        if (is_text(each) && each->content) {
            only = each;
            size += strlen((const char *)each->content);
            count++;
        }
    if (!count)
        return true;
    if (count == 1) {
        set_text(node, (const char *)only->content, size);
        return true;
    }
    char *joined = arena_take(view->arena, size + 1);
    if (!joined)
        return false;
    char *end = joined;
    for (const xmlNode *each = first; each; each = each->next)
        if (is_text(each) && each->content)
            end = stpcpy(end, (const char *)each->content);
    set_text(node, joined, size);
    return true;
}

/* Nodes are found again from libxml2's by what it keeps for its callers. */
static void *mark(uint32_t index)
{
    return (void *)((uintptr_t)index + 1);
}

uint32_t xml_tree_index(const xmlNode *node)
{
    uintptr_t marked = node ? (uintptr_t)node->_private : 0;
    return marked ? (uint32_t)(marked - 1) : NODE_NONE;
}

static bool add_attribute(struct view *view, xmlAttr *attribute, uint32_t parent)
{
    if (strcmp(href_of(attribute->ns), instance_namespace) == 0)
        return true; /* xsi:nil and the like speak to validators */
    struct node node = {.kind = NODE_ATTRIBUTE, .place = view->tree->nodes[parent].place};
    if (!name_node(view, attribute->name, attribute->ns, &node) ||
        !take_text(view, attribute->children, &node))
        return false;
    uint32_t index = tree_add(view->tree, parent, &node);
    attribute->_private = mark(index);
    return index != NODE_NONE;
}

/* Adds an element with its attributes and text; what is below comes after. */
static uint32_t add_element(struct view *view, xmlNode *element, uint32_t parent)
{
    long line = xmlGetLineNo(element);
    struct node node = {.kind = NODE_BRANCH, .place = line > 0 ? (uint32_t)line : 0};
    if (!name_node(view, element->name, element->ns, &node) ||
        !take_text(view, element->children, &node))
        return NODE_NONE;
    uint32_t index = tree_add(view->tree, parent, &node);
    element->_private = mark(index);
    for (xmlAttr *each = element->properties; each && index != NODE_NONE; each = each->next)
        if (!add_attribute(view, each, index))
            return NODE_NONE;
    return index;
}

static xmlNode *first_element(xmlNode *node)
{
    while (node && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return node;
}

/* The element after `element`; closes it, and its parents where it was the last. */
static xmlNode *next_element(struct view *view, xmlNode *element, xmlNode *root, uint32_t *index)
{
    for (;;) {
        tree_close(view->tree, *index);
        if (element == root)
            return NULL;
        *index = view->tree->nodes[*index].parent;
        xmlNode *next = first_element(element->next);
        if (next)
            return next;
        element = element->parent;
    }
}

bool xml_tree_build(const struct adapter *adapter, xmlDocPtr document, struct arena *arena,
                    struct tree *tree, struct fault *why)
{
    struct view view = {.adapter = adapter, .arena = arena, .tree = tree};
    xmlNode *root = xmlDocGetRootElement(document);
    uint32_t parent = NODE_NONE;
    tree_clear(tree);
    for (xmlNode *element = root; element;) {
        uint32_t index = add_element(&view, element, parent);
        if (index == NODE_NONE)
            return fault_memory(why);
        xmlNode *below = first_element(element->children);
        parent = index;
        element = below ? below : next_element(&view, element, root, &parent);
    }
    return tree_number(tree, why);
}
