/* SPDX-License-Identifier: Apache-2.0 */
/* The one tree that documents of every syntax become. */
#include "adapt/node.h"

#include "base/utf8.h"

enum { FIRST_ROOM = 256 };

/* How many children of one name one parent has so far. */
struct sibling {
    uint32_t parent;
    uint32_t count;
    uint32_t first; /* the node that holds the name, and was the first of them */
};

void tree_clear(struct tree *tree)
{
    tree->count = 0;
    tree->source = NULL;
    tree->has_passed = false;
}

void tree_free(struct tree *tree)
{
    free(tree->nodes);
    free(tree->siblings);
    *tree = (struct tree){0};
}

uint32_t tree_add(struct tree *tree, uint32_t parent, const struct node *like)
{
    if (tree->count == tree->room) {
        uint32_t room = tree->room ? tree->room * 2 : FIRST_ROOM;
        struct node *nodes = reallocarray(tree->nodes, room, sizeof *nodes);
        if (!nodes)
            return NODE_NONE;
        tree->nodes = nodes;
        tree->room = room;
    }
    uint32_t index = tree->count++;
    struct node *node = &tree->nodes[index];
    *node = *like;
    node->parent = parent;
    node->end = index + 1;
    return index;
}

void tree_close(struct tree *tree, uint32_t index)
{
    tree->nodes[index].end = tree->count;
}

uint32_t name_hash(const char *name, size_t size, bool is_attribute)
{
    uint32_t hash = is_attribute ? 0x9E3779B9u : 0x811C9DC5u;
    for (size_t at = 0; at < size; at++)
        hash = (hash ^ (unsigned char)name[at]) * 0x01000193u;
    return hash ^ (hash >> 15);
}

static bool same_name(const struct node *one, const struct node *other)
{
    return one->name_hash == other->name_hash && one->name_size == other->name_size &&
           memcmp(one->name, other->name, one->name_size) == 0;
}

/* A table of at least twice as many places as nodes, emptied. */
static bool siblings_prepare(struct tree *tree, struct fault *why)
{
    uint32_t room = tree->sibling_room ? tree->sibling_room : FIRST_ROOM;
    while (room < tree->count * 2)
        room *= 2;
    if (room != tree->sibling_room) {
        struct sibling *siblings = reallocarray(tree->siblings, room, sizeof *siblings);
        if (!siblings)
            return fault_memory(why);
        tree->siblings = siblings;
        tree->sibling_room = room;
    }
    return true;
}

/* Counts node `index` among the children of its parent; the table holds (parent, name). */
static void number_one(struct tree *tree, uint32_t index, uint32_t mask)
{
    struct node *node = &tree->nodes[index];
    uint32_t at = (node->name_hash ^ (node->parent * 0x9E3779B1u)) & mask;
    struct sibling *found = &tree->siblings[at];
    while (found->count &&
           (found->parent != node->parent || !same_name(&tree->nodes[found->first], node))) {
        at = (at + 1) & mask;
        found = &tree->siblings[at];
    }
    if (!found->count)
        *found = (struct sibling){.parent = node->parent, .first = index};
    else
        tree->nodes[found->first].is_repeated = node->is_repeated = true;
    node->ordinal = found->count++;
}

bool tree_number(struct tree *tree, struct fault *why)
{
    if (!siblings_prepare(tree, why))
        return false;
    uint32_t used = FIRST_ROOM;
    while (used < tree->count * 2)
        used *= 2;
    memset(tree->siblings, 0, used * sizeof *tree->siblings);
    for (uint32_t index = 1; index < tree->count; index++)
        if (tree->nodes[index].kind != NODE_ATTRIBUTE)
            number_one(tree, index, used - 1);
    return true;
}

void tree_place(const struct tree *tree, uint32_t index, int *line, int *column)
{
    uint32_t place = tree->nodes[index].place;
    struct utf8_spot spot = {1, 1};
    if (tree->source)
        utf8_pass(&spot, tree->source, place);
    *line = tree->source ? spot.line : (int)place;
    *column = tree->source ? spot.column : 0;
}

