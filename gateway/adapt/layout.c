/* SPDX-License-Identifier: Apache-2.0 */
/* The order of what a message writes: that of its rows, whatever is written first. */
#include "adapt/compile.h"

static struct layout *child_of(const struct layout *parent, const struct step *step)
{
    bool is_attribute = step->kind == STEP_ATTRIBUTE;
    for (struct layout *child = parent->children; child; child = child->next)
        if (child->size == step->size && child->is_attribute == is_attribute &&
            memcmp(child->name, step->name, step->size) == 0)
            return child;
    return NULL;
}

static struct layout *add_child(struct compiler *compiler, struct layout *parent,
                                const struct step *step, struct fault *why)
{
    struct layout *child = compile_take(compiler, 1, sizeof *child, why);
    if (!child)
        return NULL;
    *child = (struct layout){.name = step->name,
                             .size = step->size,
                             .is_attribute = step->kind == STEP_ATTRIBUTE,
                             .order = parent->last ? parent->last->order + 1 : 0};
    if (parent->last)
        parent->last->next = child;
    else
        parent->children = child;
    parent->last = child;
    return child;
}

/* Makes the places at these steps below `at`; NULL when memory is out. */
static struct layout *add_steps(struct compiler *compiler, struct layout *at,
                                const struct step *steps, size_t count, struct fault *why)
{
    for (size_t step = 0; at && step < count && steps[step].kind != STEP_LEAVES; step++) {
        struct layout *child = child_of(at, &steps[step]);
        at = child ? child : add_child(compiler, at, &steps[step], why);
        if (at && steps[step].which != WHICH_FIRST)
            at->is_array = true;
    }
    return at;
}

static bool add_path(struct compiler *compiler, const struct message *message,
                     const struct path *path, struct fault *why)
{
    struct layout *base = message->layout;
    if (!path->from_root && message->plans[0].has_items)
        base = add_steps(compiler, base, message->plans[0].items.steps,
                         message->plans[0].items.count, why);
    return base && add_steps(compiler, base, path->steps, path->count, why);
}

/* The key stands below the repeated node, as the value does. */
static bool add_key(struct compiler *compiler, const struct message *message, const struct row *row,
                    struct fault *why)
{
    size_t repeated = path_each(&row->path);
    struct path whole = {.from_root = row->path.from_root, .count = repeated + row->key.count};
    whole.steps = compile_take(compiler, whole.count, sizeof *whole.steps, why);
    if (!whole.steps)
        return false;
    memcpy(whole.steps, row->path.steps, repeated * sizeof *whole.steps);
    memcpy(whole.steps + repeated, row->key.steps, row->key.count * sizeof *whole.steps);
    return add_path(compiler, message, &whole, why);
}

static bool add_rows(struct compiler *compiler, const struct message *message,
                     const struct row *rows, size_t count, struct fault *why)
{
    for (size_t at = 0; at < count; at++) {
        const struct row *row = &rows[at];
        if (row->is_ignored || !row->has_path)
            continue;
        if (!add_path(compiler, message, &row->path, why) ||
            (row->has_key && !add_key(compiler, message, row, why)))
            return false;
    }
    return true;
}

bool compile_layout(struct compiler *compiler, struct message *message, struct fault *why)
{
    message->layout = compile_take(compiler, 1, sizeof *message->layout, why);
    if (!message->layout || !add_rows(compiler, message, message->rows, message->row_count, why))
        return false;
    for (size_t at = 0; at < message->from_count; at++)
        if (!add_path(compiler, message, &message->from[at], why))
            return false;
    const struct carries *carries = message->carries;
    return !carries || add_rows(compiler, message, carries->write, carries->write_count, why);
}

const struct layout *layout_child(const struct layout *parent, const struct step *step)
{
    return parent ? child_of(parent, step) : NULL;
}
