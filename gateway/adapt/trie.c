/* SPDX-License-Identifier: Apache-2.0 */
/* All paths of a map in one tree, so that a document is walked once. */
#include "adapt/trie.h"

static uint32_t node_add(struct trie *trie, struct arena *arena)
{
    if (trie->count == trie->room) {
        uint32_t room = trie->room ? trie->room * 2 : 64;
        struct trie_node *nodes = arena_take(arena, room * sizeof *nodes);
        if (!nodes)
            return TRIE_NONE;
        if (trie->count)
            memcpy(nodes, trie->nodes, trie->count * sizeof *nodes);
        trie->nodes = nodes;
        trie->room = room;
    }
    trie->nodes[trie->count] = (struct trie_node){.slot = SLOT_NONE};
    return trie->count++;
}

uint32_t trie_root(struct trie *trie, struct arena *arena)
{
    if (!trie->count) /* the first is TRIE_NONE */
        (void)node_add(trie, arena);
    return trie->count ? node_add(trie, arena) : TRIE_NONE;
}

static struct trie_edge *edge_get(struct trie *trie, uint32_t at, const struct step *step,
                                  struct arena *arena)
{
    struct trie_edge **last = &trie->nodes[at].edges;
    for (; *last; last = &(*last)->next)
        if ((*last)->hash == step->hash && (*last)->size == step->size &&
            memcmp((*last)->name, step->name, step->size) == 0)
            return *last;
    struct trie_edge *edge = arena_take(arena, sizeof *edge);
    if (!edge)
        return NULL;
    *edge = (struct trie_edge){.name = step->name, .size = step->size, .hash = step->hash};
    trie->nodes[at].edge_count++;
    *last = edge;
    return edge;
}

uint32_t trie_add(struct trie *trie, uint32_t root, const struct step *steps, size_t count,
                  struct arena *arena)
{
    uint32_t at = root;
    for (size_t step = 0; step < count; step++) {
        struct trie_edge *edge = edge_get(trie, at, &steps[step], arena);
        if (!edge)
            return TRIE_NONE;
        uint32_t *child = steps[step].which == WHICH_EACH ? &edge->each : &edge->first;
        if (*child == TRIE_NONE)
            *child = node_add(trie, arena);
        if (*child == TRIE_NONE)
            return TRIE_NONE;
        at = *child;
    }
    return at;
}

/* The edges, so far a list, become an array with a table of places by hash. */
static bool finish_node(struct trie_node *node, struct arena *arena)
{
    uint32_t places = 4;
    while (places < node->edge_count * 2)
        places *= 2;
    struct trie_edge *edges = arena_take(arena, (node->edge_count + 1) * sizeof *edges);
    node->table = arena_take(arena, places * sizeof *node->table);
    if (!edges || !node->table)
        return false;
    memset(node->table, 0, places * sizeof *node->table);
    node->mask = places - 1;
    uint16_t number = 0;
    for (const struct trie_edge *each = node->edges; each; each = each->next) {
        edges[number++] = *each;
        uint32_t at = each->hash & node->mask;
        while (node->table[at])
            at = (at + 1) & node->mask;
        node->table[at] = number;
    }
    node->edges = edges;
    return true;
}

bool trie_finish(struct trie *trie, struct arena *arena)
{
    for (uint32_t at = 0; at < trie->count; at++)
        if (trie->nodes[at].edge_count > UINT16_MAX / 2 || !finish_node(&trie->nodes[at], arena))
            return false;
    return true;
}

const struct trie_edge *trie_find(const struct trie_node *at, const struct node *node)
{
    for (uint32_t place = node->name_hash & at->mask; at->table[place];
         place = (place + 1) & at->mask) {
        const struct trie_edge *edge = &at->edges[at->table[place] - 1];
        if (edge->hash == node->name_hash && edge->size == node->name_size &&
            memcmp(edge->name, node->name, edge->size) == 0)
            return edge;
    }
    return NULL;
}
