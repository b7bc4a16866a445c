/* SPDX-License-Identifier: Apache-2.0 */
/* One walk over a document finds the places of all rows; and the few lookups outside of it. */
#include "adapt/reader.h"

static bool push_match(struct reader *reader, const struct group *group, uint32_t node,
                       struct fault *why)
{
    struct matches *matches = reader->matches;
    if (matches->count == matches->room) {
        size_t room = matches->room ? matches->room * 2 : 64;
        struct match *list = reallocarray(matches->list, room, sizeof *list);
        if (!list)
            return fault_memory(why);
        matches->list = list;
        matches->room = room;
    }
    matches->list[matches->count++] = (struct match){group, node};
    return true;
}

/* A path that repeats keeps the first of its texts. */
static void note(struct reader *reader, int slot, uint32_t index)
{
    uint32_t *noted = &reader->slots[slot];
    const struct node *nodes = reader->tree->nodes;
    if (*noted == NODE_NONE || (!nodes[*noted].text_size && nodes[index].text_size))
        *noted = index;
}

static void ignore(struct tree *tree, uint32_t index)
{
    for (uint32_t at = index; at < tree->nodes[index].end; at++)
        tree->nodes[at].is_ignored = true;
}

static bool walk_below(struct reader *reader, uint32_t index, const struct trie_node *at,
                       struct fault *why)
{
    const struct node *nodes = reader->tree->nodes;
    for (uint32_t child = index + 1; child < nodes[index].end; child = nodes[child].end) {
        const struct trie_edge *edge = trie_find(at, &nodes[child]);
        if (!edge)
            continue;
        if (edge->each != TRIE_NONE && !walk(reader, child, edge->each, why))
            return false;
        if (edge->first != TRIE_NONE && nodes[child].ordinal == 0 &&
            !walk(reader, child, edge->first, why))
            return false;
    }
    return true;
}

bool walk(struct reader *reader, uint32_t index, uint32_t at, struct fault *why)
{
    const struct trie_node *here = &reader->plan->trie.nodes[at];
    if (here->slot != SLOT_NONE)
        note(reader, here->slot, index);
    if (here->is_ignored)
        ignore(reader->tree, index);
    if (node_is_there(&reader->tree->nodes[index], index))
        for (const struct group_link *each = here->groups; each; each = each->next)
            if (!push_match(reader, each->group, index, why))
                return false;
    return !here->edge_count || walk_below(reader, index, here, why);
}

void walk_clear(struct reader *reader, uint16_t scope)
{
    uint32_t *slots = reader->slots + reader->plan->first_slot[scope];
    for (int at = 0; at < reader->plan->slots_of[scope]; at++)
        slots[at] = NODE_NONE;
}

uint32_t slot_node(const struct reader *reader, int slot)
{
    return slot == SLOT_NONE ? NODE_NONE : reader->slots[slot];
}

struct word slot_text(const struct reader *reader, int slot)
{
    uint32_t index = slot_node(reader, slot);
    if (index == NODE_NONE)
        return (struct word){0};
    const struct node *node = &reader->tree->nodes[index];
    return (struct word){node->text, node->text_size};
}

void pass_over(struct tree *tree, uint32_t index)
{
    tree->has_passed = tree->nodes[index].is_passed = true;
    for (uint32_t at = index; at < tree->nodes[index].end; at++)
        tree->nodes[at].is_used = true;
}

/* ---- lookups by path ---- */

static bool is_step(const struct node *node, const struct step *step)
{
    return node->name_hash == step->hash && node->name_size == step->size &&
           memcmp(node->name, step->name, step->size) == 0 &&
           (step->which == WHICH_EACH || node->ordinal == step->ordinal);
}

