/* SPDX-License-Identifier: Apache-2.0 */
/* Looks into libxml2's tree that know one way to write a thing. */
#include "adapt/xml_part.h"

#include <string.h>

static bool equals(const xmlChar *text, const char *other)
{
    return text && strcmp((const char *)text, other) == 0;
}

bool xml_is(const xmlNode *node, const char *name_space, const char *name)
{
    return node && node->type == XML_ELEMENT_NODE && node->ns &&
           equals(node->ns->href, name_space) && equals(node->name, name);
}

xmlNode *xml_element(xmlNode *node)
{
    while (node && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return node;
}

xmlNode *xml_below(const xmlNode *parent, const char *name_space, const char *name)
{
    xmlNode *node = parent ? xml_element(parent->children) : NULL;
    while (node && !xml_is(node, name_space, name))
        node = xml_element(node->next);
    return node;
}

xmlNode *xml_after(const xmlNode *top, xmlNode *node)
{
    while (node != top && !node->next)
        node = node->parent;
    return node == top ? NULL : node->next;
}

xmlNode *xml_next(const xmlNode *top, xmlNode *node)
{
    bool has_below = node->type == XML_ELEMENT_NODE && node->children;
    return has_below ? node->children : xml_after(top, node);
}

static const char *only_text(const xmlNode *first)
{
    if (!first)
        return "";
    bool is_plain = first->type == XML_TEXT_NODE && !first->next && first->content;
    return is_plain ? (const char *)first->content : NULL;
}

const char *xml_value(const xmlNode *element, const char *name)
{
    for (const xmlAttr *each = element->properties; each; each = each->next)
        if (!each->ns && equals(each->name, name))
            return only_text(each->children);
    return NULL;
}

const char *xml_text(const xmlNode *element)
{
    return only_text(element->children);
}
