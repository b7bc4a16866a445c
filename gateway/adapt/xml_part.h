/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_XML_PART_H
#define ADAPT_XML_PART_H

#include <libxml/tree.h>
#include <stdbool.h>

/* How signatures are found in a tree, and their own elements read: strictly, so that no other
 * reader sees them otherwise. */

#define XML_DSIG "http://www.w3.org/2000/09/xmldsig#"

/** Whether the node is an element of this name in this namespace. */
bool xml_is(const xmlNode *node, const char *name_space, const char *name);

/** The first element at or after a sibling; NULL for none. */
xmlNode *xml_element(xmlNode *node);
/** The first element below `parent` with this name in this namespace; NULL for none. */
xmlNode *xml_below(const xmlNode *parent, const char *name_space, const char *name);

/** The next node in document order below `top`, NULL after the last. */
xmlNode *xml_next(const xmlNode *top, xmlNode *node);
/** The same, but behind all that is below `node`. */
xmlNode *xml_after(const xmlNode *top, xmlNode *node);

/** The value of an attribute without namespace, when it is one plain text; "" when it is empty;
 * NULL when it is absent or made of several parts. */
const char *xml_value(const xmlNode *element, const char *name);

/** The text of an element that holds one text and nothing else; NULL for another. */
const char *xml_text(const xmlNode *element);

#endif
