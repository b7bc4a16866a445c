/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_PLACES_H
#define ADAPT_PLACES_H

#include "adapt/arena.h"
#include "adapt/convert.h"
#include "adapt/path.h"

/** What is known of the values at a place of a document, whichever repetition of it. */
enum place_mark {
    PLACE_UNKNOWN,
    PLACE_SHOWN,    /**< what stands there is not personal */
    PLACE_PERSONAL, /**< it is; stronger than PLACE_SHOWN */
};

/** A text that says nothing of anybody, because the adapter itself has it. */
struct literal {
    struct word text;
    const struct literal *next;
};

/** One place, by the names that lead there.  Numbers of repetitions do not count. */
struct place {
    const struct step *step; /**< NULL: the root */
    enum place_mark mark;
    const char *mask;               /**< of PLACE_PERSONAL: how event/mask.h hides it, or NULL */
    const struct conversion *reads; /**< of PLACE_SHOWN: what it must be able to read; or NULL */
    const struct literal *literals; /**< shown there whatever the mark */
    struct place *children;
    struct place *next;
};

/** Places in a tree.  All zeros holds nothing; names are borrowed from the paths. */
struct places {
    struct arena arena;
    struct place *root;
};

/** The place at these steps below `from`, made when it is not there; NULL when memory is out. */
struct place *places_add(struct places *places, struct place *from, const struct step *steps,
                         size_t count);
/** Adds a literal, borrowed; false when memory is out. */
bool places_add_literal(struct places *places, struct place *place, struct word text);
void places_free(struct places *places);

/** The place of that name below `at`; what lies below a `*` is that place itself.  NULL, also for
 * NULL, when nobody knows it. */
const struct place *place_child(const struct place *at, const char *name, size_t size,
                                bool is_attribute);

#endif
