/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How one shape of a message is read: where each row finds its place in the one walk, and in which
 * order rows and repeated nodes are then taken.
 */
#include "adapt/compile.h"

/* What a plan is built from. */
struct builder {
    struct compiler *compiler;
    const struct message *message;
    struct plan *plan;
    struct arena *arena;
};

static bool is_below_root(const struct plan *plan, const struct path *path)
{
    return path->from_root && plan->has_items;
}

static uint16_t scope_of(const struct plan *plan, const struct path *path)
{
    return is_below_root(plan, path) ? SCOPE_DOCUMENT : SCOPE_ITEM;
}

static uint32_t root_of(const struct plan *plan, uint16_t scope)
{
    if (scope >= SCOPE_GROUPS)
        return plan->groups[scope - SCOPE_GROUPS]->root;
    return scope == SCOPE_DOCUMENT ? plan->document_root : plan->item_root;
}

/* ---- slots ---- */

/* The trie node at these steps of a scope, with a slot of the scope. */
static bool add_slot(struct builder *builder, uint16_t scope, const struct step *steps,
                     size_t count, uint32_t *at, struct fault *why)
{
    struct plan *plan = builder->plan;
    *at = trie_add(&plan->trie, root_of(plan, scope), steps, count, builder->arena);
    if (*at == TRIE_NONE)
        return fault_memory(why);
    struct trie_node *node = &plan->trie.nodes[*at];
    if (node->slot == SLOT_NONE) {
        node->slot = plan->slots_of[scope]++;
        node->scope = scope;
    }
    return true;
}

static bool add_path_slot(struct builder *builder, const struct path *path, uint32_t *at,
                          struct fault *why)
{
    return add_slot(builder, scope_of(builder->plan, path), path->steps, path->count, at, why);
}

/* ---- groups ---- */

static bool same_steps(const struct path *one, const struct path *other, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        const struct step *first = &one->steps[at], *second = &other->steps[at];
        if (first->kind != second->kind || first->hash != second->hash ||
            strcmp(first->name, second->name) != 0 ||
            (first->which == WHICH_EACH) != (second->which == WHICH_EACH))
            return false;
    }
    return true;
}

/* Lets the walk note the nodes at `steps` of a scope for the group. */
static bool link_group(struct builder *builder, struct group *group, uint16_t scope,
                       const struct step *steps, size_t count, struct fault *why)
{
    struct plan *plan = builder->plan;
    uint32_t at = trie_add(&plan->trie, root_of(plan, scope), steps, count, builder->arena);
    struct group_link *link = arena_take(builder->arena, sizeof *link);
    if (at == TRIE_NONE || !link)
        return fault_memory(why);
    *link = (struct group_link){.group = group};
    struct group_link **last = &plan->trie.nodes[at].groups;
    while (*last)
        last = &(*last)->next;
    *last = link;
    return true;
}

/* A group of the nodes at the first `count` steps of `path`. */
static struct group *add_group(struct builder *builder, const struct path *path, size_t count,
                               struct group *parent, struct fault *why)
{
    struct plan *plan = builder->plan;
    if (plan->group_count == GROUP_LIMIT) {
        (void)compile_refuse(builder->compiler, "", why, "more than %d repetitions", GROUP_LIMIT);
        return NULL;
    }
    struct group *group = compile_take(builder->compiler, 1, sizeof *group, why);
    if (!group)
        return NULL;
    group->number = (uint16_t)plan->group_count;
    group->scope = (uint16_t)(SCOPE_GROUPS + plan->group_count);
    group->steps = count;
    group->path = path;
    group->parent = parent;
    group->root = trie_root(&plan->trie, builder->arena);
    group->join_slot = group->skip_slot = SLOT_NONE;
    group->actions =
        compile_take(builder->compiler, builder->message->row_count, sizeof *group->actions, why);
    plan->groups[plan->group_count++] = group;
    size_t skip = parent ? parent->steps : 0;
    uint16_t scope = parent ? parent->scope : scope_of(plan, path);
    if (group->root == TRIE_NONE || !group->actions ||
        !link_group(builder, group, scope, path->steps + skip, count - skip, why))
        return NULL;
    if (parent) {
        struct group **last = &parent->children;
        while (*last)
            last = &(*last)->sibling;
        *last = group;
    }
    return group;
}

