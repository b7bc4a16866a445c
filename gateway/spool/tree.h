/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_TREE_H
#define SPOOL_TREE_H

#include "spool/pages.h"

/** Numbers of a table that lie behind damage: those above `after`, up to `last`. */
struct tree_hole {
    uint32_t page; /**< that is damaged */
    int64_t after, last;
};

/** Who hears what a walk finds. */
struct tree_seen {
    void *own;
    /** A row, whole or cut; `*fits` (true before) says whether it is one of this tree. */
    bool (*row)(void *own, const struct cell *cell, bool *fits, struct fault *why);
    bool (*hole)(void *own, const struct tree_hole *hole, struct fault *why);
};

/** Walks a tree from its root around all that is damaged: gives every row that hangs on it, and
 * where there may be others.  Numbers that do not go up, or are not between those of the pages
 * above, are damage.  False only when one of `seen`'s calls fails, or memory is out. */
bool tree_walk(struct pages *pages, uint32_t root, bool is_table, const struct tree_seen *seen,
               struct fault *why) __attribute__((warn_unused_result));

#endif
