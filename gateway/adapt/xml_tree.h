/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_XML_TREE_H
#define ADAPT_XML_TREE_H

#include "adapt/arena.h"
#include "adapt/map.h"
#include "adapt/node.h"

#include <libxml/tree.h>

/** Whether the root element is the adapter's: RULE_COUNT_ when it is, else the rule it breaks. */
enum rule xml_root_rule(const struct adapter *adapter, xmlDocPtr document);

/** A parsed document as nodes, with names as the adapter sees them.  Texts stay the document's. */
bool xml_tree_build(const struct adapter *adapter, xmlDocPtr document, struct arena *arena,
                    struct tree *tree, struct fault *why) __attribute__((warn_unused_result));

/** The node that was built from one of libxml2's; NODE_NONE when there is none. */
uint32_t xml_tree_index(const xmlNode *node);

#endif
