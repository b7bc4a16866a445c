/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_FINDINGS_H
#define ADAPT_FINDINGS_H

#include "adapt/arena.h"
#include "adapt/problem.h"

#include <stddef.h>
#include <stdint.h>

/** The problems of one document, as they are found. */
struct findings {
    struct problem *list; /**< the owner's, with room for `limit` */
    size_t limit;
    size_t count;
    size_t total; /**< also those for which there was no room */
    struct arena *arena;
    uint32_t *places;   /**< the owner's: of each, where in the document it is */
    size_t first;       /**< of the item that is being read; those from here are kept in order */
    int item;           /**< whose the next ones are; -1: the document's */
    uint32_t place;     /**< of the next one */
    bool is_closed;     /**< the schema's say is enough: nothing more is added */
    const char *prefix; /**< in front of every path, with the line of that place; or NULL */
    int prefix_line;
    uint32_t prefix_place;
};

/** Forgets everything, for the next document. */
void findings_clear(struct findings *findings);

/** The next problems are this item's. */
void findings_begin(struct findings *findings, int item);

/**
 * Adds a problem at the findings' item and place, in the order of the document.  Its texts are
 * borrowed; `path` gets the prefix.  A rule is told once at a place.
 */
void findings_add(struct findings *findings, const struct problem *problem);

/** Whether the item, or the document as a whole, has a problem. */
bool findings_name(const struct findings *findings, int item);

/** The value as a problem may show it: masked for `personal` of any kind, cut, without control
 * characters; in the arena, NULL when memory is out. */
const char *findings_value(struct findings *findings, const char *personal, const char *text,
                           size_t size);

#endif
