/* SPDX-License-Identifier: Apache-2.0 */
/* libxml2, held to what is safe: no DTD, no network, no entities, bounded memory. */
#include "adapt/xml.h"

#include "adapt/xml_guard.h"
#include "adapt/xml_part.h"
#include "base/cleanup.h"

#include <errno.h>
#include <pthread.h>

ENDS_WITH_SCOPE(struct xml_parser *, xml_parser_free)
ENDS_WITH_SCOPE(xmlSchemaParserCtxtPtr, xmlSchemaFreeParserCtxt)

/* Never NOENT, DTDLOAD, XINCLUDE or RECOVER, and HUGE for whole documents of bounded size alone.
 * The guard lets only UTF-8 without a NUL pass, which libxml2 takes for nothing else while it
 * ignores what the declaration says. */
enum {
    PARSE_OPTIONS = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT |
                    XML_PARSE_IGNORE_ENC
};

/* A parser's dictionary keeps every name it ever met; over this, a new one is cheaper. */
enum { DICTIONARY_LIMIT = 10000 };

struct xml_parser {
    xmlParserCtxtPtr libxml;
    xmlDocPtr document;
    struct name_set names;
    int options;
};

static void start_libxml(void)
{
    xmlInitParser();
}

static bool start_once(struct fault *why)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    return pthread_once(&once, start_libxml) == 0 ||
           fault_set(why, FAULT_BROKEN, "libxml2 does not start");
}

/* ---- schemas ---- */

/* Keeps the first message about a schema of ours; it is an operator's file, so it may be shown. */
static void note_first(void *own, xmlErrorPtr error)
{
    struct fault *why = own;
    if (why->kind != FAULT_NONE)
        return;
    const char *text = error->message ? error->message : "unknown";
    (void)fault_set(why, FAULT_REFUSE, "%s:%d: %.*s", error->file ? error->file : "", error->line,
                    (int)strcspn(text, "\n"), text);
}

xmlSchemaPtr xml_schema_load(const char *path, struct fault *why)
{
    if (!start_once(why))
        return NULL;
    struct fault first = {0};
    auto_free(xmlSchemaFreeParserCtxt) xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(path);
    if (!parser) {
        (void)fault_memory(why);
        return NULL;
    }
    xmlSchemaSetParserStructuredErrors(parser, note_first, &first);
    xmlSchemaPtr schema = xmlSchemaParse(parser);
    if (!schema)
        (void)fault_set(why, FAULT_REFUSE, "%s: no usable XSD: %s", path, first.text);
    return schema;
}

void xml_schema_free(xmlSchemaPtr schema)
{
    if (schema)
        xmlSchemaFree(schema);
}

/* ---- parsing ---- */

struct xml_parser *xml_parser_new(struct fault *why)
{
    if (!start_once(why))
        return NULL;
    struct xml_parser *parser = calloc(1, sizeof *parser);
    if (parser)
        parser->options = PARSE_OPTIONS;
    else
        (void)fault_memory(why);
    return parser;
}

/* The guard has bounded depth, names and nodes, and nothing expands: HUGE frees texts alone. */
void xml_parser_take_long_texts(struct xml_parser *parser)
{
    parser->options |= XML_PARSE_HUGE;
}

static void forget_document(struct xml_parser *parser)
{
    if (parser->document)
        xmlFreeDoc(parser->document);
    parser->document = NULL;
}

void xml_parser_free(struct xml_parser *parser)
{
    if (!parser)
        return;
    forget_document(parser);
    if (parser->libxml)
        xmlFreeParserCtxt(parser->libxml);
    name_set_free(&parser->names);
    free(parser);
}

static void hear_nothing(void *own, xmlErrorPtr error)
{
    (void)own, (void)error;
}

static void print_nothing(void *own, const char *format, ...)
{
    (void)own, (void)format;
}

