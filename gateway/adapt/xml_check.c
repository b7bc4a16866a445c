/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an XSD says about a document, in our words.  libxml2's own sentences quote values, which
 * may be personal, so of each only that end is taken where the schema's own words stand.
 */
#include "adapt/xml_check.h"

#include "adapt/xml_tree.h"
#include "base/utf8.h"

#include <errno.h>

enum { HINT_SIZE = 200 };

/* Which part of libxml2's sentence is the schema's. */
enum tail { TAIL_NONE, TAIL_QUOTED, TAIL_BRACES, TAIL_EXPECTED };

static const struct violation {
    int code;
    enum tail tail;
    const char *before; /* in front of that part in the hint */
} violations[] = {
    {XML_SCHEMAV_ELEMENT_CONTENT, TAIL_EXPECTED, ""},
    {XML_SCHEMAV_CVC_COMPLEX_TYPE_2_3, TAIL_NONE, "elements only"},
    {XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_1, TAIL_NONE, "no such attribute"},
    {XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_2, TAIL_NONE, "no such attribute"},
    {XML_SCHEMAV_CVC_COMPLEX_TYPE_4, TAIL_QUOTED, "@"},
    {XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_1, TAIL_QUOTED, ""},
    {XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_2, TAIL_QUOTED, ""},
    {XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_3, TAIL_QUOTED, ""},
    {XML_SCHEMAV_CVC_ELT_1, TAIL_NONE, "the schema's root element"},
    {XML_SCHEMAV_CVC_ENUMERATION_VALID, TAIL_BRACES, "one of "},
    {XML_SCHEMAV_CVC_LENGTH_VALID, TAIL_QUOTED, "length "},
    {XML_SCHEMAV_CVC_MINLENGTH_VALID, TAIL_QUOTED, "length at least "},
    {XML_SCHEMAV_CVC_MAXLENGTH_VALID, TAIL_QUOTED, "length at most "},
    {XML_SCHEMAV_CVC_MININCLUSIVE_VALID, TAIL_QUOTED, "at least "},
    {XML_SCHEMAV_CVC_MAXINCLUSIVE_VALID, TAIL_QUOTED, "at most "},
    {XML_SCHEMAV_CVC_MINEXCLUSIVE_VALID, TAIL_QUOTED, "over "},
    {XML_SCHEMAV_CVC_MAXEXCLUSIVE_VALID, TAIL_QUOTED, "under "},
    {XML_SCHEMAV_CVC_TOTALDIGITS_VALID, TAIL_QUOTED, "digits: "},
    {XML_SCHEMAV_CVC_FRACTIONDIGITS_VALID, TAIL_QUOTED, "digits after the point: "},
    {XML_SCHEMAV_CVC_PATTERN_VALID, TAIL_QUOTED, "pattern "},
    {XML_SCHEMAV_CVC_TYPE_3_1_2, TAIL_NONE, "a text, no elements"},
    {XML_SCHEMAV_CVC_AU, TAIL_QUOTED, ""},
    {XML_SCHEMAV_CVC_ELT_5_2_2_2_2, TAIL_QUOTED, ""},
    {XML_SCHEMAV_CVC_IDC, TAIL_QUOTED, "unique: "},
};

static const struct violation *violation_of(int code)
{
    for (size_t at = 0; at < sizeof violations / sizeof violations[0]; at++)
        if (violations[at].code == code)
            return &violations[at];
    return NULL;
}

struct check {
    const struct tree *tree;
    struct findings *findings;
    uint32_t last; /* one bad value breaks a facet and then the type: told once */
    bool is_out_of_memory;
};

static const char *last_before(const char *text, const char *end, char wanted)
{
    while (end > text)
        if (*--end == wanted)
            return end;
    return NULL;
}

/* The last text in quotes. */
static struct word quoted(const char *message)
{
    const char *close = strrchr(message, '\'');
    const char *open = close ? last_before(message, close, '\'') : NULL;
    return open ? (struct word){open + 1, (size_t)(close - open - 1)} : (struct word){0};
}

/* From the last brace to its end. */
static struct word braced(const char *message)
{
    const char *open = strrchr(message, '{');
    const char *close = open ? strchr(open, '}') : NULL;
    return close ? (struct word){open, (size_t)(close - open + 1)} : (struct word){0};
}

