/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNATURE_XML_SHAPE_H
#define SIGNATURE_XML_SHAPE_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>

/** An XML signature, taken apart; all is the document's. */
struct xml_shape {
    xmlDoc *document;
    xmlNode *signature;
    xmlNode *signed_info, *key_info;
    xmlNode *signed_properties; /**< of XAdES; NULL: none are signed */
    const char *algorithm;      /**< a constant */
    bool has_signed_key;        /**< KeyInfo is signed too, as XAdES allows */
    size_t references;          /**< to the root, to signed properties, to KeyInfo: each once */
    const char *flaw;           /**< what was expected, a constant; NULL: it is as it should be */
    const xmlNode *at;          /**< where it was expected */
};

/**
 * Whether the signature covers the document's root element as a whole and nothing beside it but its
 * own signed properties and KeyInfo, by algorithms that count, without anything that would have to
 * be fetched, computed or guessed: see docs/decisions/0014-signed-documents.md.  Registers the ids
 * that it refers to.  False with `flaw` set, or with `flaw` NULL when memory is out.
 */
bool xml_shape_read(xmlDoc *document, xmlNode *signature, struct xml_shape *shape)
    __attribute__((warn_unused_result));

#endif
