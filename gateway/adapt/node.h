/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_NODE_H
#define ADAPT_NODE_H

#include "adapt/arena.h"
#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum node_kind { NODE_BRANCH, NODE_TEXT, NODE_NUMBER, NODE_BOOLEAN, NODE_ATTRIBUTE };

/** The index of no node. */
#define NODE_NONE UINT32_MAX

/**
 * One place of a document, of either syntax.  Nodes lie in document order, so that what is below
 * node n is n + 1 up to its `end`, and the node after it among its siblings stands at `end`.
 */
struct node {
    const char *name; /**< not ended by NUL; empty for the elements of an array without name */
    const char *text; /**< blanks at both ends removed; not ended by NUL */
    uint32_t name_size;
    uint32_t name_hash;
    uint32_t text_size; /**< 0: absent */
    uint32_t parent;    /**< NODE_NONE for the root */
    uint32_t end;
    uint32_t ordinal; /**< among siblings of the same name, from 0 */
    uint32_t place;   /**< XML: the line; JSON: the offset of the value's first byte */
    uint8_t kind;
    bool is_repeated; /**< its path needs the ordinal */
    bool is_used;     /**< a row of the map took it; source_extra will not */
    bool is_passed;   /**< its siblings are counted without it in what is kept of them */
    bool is_ignored;  /**< the map wants nothing of it kept */
    void *origin;     /**< the parser's node */
};

/** A document as nodes; node 0 is the root.  Memory is kept for the next document. */
struct tree {
    struct node *nodes;
    uint32_t count;
    uint32_t room;
    struct sibling *siblings; /**< what tree_number counts with */
    uint32_t sibling_room;
    bool has_passed;    /**< some node is */
    const char *source; /**< JSON: the bytes that `place` counts in; XML: NULL */
};

void tree_clear(struct tree *tree);
void tree_free(struct tree *tree);

/**
 * Adds a node below `parent`, which is an open node; the caller closes it by tree_close when all
 * below it are added.  Returns its index, NODE_NONE when memory is out.
 */
uint32_t tree_add(struct tree *tree, uint32_t parent, const struct node *like);
void tree_close(struct tree *tree, uint32_t index);

/** Counts siblings of the same name: sets `ordinal`, and `is_repeated` where there are several. */
bool tree_number(struct tree *tree, struct fault *why) __attribute__((warn_unused_result));

/** The hash of a name, other for attributes than for elements. */
uint32_t name_hash(const char *name, size_t size, bool is_attribute);

/** Line and column (from 1; column 0 in XML) of a node. */
void tree_place(const struct tree *tree, uint32_t index, int *line, int *column);

/**
 * The path of `index` below `base` ("Step[0]/@no"), or from the root when `base` is 0 and
 * `from_root` ("/data[0]/MaHoSo"; the root itself is "/").  In the arena; NULL when memory is out.
 */
const char *tree_path(const struct tree *tree, uint32_t index, uint32_t base, bool from_root,
                      struct arena *arena);

/** The same as the key of a text that is kept: without counting passed siblings. */
const char *tree_key(const struct tree *tree, uint32_t index, uint32_t base, bool from_root,
                     struct arena *arena);

/** Moves the edges of a text over blanks (XML's). */
void text_trim(const char **text, size_t *size);

/** Whether it has a value of its own or something below. */
bool node_is_there(const struct node *node, uint32_t index);

#endif
