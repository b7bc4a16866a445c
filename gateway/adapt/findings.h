/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_FINDINGS_H
#define ADAPT_FINDINGS_H

#include "adapt/arena.h"
#include "adapt/problem.h"

#include <stddef.h>

/** The problems of one document, as they are found. */
struct findings {
    struct problem *list; /**< the owner's, with room for `limit` */
    size_t limit;
    size_t count;
    size_t total; /**< also those for which there was no room */
    struct arena *arena;
    int item;           /**< whose the next ones are; -1: the document's */
    bool is_closed;     /**< the schema's say is enough: nothing more is added */
    const char *prefix; /**< in front of every path, with the line of that place; or NULL */
    int prefix_line;
};

/** Forgets everything, for the next document. */
void findings_clear(struct findings *findings);

/**
 * Adds a problem at the findings' item.  Its texts are borrowed; `path` gets the prefix.  A rule is
 * told once at a place.
 */
void findings_add(struct findings *findings, const struct problem *problem);

/** Whether the item, or the document as a whole, has a problem. */
bool findings_name(const struct findings *findings, int item);

/** The value as a problem may show it: masked for `personal` of any kind, cut, without control
 * characters; in the arena, NULL when memory is out. */
const char *findings_value(struct findings *findings, const char *personal, const char *text,
                           size_t size);

#endif
