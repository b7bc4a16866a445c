/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_BENCH_H
#define ADAPT_BENCH_H

#include "adapt/adapter.h"
#include "adapt/json.h"
#include "adapt/reader.h"
#include "adapt/xml.h"

/** Parsers and trees for one document at a time; a carried document needs a second. */
struct stand {
    struct xml_parser *xml;
    xmlDocPtr document; /**< the XML parser's */
    struct json_reader json;
    struct tree tree;
};

struct workbench {
    const struct adapters *adapters;
    struct arena arena;
    struct arena writing; /**< of the document that is being written */
    struct findings findings;
    struct stand outer;
    struct stand inner;
    xmlSchemaValidCtxtPtr *validators; /**< by the adapter's number; made when first needed */
    struct matches matches;
    struct filling filling;
    avro_value_t event;
    bool has_event;
    struct reader *reading; /**< while `each` is called */
};

/** What an adapter makes of a parsed document. */
struct recognition {
    enum rule rule; /**< RULE_COUNT_: it is recognised */
    int line;       /**< of the root, when it is not */
    const struct message *message;
    const struct plan *plan;
};

/** Parses a document; *is_parsed is false after findings.  JSON's tree is built at once. */
bool stand_parse(struct workbench *bench, struct stand *stand, enum draft_syntax syntax,
                 const struct word *document, bool *is_parsed, struct fault *why)
    __attribute__((warn_unused_result));

/** Looks at the parsed document as the adapter does; builds the tree of XML. */
bool stand_recognise(struct workbench *bench, struct stand *stand, const struct adapter *adapter,
                     struct recognition *found, struct fault *why)
    __attribute__((warn_unused_result));

/** Holds the document to the adapter's schema, if it has one; findings say what it does not allow.
 */
bool stand_validate(struct workbench *bench, const struct stand *stand,
                    const struct adapter *adapter, struct fault *why)
    __attribute__((warn_unused_result));

/** The line of the root element; 1 in JSON. */
int stand_line(const struct stand *stand, enum draft_syntax syntax);

#endif