/* "Expected is ( A )." or "Expected is one of ( A, B )."; nothing more may come without it. */
static struct word expected(const char *message)
{
    const char *start = strstr(message, "Expected is ");
    const char *open = start ? strchr(start, '(') : NULL;
    const char *close = open ? strrchr(open, ')') : NULL;
    if (!close || close - open < 4)
        return (struct word){"nothing more", 12};
    return (struct word){open + 2, (size_t)(close - open - 3)};
}

static struct word tail_of(const struct violation *violation, const char *message)
{
    switch (violation->tail) {
    case TAIL_QUOTED:
        return quoted(message);
    case TAIL_BRACES:
        return braced(message);
    case TAIL_EXPECTED:
        return expected(message);
    case TAIL_NONE:
        break;
    }
    return (struct word){0};
}

/* Namespaces in names say nothing to a reader: "{urn:x}Name" is "Name". */
static void drop_namespaces(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        const char *close = *from == '{' ? strchr(from, '}') : NULL;
        bool is_namespace = close && memchr(from, ':', (size_t)(close - from)) &&
                            !memchr(from, '\'', (size_t)(close - from));
        if (is_namespace)
            from = close;
        else
            *to++ = *from;
    }
    *to = '\0';
}

static const char *hint_of(const struct check *check, const xmlError *error)
{
    const struct violation *violation = violation_of(error->code);
    if (!violation)
        return NULL;
    struct word tail = tail_of(violation, error->message ? error->message : "");
    char hint[HINT_SIZE];
    (void)snprintf(hint, sizeof hint, "%s%.*s", violation->before, (int)tail.size,
                   tail.text ? tail.text : ""); /* cut is fine */
    drop_namespaces(hint);
    hint[utf8_valid(hint, strlen(hint))] = '\0';
    return arena_text(check->findings->arena, hint, strlen(hint));
}

/* "Element 'X', attribute 'Y': ..." begins with names alone; libxml2 gives the element's node. */
static uint32_t attribute_of(const struct tree *tree, uint32_t element, const char *message)
{
    static const char between[] = "', attribute '";
    const char *name = message ? strchr(message, '\'') : NULL;
    name = name ? strchr(name + 1, '\'') : NULL;
    if (!name || strncmp(name, between, sizeof between - 1) != 0)
        return element;
    name += sizeof between - 1;
    const char *close = strchr(name, '\'');
    const char *brace = close ? last_before(name, close, '}') : NULL;
    if (!close)
        return element;
    name = brace ? brace + 1 : name;
    uint32_t size = (uint32_t)(close - name);
    for (uint32_t at = element + 1; at < tree->nodes[element].end; at = tree->nodes[at].end) {
        const struct node *node = &tree->nodes[at];
        if (node->kind == NODE_ATTRIBUTE && node->name_size == size &&
            memcmp(node->name, name, size) == 0)
            return at;
    }
    return element;
}

static void take(void *own, xmlErrorPtr error)
{
    struct check *check = own;
    if (error->code == XML_ERR_NO_MEMORY)
        check->is_out_of_memory = true;
    uint32_t index = xml_tree_index(error->node);
    if (index != NODE_NONE && check->tree->nodes[index].kind != NODE_ATTRIBUTE)
        index = attribute_of(check->tree, index, error->message);
    if (index != NODE_NONE && index == check->last)
        return;
    check->last = index;
    struct problem problem = {.rule = RULE_SCHEMA, .line = error->line};
    if (index != NODE_NONE) {
        problem.path = tree_path(check->tree, index, 0, true, check->findings->arena);
        tree_place(check->tree, index, &problem.line, &problem.column);
    }
    problem.hint = hint_of(check, error);
    findings_add(check->findings, &problem);
}

bool xml_check(xmlSchemaValidCtxtPtr validator, xmlDocPtr document, const struct tree *tree,
               struct findings *findings, struct fault *why)
{
    struct check check = {.tree = tree, .findings = findings, .last = NODE_NONE};
    size_t before = findings->total;
    xmlSchemaSetValidStructuredErrors(validator, take, &check);
    errno = 0;
    int result = xmlSchemaValidateDoc(validator, document);
    if (check.is_out_of_memory || errno == ENOMEM)
        return fault_memory(why);
    if (result < 0)
        return fault_set(why, FAULT_BROKEN, "libxml2 cannot validate (%d)", result);
    if (result > 0 && findings->total == before) /* said nothing, or what was told already */
        findings_add(findings, &(struct problem){.rule = RULE_SCHEMA, .path = "/"});
    return true;
}