static struct group *find_group(const struct plan *plan, const struct field *list,
                                const struct path *path, size_t count)
{
    for (size_t at = 0; at < plan->group_count; at++) {
        struct group *group = plan->groups[at];
        if (group->list == list && group->steps == count &&
            group->path->from_root == path->from_root && same_steps(group->path, path, count))
            return group;
    }
    return NULL;
}

static bool add_item_action(struct builder *builder, const struct action *action)
{
    struct plan *plan = builder->plan;
    plan->actions[plan->action_count++] = *action;
    return true;
}

/* The slots that `arrays:` asks for in a group. */
static bool take_rule(struct builder *builder, struct group *group, const struct array_rule *rule,
                      struct fault *why)
{
    group->rule = rule;
    if (rule->on &&
        !add_slot(builder, group->scope, rule->join.steps, rule->join.count, &group->join_at, why))
        return false;
    return !rule->has_skip || add_slot(builder, group->scope, rule->skip.path.steps,
                                       rule->skip.path.count, &group->skip_at, why);
}

static bool find_rule(struct builder *builder, struct group *group, struct fault *why)
{
    const struct message *message = builder->message;
    for (size_t at = 0; at < message->array_count; at++) {
        const struct array_rule *rule = &message->arrays[at];
        if (rule->list == group->list && rule->path.count == group->steps &&
            rule->path.from_root == group->path->from_root &&
            same_steps(&rule->path, group->path, group->steps))
            return take_rule(builder, group, rule, why);
    }
    return true;
}

/* The groups of an array of records, from the outermost repetition of the path to the innermost. */
static struct group *group_chain(struct builder *builder, const struct field *list,
                                 const struct path *path, struct fault *why)
{
    struct group *group = NULL;
    for (size_t count = 1; count <= path->count; count++) {
        if (path->steps[count - 1].which != WHICH_EACH)
            continue;
        struct group *parent = group;
        group = find_group(builder->plan, list, path, count);
        if (group)
            continue;
        group = add_group(builder, path, count, parent, why);
        if (!group)
            return NULL;
        group->list = list;
        if (!find_rule(builder, group, why))
            return NULL;
        if (!parent)
            (void)add_item_action(builder, &(struct action){.group = group, .slot = SLOT_NONE});
    }
    return group;
}

/* Adds the row to what a group does with each of its nodes. */
static bool add_group_action(struct builder *builder, struct group *group, const struct row *row,
                             struct fault *why)
{
    struct action action = {.row = row,
                            .slot = SLOT_NONE,
                            .key_slot = SLOT_NONE,
                            .scope = group->scope,
                            .skip = group->steps};
    if (!add_slot(builder, group->scope, row->path.steps + group->steps,
                  row->path.count - group->steps, &action.at, why))
        return false;
    if (row->has_key &&
        !add_slot(builder, group->scope, row->key.steps, row->key.count, &action.key_at, why))
        return false;
    group->actions[group->action_count++] = action;
    return true;
}

/* Texts and entries of a map: each row has its own group, of the innermost repetition. */
static bool add_flat_group(struct builder *builder, const struct row *row, struct fault *why)
{
    struct group *group = add_group(builder, &row->path, path_each(&row->path), NULL, why);
    if (!group)
        return false;
    group->list = row->field;
    return add_item_action(builder, &(struct action){.group = group, .slot = SLOT_NONE}) &&
           add_group_action(builder, group, row, why);
}

/* ---- rows ---- */

