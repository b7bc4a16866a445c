/* SPDX-License-Identifier: Apache-2.0 */
/* Collects what is wrong with a document: all of it, each thing once, no more than the limit. */
#include "adapt/findings.h"

#include "base/utf8.h"

enum { SHOWN_SIZE = 80 };

void findings_clear(struct findings *findings)
{
    findings->count = findings->total = 0;
    findings_begin(findings, -1);
    findings->is_closed = false;
    findings->prefix = NULL;
    findings->prefix_line = 0;
}

void findings_begin(struct findings *findings, int item)
{
    findings->item = item;
    findings->first = findings->count;
    findings->place = 0;
}

/* A rule is told once at a place; that something is missing, or a handoff not whole, only where
 * nothing else is known to be wrong. */
static bool is_told(const struct findings *findings, const struct problem *problem)
{
    bool is_weak = problem->rule == RULE_MISSING || problem->rule == RULE_HANDOFF;
    for (size_t at = findings->count; at-- > 0;) {
        const struct problem *told = &findings->list[at];
        if ((told->item == problem->item || told->item < 0) &&
            (is_weak || told->rule == problem->rule) && strcmp(told->path, problem->path) == 0)
            return true;
    }
    return false;
}

static const char *with_prefix(const struct findings *findings, const char *path)
{
    size_t prefix_size = strlen(findings->prefix);
    size_t size = strlen(path);
    if (strcmp(path, "/") == 0)
        return findings->prefix;
    char *whole = arena_take(findings->arena, prefix_size + size + 2);
    if (!whole)
        return findings->prefix;
    (void)snprintf(whole, prefix_size + size + 2, "%s%s%s", findings->prefix,
                   *path == '/' ? "" : "/", path);
    return whole;
}

/* Behind all of the item that stand before it in the document. */
static void insert(struct findings *findings, const struct problem *problem, uint32_t place)
{
    size_t at = findings->count++;
    for (; at > findings->first && findings->places[at - 1] > place; at--) {
        findings->list[at] = findings->list[at - 1];
        findings->places[at] = findings->places[at - 1];
    }
    findings->list[at] = *problem;
    findings->places[at] = place;
}

void findings_add(struct findings *findings, const struct problem *problem)
{
    struct problem own = *problem;
    if (findings->is_closed)
        return;
    own.item = findings->item;
    if (!own.path)
        own.path = "/";
    if (findings->prefix) {
        own.path = with_prefix(findings, own.path);
        own.line = findings->prefix_line;
        own.column = 0;
    }
    if (is_told(findings, &own))
        return;
    findings->total++;
    if (findings->count < findings->limit)
        insert(findings, &own, findings->prefix ? findings->prefix_place : findings->place);
}

bool findings_name(const struct findings *findings, int item)
{
    if (findings->total > findings->count) /* what is not listed may be anybody's */
        return true;
    for (size_t at = 0; at < findings->count; at++)
        if (findings->list[at].item == item || findings->list[at].item < 0)
            return true;
    return false;
}

static bool is_long_number(const char *text, size_t size)
{
    for (size_t at = 0; at < size; at++)
        if (text[at] < '0' || text[at] > '9')
            return false;
    return size >= 9;
}

/* Numbers keep their ends, as people compare them; of other texts nothing is shown. */
static void mask(char *text, size_t size)
{
    bool is_number = is_long_number(text, size);
    for (size_t at = 0; at < size; at++)
        if (!is_number || (at >= 3 && at + 3 < size))
            text[at] = '*';
    if (!is_number && size > 3)
        text[3] = '\0';
}

const char *findings_value(struct findings *findings, const char *personal, const char *text,
                           size_t size)
{
    size_t shown = utf8_cut(text, size, SHOWN_SIZE);
    char *copy = arena_text(findings->arena, text, shown);
    if (!copy)
        return NULL;
    if (personal)
        mask(copy, shown);
    for (char *each = copy; *each; each++)
        if ((unsigned char)*each < 0x20 || *each == 0x7F)
            *each = '?';
    return copy;
}