/* Calls `each` with every node at the steps below `from` until it returns false. */
static bool visit(const struct tree *tree, uint32_t from, const struct step *steps, size_t count,
                  bool (*each)(void *own, uint32_t index), void *own)
{
    if (!count)
        return each(own, from);
    const struct node *nodes = tree->nodes;
    for (uint32_t child = from + 1; child < nodes[from].end; child = nodes[child].end)
        if (is_step(&nodes[child], steps) && !visit(tree, child, steps + 1, count - 1, each, own))
            return false;
    return true;
}

struct seeking {
    const struct tree *tree;
    uint32_t found;
};

static bool seek_text(void *own, uint32_t index)
{
    struct seeking *seeking = own;
    bool has_text = seeking->tree->nodes[index].text_size > 0;
    if (seeking->found == NODE_NONE || has_text)
        seeking->found = index;
    return !has_text;
}

uint32_t tree_seek(const struct tree *tree, uint32_t from, const struct step *steps, size_t count)
{
    struct seeking seeking = {tree, NODE_NONE};
    (void)visit(tree, from, steps, count, seek_text, &seeking);
    return seeking.found;
}

/* ---- which message ---- */

struct testing {
    const struct tree *tree;
    const struct condition *condition;
    bool is_there;
};

static bool test(void *own, uint32_t index)
{
    struct testing *testing = own;
    const struct node *node = &testing->tree->nodes[index];
    const struct word *is = &testing->condition->is;
    testing->is_there = !is->text || (node->text_size == is->size &&
                                      (!is->size || memcmp(node->text, is->text, is->size) == 0));
    return !testing->is_there;
}

static bool holds(const struct tree *tree, const struct condition *condition)
{
    struct testing testing = {tree, condition, false};
    (void)visit(tree, 0, condition->path.steps, condition->path.count, test, &testing);
    return testing.is_there != condition->is_absent;
}

static bool fits(const struct plan *plan, const struct tree *tree)
{
    for (size_t at = 0; at < plan->when_count; at++)
        if (!holds(tree, &plan->when[at]))
            return false;
    return true;
}

bool recognise(const struct adapter *adapter, const struct tree *tree,
               const struct message **message, const struct plan **plan)
{
    for (size_t at = 0; at < adapter->message_count; at++) {
        *message = &adapter->messages[at];
        for (size_t shape = 0; shape < (*message)->plan_count; shape++) {
            *plan = &(*message)->plans[shape];
            if (fits(*plan, tree))
                return true;
        }
    }
    return false;
}

/* ---- items ---- */

struct collecting {
    struct reader *reader;
    size_t limit;
    bool is_over;
};

static bool collect(void *own, uint32_t index)
{
    struct collecting *collecting = own;
    struct reader *reader = collecting->reader;
    const struct node *node = &reader->tree->nodes[index];
    if (!node->is_repeated && !node_is_there(node, index))
        return true; /* an empty list */
    if (reader->item_count == collecting->limit) {
        collecting->is_over = true;
        return false;
    }
    reader->items[reader->item_count++] = index;
    return true;
}

bool find_items(struct reader *reader, int64_t limit, struct fault *why)
{
    const struct plan *plan = reader->plan;
    struct collecting collecting = {.reader = reader, .limit = (size_t)limit};
    if (collecting.limit > reader->tree->count)
        collecting.limit = reader->tree->count;
    reader->items = arena_take(reader->arena, (collecting.limit + 1) * sizeof *reader->items);
    if (!reader->items)
        return fault_memory(why);
    if (!plan->has_items) {
        reader->items[reader->item_count++] = 0;
        return true;
    }
    (void)visit(reader->tree, 0, plan->items.steps, plan->items.count, collect, &collecting);
    struct problem problem = {.rule = collecting.is_over ? RULE_LIMIT : RULE_MISSING};
    if (collecting.is_over)
        problem.hint = "items";
    if (collecting.is_over || !reader->item_count)
        report_path(reader, 0, plan->items.steps, plan->items.count, &problem);
    if (collecting.is_over)
        reader->item_count = 0;
    return true;
}