/* A constant that is written at a place names it, where it says the same. */
static bool add_constant(struct builder *builder, const struct row *row, struct fault *why)
{
    struct group *group = add_group(builder, &row->path, row->path.count, NULL, why);
    if (!group)
        return false;
    group->constant = row;
    return add_item_action(builder, &(struct action){.group = group, .slot = SLOT_NONE});
}

static bool add_place(struct builder *builder, const struct row *row, struct fault *why)
{
    if (row->is_foreign)
        return true; /* it is never written back to where it was read */
    if (row->constant.text)
        return add_constant(builder, row, why);
    if (!row->is_ignored)
        return true;
    struct plan *plan = builder->plan;
    uint32_t at = trie_add(&plan->trie, root_of(plan, scope_of(plan, &row->path)), row->path.steps,
                           row->path.count, builder->arena);
    if (at == TRIE_NONE)
        return fault_memory(why);
    plan->trie.nodes[at].is_ignored = true;
    return true;
}

/* A row of one value, or of all leaves below a place. */
static bool add_value(struct builder *builder, const struct row *row, struct fault *why)
{
    const struct path *path = &row->path;
    struct action action = {.row = row, .slot = SLOT_NONE, .key_slot = SLOT_NONE};
    action.scope = scope_of(builder->plan, path);
    action.takes_leaves = path->count && path->steps[path->count - 1].kind == STEP_LEAVES;
    if (row->has_path && !add_slot(builder, action.scope, path->steps,
                                   path->count - action.takes_leaves, &action.at, why))
        return false;
    return add_item_action(builder, &action);
}

static bool add_row(struct builder *builder, const struct row *row, struct fault *why)
{
    if (!row->field)
        return add_place(builder, row, why);
    if (!row->reads || strcmp(row->field->name, "source_extra{}") == 0)
        return true;
    if (row->field->list && row->has_path) {
        struct group *group = group_chain(builder, row->field->list, &row->path, why);
        return group && add_group_action(builder, group, row, why);
    }
    bool is_flat = row->has_key || (row->field->type == FIELD_TEXTS && path_each(&row->path));
    return is_flat ? add_flat_group(builder, row, why) : add_value(builder, row, why);
}

/* ---- what is not in the map ---- */

static bool add_carried(struct builder *builder, struct fault *why)
{
    const struct carries *carries = builder->message->carries;
    if (!carries || carries->is_file)
        return true;
    struct group *group = add_group(builder, &carries->path, carries->path.count, NULL, why);
    if (!group)
        return false;
    group->is_carried = true;
    builder->plan->carried = group;
    return add_slot(builder, group->scope, carries->name.steps, carries->name.count,
                    &group->join_at, why) &&
           add_slot(builder, group->scope, carries->content.steps, carries->content.count,
                    &group->skip_at, why);
}

static bool add_parts(struct builder *builder, const struct part *parts, size_t count,
                      struct slot_use **uses, struct fault *why)
{
    *uses = compile_take(builder->compiler, count, sizeof **uses, why);
    for (size_t at = 0; *uses && at < count; at++)
        if (parts[at].kind != PART_CONTENT &&
            !add_path_slot(builder, &parts[at].path, &(*uses)[at].at, why))
            return false;
    return *uses != NULL;
}

static bool add_message(struct builder *builder, struct fault *why)
{
    const struct message *message = builder->message;
    struct plan *plan = builder->plan;
    plan->event_type =
        compile_take(builder->compiler, message->from_count, sizeof *plan->event_type, why);
    for (size_t at = 0; plan->event_type && at < message->from_count; at++)
        if (!add_path_slot(builder, &message->from[at], &plan->event_type[at].at, why))
            return false;
    return plan->event_type && add_carried(builder, why) &&
           add_parts(builder, message->native_id, message->native_id_count, &plan->native_id,
                     why) &&
           add_parts(builder, message->reference, message->reference_count, &plan->reference,
                     why) &&
           add_parts(builder, message->refers_to, message->refers_to_count, &plan->refers_to, why);
}

/* ---- the last pass ---- */

