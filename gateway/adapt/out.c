/* SPDX-License-Identifier: Apache-2.0 */
/* A document while it is being written. */
#include "adapt/out.h"

static bool is_named(const struct out *out, const struct step *step)
{
    return out->is_attribute == (step->kind == STEP_ATTRIBUTE) && out->size == step->size &&
           memcmp(out->name, step->name, step->size) == 0;
}

/* After all that the layout has before it, or next to it. */
static void insert(struct out *parent, struct out *child)
{
    struct out **last = &parent->children;
    while (*last && (*last)->order <= child->order)
        last = &(*last)->next;
    child->next = *last;
    *last = child;
}

static struct out *add(struct out *parent, const struct step *step, struct arena *arena)
{
    struct out *child = arena_take(arena, sizeof *child);
    const char *name = arena_text(arena, step->name, step->size);
    if (!child || !name)
        return NULL;
    const struct layout *layout = layout_child(parent->layout, step);
    *child = (struct out){.name = name,
                          .size = step->size,
                          .is_attribute = step->kind == STEP_ATTRIBUTE,
                          .is_array = (layout && layout->is_array) || step->which != WHICH_FIRST,
                          .source = OUT_NONE,
                          .order = layout ? layout->order : UINT32_MAX,
                          .layout = layout};
    insert(parent, child);
    return child;
}

struct out *out_child(struct out *parent, const struct step *step, uint32_t ordinal,
                      struct arena *arena)
{
    for (struct out *child = parent->children; child; child = child->next)
        if (!child->is_added && is_named(child, step) && ordinal-- == 0)
            return child;
    return add(parent, step, arena);
}

struct out *out_added(struct out *parent, const struct step *step, struct arena *arena)
{
    for (struct out *child = parent->children; child; child = child->next)
        if (child->is_added && is_named(child, step))
            return child;
    struct out *child = add(parent, step, arena);
    if (child)
        child->is_added = true;
    return child;
}
