/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a tree of a damaged file: every page once, nothing believed that does not fit. */
#include "spool/tree.h"

#include "base/cleanup.h"

enum { DEEPEST = 24 };

struct walk {
    struct pages *pages;
    const struct tree_seen *seen;
    bool is_table;
    int depth;
};

/* The page at hand, and the numbers that may be on it. */
struct stretch {
    uint32_t page;
    int64_t after, last;
};

static bool walk_page(struct walk *walk, struct stretch at, struct fault *why);

static bool tell_hole(struct walk *walk, uint32_t page, int64_t after, int64_t last,
                      struct fault *why)
{
    const struct tree_hole hole = {page, after, last};
    return after >= last || walk->seen->hole(walk->seen->own, &hole, why);
}

static bool is_next(const struct walk *walk, const struct cell *cell, int64_t before, int64_t last)
{
    if (!walk->is_table)
        return cell->found == CELL_WHOLE;
    return cell->found != CELL_DAMAGED && cell->number > before && cell->number <= last;
}

static bool give_row(struct walk *walk, const struct stretch *at, const struct cell *cell,
                     struct fault *why)
{
    bool fits = cell->found >= CELL_CUT;
    if (fits && !walk->seen->row(walk->seen->own, cell, &fits, why))
        return false;
    if (fits && cell->found == CELL_WHOLE)
        return true;
    walk->pages->uses[at->page] = PAGE_DAMAGED;
    return walk->is_table ? tell_hole(walk, at->page, cell->number - 1, cell->number, why)
                          : tell_hole(walk, at->page, at->after, at->last, why);
}

static bool walk_child(struct walk *walk, uint32_t child, int64_t after, int64_t last,
                       struct fault *why)
{
    walk->depth++;
    bool done = walk_page(walk, (struct stretch){child, after, last}, why);
    walk->depth--;
    return done;
}

/* One cell of a page.  What cannot be read between two that can is a hole between their numbers. */
static bool take_cell(struct walk *walk, const struct stretch *at, const struct leaf *leaf,
                      const struct cell *cell, int64_t before, struct fault *why)
{
    bool is_tree = leaf->kind == TREE_TABLE || leaf->kind == TREE_INDEX;
    int64_t last = walk->is_table ? cell->number : at->last;
    if (is_tree && !walk_child(walk, cell->child, before, last, why))
        return false;
    return leaf->kind == TREE_TABLE || give_row(walk, at, cell, why);
}

static bool walk_cells(struct walk *walk, const struct stretch *at, const struct leaf *leaf,
                       struct fault *why)
{
    struct cell cell;
    int64_t before = at->after;
    bool is_whole = true; /* since `before` */
    for (uint32_t i = 0; i < leaf->cells; i++) {
        if (!cell_read(walk->pages, leaf, i, &cell, why))
            return false;
        bool done = true;
        if (!is_next(walk, &cell, before, at->last)) {
            walk->pages->uses[at->page] = PAGE_DAMAGED;
            is_whole = false;
            if (!walk->is_table && leaf->kind == TREE_INDEX)
                done = walk_child(walk, cell.child, at->after, at->last, why);
        } else {
            done = (is_whole || tell_hole(walk, at->page, before,
                                          walk->is_table ? cell.number - 1 : at->last, why)) &&
                   take_cell(walk, at, leaf, &cell, before, why);
            is_whole = true;
            before = walk->is_table ? cell.number : before;
        }
        cell_end(&cell);
        if (!done)
            return false;
    }
    if (leaf->right && !walk_child(walk, leaf->right, before, at->last, why))
        return false;
    return is_whole || tell_hole(walk, at->page, before, at->last, why);
}

static bool is_of_tree(const struct walk *walk, const struct leaf *leaf)
{
    return walk->is_table ? leaf->kind == TREE_TABLE || leaf->kind == LEAF_TABLE
                          : leaf->kind == TREE_INDEX || leaf->kind == LEAF_INDEX;
}

static bool walk_page(struct walk *walk, struct stretch at, struct fault *why)
{
    struct pages *pages = walk->pages;
    auto_free(free) uint8_t *bytes = malloc(pages->size);
    if (!bytes)
        return fault_memory(why);
    bool is_new = at.page > 0 && at.page <= pages->count && pages->uses[at.page] == PAGE_UNKNOWN;
    if (!is_new || walk->depth > DEEPEST || !pages_read(pages, at.page, bytes))
        return tell_hole(walk, at.page, at.after, at.last, why);
    struct leaf leaf = leaf_of(pages, at.page, bytes);
    bool is_empty = leaf.cells == 0 && leaf.right == 0 && walk->depth > 0; /* none ever is */
    if (is_empty || !is_of_tree(walk, &leaf)) {
        pages->uses[at.page] = PAGE_DAMAGED;
        return tell_hole(walk, at.page, at.after, at.last, why);
    }
    pages->uses[at.page] = PAGE_READ;
    return walk_cells(walk, &at, &leaf, why);
}

bool tree_walk(struct pages *pages, uint32_t root, bool is_table, const struct tree_seen *seen,
               struct fault *why)
{
    struct walk walk = {.pages = pages, .seen = seen, .is_table = is_table};
    return walk_page(&walk, (struct stretch){root, INT64_MIN, INT64_MAX}, why);
}
