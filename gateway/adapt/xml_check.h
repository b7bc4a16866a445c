/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_XML_CHECK_H
#define ADAPT_XML_CHECK_H

#include "adapt/findings.h"
#include "adapt/node.h"

#include <libxml/xmlschemas.h>

/**
 * Validates a document, which `tree` was built from, and adds what its schema does not allow: the
 * element, its line, what was expected, never a value.  False only for faults of our own.
 */
bool xml_check(xmlSchemaValidCtxtPtr validator, xmlDocPtr document, const struct tree *tree,
               struct findings *findings, struct fault *why) __attribute__((warn_unused_result));

#endif
