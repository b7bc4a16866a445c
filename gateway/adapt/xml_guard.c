/* SPDX-License-Identifier: Apache-2.0 */
/* One linear pass over an XML document, before libxml2 spends time or memory on it. */
#include "adapt/xml_guard.h"

#include "base/opening.h"

#include <strings.h>

struct scan {
    const char *start;
    const char *at;
    const char *end;
    const struct adapt_limits *limits;
    struct name_set *names;
    struct flaw *flaw;
    int64_t depth;
    int64_t nodes;
};

static bool fail(struct scan *scan, enum rule rule, const char *hint)
{
    *scan->flaw = (struct flaw){rule, (size_t)(scan->at - scan->start), hint};
    return false;
}

static bool starts(const struct scan *scan, const char *text)
{
    size_t size = strlen(text);
    return (size_t)(scan->end - scan->at) >= size && memcmp(scan->at, text, size) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct scan *scan)
{
    while (scan->at < scan->end && is_blank(*scan->at))
        scan->at++;
}

static bool ends_name(char c)
{
    return is_blank(c) || c == '=' || c == '>' || c == '/' || c == '<' || c == '"' || c == '\'';
}

static bool count_node(struct scan *scan)
{
    return ++scan->nodes <= scan->limits->nodes || fail(scan, RULE_LIMIT, "nodes");
}

static bool take_name(struct scan *scan)
{
    const char *name = scan->at;
    while (scan->at < scan->end && !ends_name(*scan->at))
        scan->at++;
    if (scan->at == name)
        return fail(scan, RULE_SYNTAX, "a name");
    return !scan->names ||
           name_set_add(scan->names, name, (size_t)(scan->at - name),
                        (size_t)scan->limits->names) ||
           fail(scan, RULE_LIMIT, "names");
}

static bool take_attribute(struct scan *scan)
{
    if (!count_node(scan) || !take_name(scan))
        return false;
    skip_blanks(scan);
    if (scan->at == scan->end || *scan->at != '=')
        return fail(scan, RULE_SYNTAX, "=");
    scan->at++;
    skip_blanks(scan);
    if (scan->at == scan->end || (*scan->at != '"' && *scan->at != '\''))
        return fail(scan, RULE_SYNTAX, "\"");
    const char *close = memchr(scan->at + 1, *scan->at, (size_t)(scan->end - scan->at - 1));
    if (!close)
        return fail(scan, RULE_SYNTAX, "\"");
    scan->at = close + 1;
    return true;
}

/* After "<": a name, attributes, and ">" or "/>". */
static bool take_tag(struct scan *scan)
{
    if (!count_node(scan) || !take_name(scan))
        return false;
    if (++scan->depth > scan->limits->depth)
        return fail(scan, RULE_LIMIT, "depth");
    for (int64_t attributes = 0;; attributes++) {
        skip_blanks(scan);
        if (scan->at < scan->end && *scan->at == '>') {
            scan->at++;
            return true;
        }
        if (starts(scan, "/>")) {
            scan->at += 2;
            scan->depth--;
            return true;
        }
        if (attributes == scan->limits->attributes)
            return fail(scan, RULE_LIMIT, "attributes");
        if (!take_attribute(scan))
            return false;
    }
}

static bool skip_past(struct scan *scan, size_t opening, const char *closing)
{
    const char *from = scan->at + opening;
    size_t size = strlen(closing);
    const char *found = memmem(from, (size_t)(scan->end - from), closing, size);
    if (!found)
        return fail(scan, RULE_SYNTAX, closing);
    scan->at = found + size;
    return count_node(scan);
}

static bool take_end_tag(struct scan *scan)
{
    const char *close = memchr(scan->at, '>', (size_t)(scan->end - scan->at));
    if (!close)
        return fail(scan, RULE_SYNTAX, ">");
    scan->at = close + 1;
    scan->depth--;
    return true;
}

/* At "<". */
static bool take_markup(struct scan *scan)
{
    if (starts(scan, "<!--"))
        return skip_past(scan, 4, "-->");
    if (starts(scan, "<![CDATA["))
        return skip_past(scan, 9, "]]>");
    if (starts(scan, "<?"))
        return skip_past(scan, 2, "?>");
    if (starts(scan, "<!"))
        return fail(scan, RULE_FORBIDDEN, "no DOCTYPE");
    if (starts(scan, "</"))
        return take_end_tag(scan);
    scan->at++;
    return take_tag(scan);
}

/* The declaration may name UTF-8 or nothing. */
static bool check_declaration(struct scan *scan)
{
    const char *close = memmem(scan->at, (size_t)(scan->end - scan->at), "?>", 2);
    size_t size = close ? (size_t)(close - scan->at) : 0;
    const char *found = starts(scan, "<?xml") ? memmem(scan->at, size, "encoding", 8) : NULL;
    if (!found)
        return true;
    found += 8;
    while (found < close && (is_blank(*found) || *found == '=' || *found == '"' || *found == '\''))
        found++;
    if (close - found >= 6 && strncasecmp(found, "utf-8", 5) == 0 &&
        (found[5] == '"' || found[5] == '\''))
        return true;
    scan->at = found;
    return fail(scan, RULE_SYNTAX, "UTF-8");
}

static bool pass(struct scan *scan)
{
    for (;;) {
        scan->at = memchr(scan->at, '<', (size_t)(scan->end - scan->at));
        if (!scan->at)
            return true;
        if (!take_markup(scan))
            return false;
    }
}

bool xml_guard(const char *bytes, size_t size, const struct adapt_limits *limits,
               struct name_set *names, struct flaw *flaw)
{
    struct scan scan = {bytes, bytes, bytes + size, limits, NULL, flaw, 0, 0};
    if (!guard_utf8(bytes, size, flaw))
        return false;
    scan.at += opening_mark(bytes, size);
    struct scan again = scan;
    if (!check_declaration(&scan) || !pass(&scan))
        return false;
    again.names = names; /* a document of few nodes has few names, and they need not be counted */
    return scan.nodes <= limits->names || pass(&again);
}