/* What libxml2 has no memory for it prints, whatever the options, with lines of the document. */
static bool ready(struct xml_parser *parser, struct fault *why)
{
    xmlSetStructuredErrorFunc(NULL, hear_nothing); /* of this thread */
    xmlSetGenericErrorFunc(NULL, print_nothing);
    if (parser->libxml && xmlDictSize(parser->libxml->dict) > DICTIONARY_LIMIT) {
        xmlFreeParserCtxt(parser->libxml);
        parser->libxml = NULL;
    }
    if (!parser->libxml)
        parser->libxml = xmlNewParserCtxt();
    return parser->libxml || fault_memory(why);
}

/* What stands in for libxml2's texts, which can quote the document. */
static const char *hint_of(int code)
{
    static const struct {
        int code;
        const char *hint;
    } hints[] = {
        {XML_ERR_DOCUMENT_EMPTY, "a document"},
        {XML_ERR_DOCUMENT_END, "the end"},
        {XML_ERR_TAG_NAME_MISMATCH, "the end tag of the element"},
        {XML_ERR_TAG_NOT_FINISHED, "the end tag of the element"},
        {XML_ERR_UNDECLARED_ENTITY, "no entities"},
        {XML_ERR_INVALID_CHAR, "characters of XML 1.0"},
        {XML_ERR_INVALID_ENCODING, "UTF-8"},
        {XML_ERR_ATTRIBUTE_REDEFINED, "an attribute once"},
        {XML_NS_ERR_UNDEFINED_NAMESPACE, "a declared prefix"},
    };
    for (size_t at = 0; at < sizeof hints / sizeof hints[0]; at++)
        if (hints[at].code == code)
            return hints[at].hint;
    return "well-formed XML";
}

static void report(const xmlError *error, struct findings *findings)
{
    bool is_entity = error && error->code == XML_ERR_UNDECLARED_ENTITY;
    findings_add(findings, &(struct problem){.rule = is_entity ? RULE_FORBIDDEN : RULE_SYNTAX,
                                             .path = "/",
                                             .line = error ? error->line : 0,
                                             .column = error ? error->int2 : 0,
                                             .hint = hint_of(error ? error->code : 0)});
}

bool xml_parse(struct xml_parser *parser, const struct word *bytes,
               const struct adapt_limits *limits, struct findings *findings, xmlDocPtr *document,
               struct fault *why)
{
    *document = NULL;
    forget_document(parser);
    struct flaw flaw;
    if (!ready(parser, why))
        return false;
    if (!name_set_clear(&parser->names, (size_t)limits->names))
        return fault_memory(why);
    if (!xml_guard(bytes->text, bytes->size, limits, &parser->names, &flaw)) {
        flaw_report(&flaw, bytes->text, findings);
        return true;
    }
    errno = 0; /* libxml2 goes on without a namespace that had no memory */
    parser->document = xmlCtxtReadMemory(parser->libxml, bytes->text, (int)bytes->size, NULL, NULL,
                                         parser->options);
    bool is_short = errno == ENOMEM;
    const xmlError *error = xmlCtxtGetLastError(parser->libxml);
    if (is_short || (error && error->code == XML_ERR_NO_MEMORY))
        return fault_memory(why);
    if (parser->document && parser->libxml->wellFormed && !parser->document->intSubset &&
        (!error || error->level < XML_ERR_ERROR)) {
        *document = parser->document;
        return true;
    }
    report(error, findings);
    return true;
}

/* ---- signatures ---- */

void xml_drop_signatures(xmlDocPtr document)
{
    xmlNode *root = xmlDocGetRootElement(document);
    for (xmlNode *node = root; node;) {
        bool is_one = node != root && xml_is(node, XML_DSIG, "Signature");
        xmlNode *next = is_one ? xml_after(root, node) : xml_next(root, node);
        if (is_one) {
            xmlUnlinkNode(node);
            xmlFreeNode(node);
        }
        node = next;
    }
}
