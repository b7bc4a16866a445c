/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_GUARD_H
#define ADAPT_GUARD_H

#include "adapt/findings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is looked at before a parser sees a document: one pass over the bytes, in time that grows
 * with their number alone.  libxml2 2.9.14 needs 13 s for one element with 40,000 attributes; both
 * parsers spend memory by the node.
 */

/** Names seen so far, kept by one thread from document to document. */
struct name_set {
    struct seen_name *places;
    uint32_t mask;
    uint32_t count;
    uint32_t round; /**< names of earlier documents count as absent */
};

void name_set_free(struct name_set *set);
/** Forgets all names; room for `limit` of them.  False when memory is out. */
bool name_set_clear(struct name_set *set, size_t limit);
/** Adds a name; false when it is new and there are `limit` already. */
bool name_set_add(struct name_set *set, const char *name, size_t size, size_t limit);

/** Why a document is not parsed. */
struct flaw {
    enum rule rule;
    size_t offset;
    const char *hint; /**< a constant */
};

/** Adds the flaw with its line and column. */
void flaw_report(const struct flaw *flaw, const char *bytes, struct findings *findings);

/** Whether all is UTF-8 without NUL; else fills `flaw`. */
bool guard_utf8(const char *bytes, size_t size, struct flaw *flaw);

#endif
