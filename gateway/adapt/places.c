/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of the places that somebody knows, for walks that keep no document in memory. */
#include "adapt/places.h"

#include "adapt/node.h"

#include <string.h>

static bool is_step(const struct step *own, const struct step *step)
{
    return own->kind == step->kind && own->hash == step->hash && own->size == step->size &&
           memcmp(own->name, step->name, step->size) == 0;
}

static struct place *child_of(const struct place *at, const struct step *step)
{
    struct place *child = at->children;
    while (child && !is_step(child->step, step))
        child = child->next;
    return child;
}

static struct place *make(struct places *places, struct place *parent, const struct step *step)
{
    struct place *place = arena_take(&places->arena, sizeof *place);
    if (!place)
        return NULL;
    *place = (struct place){.step = step, .next = parent ? parent->children : NULL};
    if (parent)
        parent->children = place;
    return place;
}

struct place *places_add(struct places *places, struct place *from, const struct step *steps,
                         size_t count)
{
    if (!places->root)
        places->root = make(places, NULL, NULL);
    struct place *at = from ? from : places->root;
    for (size_t i = 0; at && i < count; i++) {
        struct place *child = child_of(at, &steps[i]);
        at = child ? child : make(places, at, &steps[i]);
    }
    return at;
}

bool places_add_literal(struct places *places, struct place *place, struct word text)
{
    struct literal *literal = arena_take(&places->arena, sizeof *literal);
    if (!literal)
        return false;
    *literal = (struct literal){text, place->literals};
    place->literals = literal;
    return true;
}

void places_free(struct places *places)
{
    arena_free(&places->arena);
    *places = (struct places){.root = NULL};
}

const struct place *place_child(const struct place *at, const char *name, size_t size,
                                bool is_attribute)
{
    if (!at || (at->step && at->step->kind == STEP_LEAVES))
        return at;
    const struct step step = {.kind = is_attribute ? STEP_ATTRIBUTE : STEP_ELEMENT,
                              .name = name,
                              .size = (uint32_t)size,
                              .hash = name_hash(name, size, is_attribute)};
    const struct place *leaves = NULL;
    for (const struct place *child = at->children; child; child = child->next) {
        if (is_step(child->step, &step))
            return child;
        if (child->step->kind == STEP_LEAVES)
            leaves = child;
    }
    return leaves;
}
