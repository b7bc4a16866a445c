/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_XML_H
#define ADAPT_XML_H

#include "adapt/adapter.h"
#include "adapt/findings.h"
#include "adapt/node.h"

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

/** Loads an XSD that lies in an adapter's folder; nothing is fetched from a network. */
xmlSchemaPtr xml_schema_load(const char *path, struct fault *why)
    __attribute__((warn_unused_result));
void xml_schema_free(xmlSchemaPtr schema);

/** How an adapter sees the names of a document. */
struct xml_names {
    char *const *namespaces; /**< of elements known by their local name */
    size_t namespace_count;
    const struct xml_prefix *prefixes; /**< of attributes with a namespace */
    size_t prefix_count;
};

/** A parser that is used again and again by one thread. */
struct xml_parser;
struct xml_parser *xml_parser_new(struct fault *why) __attribute__((warn_unused_result));
void xml_parser_free(struct xml_parser *parser);

/** Texts of the parser's documents may be over libxml2's 10 MB: for who reads files inside a
 * document whose size has a limit already. */
void xml_parser_take_long_texts(struct xml_parser *parser);

/** Takes XML signatures out of a document, wherever in it they are. */
void xml_drop_signatures(xmlDocPtr document);

/**
 * Checks a document against the limits and parses it; the parser keeps it until the next call.
 * False with *document NULL after findings about it, false with a fault for faults of our own.
 */
bool xml_parse(struct xml_parser *parser, const struct word *bytes,
               const struct adapt_limits *limits, struct findings *findings, xmlDocPtr *document,
               struct fault *why) __attribute__((warn_unused_result));

#endif
