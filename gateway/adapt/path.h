/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_PATH_H
#define ADAPT_PATH_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum step_kind {
    STEP_ELEMENT,   /**< `name`; an empty name for the elements of an array without one */
    STEP_ATTRIBUTE, /**< `@name` */
    STEP_LEAVES,    /**< `*`: every leaf below */
};

enum step_which {
    WHICH_FIRST, /**< `name` */
    WHICH_EACH,  /**< `name[]` */
    WHICH_ADDED, /**< `name[+]`, only where something is written */
    WHICH_ONE,   /**< `name[3]`, only in the paths of source_extra */
};

struct step {
    enum step_kind kind;
    enum step_which which;
    const char *name; /**< ended by NUL */
    uint32_t size;
    uint32_t hash;    /**< as name_hash gives it */
    uint32_t ordinal; /**< of WHICH_ONE */
};

/** Steps from the item, or from the document's root; no steps is that node itself. */
struct path {
    bool from_root;
    size_t count;
    struct step *steps;
    char *names; /**< what the steps' names lie in */
};

/** Reads docs/adapters.md's path.  FAULT_REFUSE says what is wrong with it. */
bool path_parse(const char *text, struct path *path, struct fault *why)
    __attribute__((warn_unused_result));
void path_free(struct path *path);

/** Whether both lead to the same places, whichever repetitions of them. */
bool path_same(const struct path *one, const struct path *other);

/** How many steps there are up to the last `[]`, that one included; 0 when there is none. */
size_t path_each(const struct path *path);

#endif