static int slot_at(const struct plan *plan, uint32_t at)
{
    return at == TRIE_NONE ? SLOT_NONE : plan->trie.nodes[at].slot;
}

static void finish_actions(const struct plan *plan, struct action *actions, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        actions[at].slot = slot_at(plan, actions[at].at);
        actions[at].key_slot = slot_at(plan, actions[at].key_at);
    }
}

static void finish_uses(const struct plan *plan, struct slot_use *uses, size_t count)
{
    for (size_t at = 0; at < count; at++)
        uses[at].slot = slot_at(plan, uses[at].at);
}

static int compare_actions(const void *one, const void *other)
{
    const struct action *first = one, *second = other;
    return (first->row->number > second->row->number) - (first->row->number < second->row->number);
}

/* A group's elements get the rows of the groups around it too.  Children come after their parents
 * in the list, so a parent's list is whole when its child's is made. */
static bool inherit_actions(struct builder *builder, struct group *group, struct fault *why)
{
    const struct group *parent = group->parent;
    if (!parent || !parent->action_count)
        return true;
    size_t count = group->action_count + parent->action_count;
    struct action *actions = compile_take(builder->compiler, count, sizeof *actions, why);
    if (!actions)
        return false;
    memcpy(actions, group->actions, group->action_count * sizeof *actions);
    memcpy(actions + group->action_count, parent->actions, parent->action_count * sizeof *actions);
    qsort(actions, count, sizeof *actions, compare_actions);
    group->actions = actions;
    group->action_count = count;
    return true;
}

static bool finish(struct builder *builder, struct fault *why)
{
    struct plan *plan = builder->plan;
    const struct message *message = builder->message;
    for (size_t scope = 0; scope < SCOPE_GROUPS + plan->group_count; scope++) {
        plan->first_slot[scope] = plan->slot_count;
        plan->slot_count += plan->slots_of[scope];
    }
    for (uint32_t at = 0; at < plan->trie.count; at++)
        if (plan->trie.nodes[at].slot != SLOT_NONE)
            plan->trie.nodes[at].slot += plan->first_slot[plan->trie.nodes[at].scope];
    finish_actions(plan, plan->actions, plan->action_count);
    for (size_t at = 0; at < plan->group_count; at++) {
        struct group *group = plan->groups[at];
        group->join_slot = slot_at(plan, group->join_at);
        group->skip_slot = slot_at(plan, group->skip_at);
        finish_actions(plan, group->actions, group->action_count);
        if (!inherit_actions(builder, group, why))
            return false;
    }
    finish_uses(plan, plan->event_type, message->from_count);
    finish_uses(plan, plan->native_id, message->native_id_count);
    finish_uses(plan, plan->reference, message->reference_count);
    finish_uses(plan, plan->refers_to, message->refers_to_count);
    return trie_finish(&plan->trie, builder->arena) || fault_memory(why);
}

bool compile_plan(struct compiler *compiler, const struct message *message,
                  const struct draft_shape *shape, struct plan *plan, struct fault *why)
{
    struct builder builder = {compiler, message, plan, &compiler->adapter->arena};
    plan->has_items = shape->items != NULL;
    if (shape->items && !compile_path(compiler, "items", shape->items, &plan->items, why))
        return false;
    if (shape->items && (!plan->items.count || !plan->items.from_root))
        return compile_refuse(compiler, "items", why, "items begin with a slash and have a name");
    plan->item_root = trie_root(&plan->trie, builder.arena);
    plan->document_root = trie_root(&plan->trie, builder.arena);
    plan->actions = compile_take(compiler, message->row_count, sizeof *plan->actions, why);
    if (plan->item_root == TRIE_NONE || plan->document_root == TRIE_NONE || !plan->actions)
        return fault_memory(why);
    for (size_t at = 0; at < message->row_count; at++)
        if (!add_row(&builder, &message->rows[at], why))
            return false;
    return add_message(&builder, why) && finish(&builder, why);
}
