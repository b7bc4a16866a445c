/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_TRIE_H
#define ADAPT_TRIE_H

#include "adapt/arena.h"
#include "adapt/node.h"
#include "adapt/path.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** No trie node: 0 is the empty start of every pool, and nobody's child. */
#define TRIE_NONE 0u
enum { SLOT_NONE = -1 };

/** A name under a trie node, and where the walk goes on at the first such sibling, and at each. */
struct trie_edge {
    const char *name;
    uint32_t size;
    uint32_t hash;
    uint32_t first;
    uint32_t each;
    struct trie_edge *next; /**< while it is being built: of the same trie node */
};

/**
 * What the walk does at a place of the document.  All paths of a map lie in one trie, so that one
 * walk over a document finds all that the map names.
 */
struct trie_node {
    struct trie_edge *edges;
    uint32_t edge_count;
    uint32_t mask;             /**< of `table` */
    uint16_t *table;           /**< places by hash: number of an edge, from 1; 0 for none */
    int slot;                  /**< where the place is noted; SLOT_NONE when nobody asks */
    uint16_t scope;            /**< whose slot it is */
    struct group_link *groups; /**< repetitions that begin here */
    bool is_ignored;           /**< and all below it */
};

struct group_link {
    struct group *group;
    struct group_link *next;
};

struct trie {
    struct trie_node *nodes;
    uint32_t count;
    uint32_t room;
};

/** A new root; TRIE_NONE when memory is out. */
uint32_t trie_root(struct trie *trie, struct arena *arena);

/**
 * The trie node at these steps below `root`, made when it is not there.  The steps' names are
 * borrowed.  TRIE_NONE when memory is out.  A pointer into trie->nodes ends with the next call.
 */
uint32_t trie_add(struct trie *trie, uint32_t root, const struct step *steps, size_t count,
                  struct arena *arena);

/** Builds the tables once all is added. */
bool trie_finish(struct trie *trie, struct arena *arena);

/** The edge for a document's node, or NULL. */
const struct trie_edge *trie_find(const struct trie_node *at, const struct node *node);

#endif