/* What stands for a byte of a name that would be read as part of the path; 0 for none. */
static char replacement(char c, bool is_first, bool in_namespace, bool is_json)
{
    if (c == '~')
        return '0';
    if (c == '/' && !in_namespace)
        return '1';
    if (c == '[')
        return '2';
    if (!is_first || !is_json)
        return 0;
    return c == '{' ? '3' : c == '@' ? '4' : 0;
}

/* Writes the name so that it ends before `end`; returns where it starts. */
static char *name_before(char *end, const struct node *node, bool is_json)
{
    const char *brace = !is_json && node->name_size && node->name[0] == '{'
                            ? memchr(node->name, '}', node->name_size)
                            : NULL;
    uint32_t namespace_size = brace ? (uint32_t)(brace - node->name) : 0;
    for (uint32_t at = node->name_size; at-- > 0;) {
        char c = node->name[at];
        char instead = replacement(c, at == 0, at < namespace_size, is_json);
        *--end = instead ? instead : c;
        if (instead)
            *--end = '~';
    }
    return end;
}

/* "name", "@name" or "name[3]", so that it ends before `end`. */
static char *step_before(char *end, const struct node *node, uint32_t number, bool is_json)
{
    if (node->is_repeated) {
        *--end = ']';
        do
            *--end = (char)('0' + number % 10);
        while ((number /= 10) > 0);
        *--end = '[';
    }
    end = name_before(end, node, is_json);
    if (node->kind == NODE_ATTRIBUTE)
        *--end = '@';
    return end;
}

enum { STEP_EXTRA = 16 }; /* the slash, @, and an ordinal in brackets */

/* How many siblings of the same name that were not passed over come before. */
static uint32_t kept_ordinal(const struct tree *tree, uint32_t index)
{
    const struct node *node = &tree->nodes[index];
    uint32_t ordinal = node->ordinal;
    for (uint32_t at = node->parent + 1; at < index; at = tree->nodes[at].end)
        ordinal -= tree->nodes[at].is_passed && same_name(&tree->nodes[at], node);
    return ordinal;
}

static const char *build_path(const struct tree *tree, uint32_t index, uint32_t base,
                              bool from_root, bool is_key, struct arena *arena)
{
    bool has_passed = is_key && tree->has_passed;
    if (index == base)
        return from_root ? "/" : ".";
    size_t room = 1;
    for (uint32_t at = index; at != base && at != 0; at = tree->nodes[at].parent)
        room += 2 * (size_t)tree->nodes[at].name_size + STEP_EXTRA;
    char *start = arena_take(arena, room);
    if (!start)
        return NULL;
    char *end = start + room;
    *--end = '\0';
    for (uint32_t at = index; at != base && at != 0; at = tree->nodes[at].parent) {
        uint32_t ordinal = has_passed ? kept_ordinal(tree, at) : tree->nodes[at].ordinal;
        end = step_before(end, &tree->nodes[at], ordinal, tree->source != NULL);
        *--end = '/';
    }
    return from_root ? end : end + 1;
}

const char *tree_path(const struct tree *tree, uint32_t index, uint32_t base, bool from_root,
                      struct arena *arena)
{
    return build_path(tree, index, base, from_root, false, arena);
}

const char *tree_key(const struct tree *tree, uint32_t index, uint32_t base, bool from_root,
                     struct arena *arena)
{
    return build_path(tree, index, base, from_root, true, arena);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

void text_trim(const char **text, size_t *size)
{
    while (*size && is_blank(**text)) {
        ++*text;
        --*size;
    }
    while (*size && is_blank((*text)[*size - 1]))
        --*size;
}

bool node_is_there(const struct node *node, uint32_t index)
{
    return node->text_size || node->end > index + 1;
}
