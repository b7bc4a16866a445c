/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a map, in their order, for one item: values, repeated nodes, and what is required. */
#include "adapt/bench.h"

static bool applies(const struct reader *reader, const struct row *row)
{
    return row->types == UINT64_MAX || (row->types & reader->type);
}

/* ---- defaults and constants ---- */

/* A default stands where nothing does, but makes no record by itself. */
static bool has_record(const struct holder *holder, const struct field *field)
{
    struct field record = *field;
    avro_value_t place;
    record.depth--;
    return field->depth <= 1 || field_look(&record, &holder->value, &place);
}

static bool take_default(struct reader *reader, const struct row *row, struct holder *holder,
                         struct fault *why)
{
    if (!row->fallback.text || !applies(reader, row) || row->field->type >= FIELD_TEXTS ||
        !has_record(holder, row->field))
        return true;
    return read_own_text(reader, row, holder, &row->fallback, why);
}

static bool take_constant(struct reader *reader, const struct row *row, struct holder *event,
                          struct fault *why)
{
    if (!row->constant.text || !row->field || row->has_path || !applies(reader, row))
        return true;
    if (!row->field->list)
        return read_own_text(reader, row, event, &row->constant, why);
    struct holder element;
    for (size_t at = 0; fill_element_at(reader->filling, row->field->list, at, &element); at++)
        if (!read_own_text(reader, row, &element, &row->constant, why))
            return false;
    return true;
}

/* ---- elements ---- */

static bool has_text(const struct reader *reader, const struct group *group)
{
    for (size_t at = 0; at < group->action_count; at++)
        if (applies(reader, group->actions[at].row) &&
            slot_text(reader, group->actions[at].slot).size)
            return true;
    return false;
}

static void check_required(struct reader *reader, const struct action *actions, size_t count,
                           const struct holder *holder)
{
    for (size_t at = 0; at < count && !reader->is_silent; at++) {
        const struct row *row = actions[at].row;
        bool is_code = row && row->field == reader->adapters->known.dossier_code;
        if (!row || !row->is_required || !applies(reader, row) ||
            row->field->list != holder->list || is_filled(reader->filling, holder, row->field) ||
            (is_code && reader->is_named))
            continue;
        report_row(reader, &actions[at], RULE_MISSING, NULL, NULL);
    }
}

static bool is_skipped(const struct reader *reader, const struct group *group)
{
    if (group->skip_slot == SLOT_NONE)
        return false;
    const struct condition *skip = &group->rule->skip;
    struct word text = slot_text(reader, group->skip_slot);
    bool is_there = skip->is.text ? text.size == skip->is.size &&
                                        memcmp(text.text, skip->is.text, text.size) == 0
                                  : text.size > 0;
    return is_there != skip->is_absent;
}

/* The row that fills `on`: its conversion is the join's too. */
static const struct row *row_of(const struct group *group, const struct field *field)
{
    for (size_t at = 0; at < group->action_count; at++)
        if (group->actions[at].row->field == field)
            return group->actions[at].row;
    return NULL;
}

static bool same_as(const struct field *field, const struct holder *element,
                    const struct word *text)
{
    const char *own = NULL;
    size_t size = 0;
    return field_text(field, &element->value, &own, &size) && size == text->size &&
           memcmp(own, text->text, size) == 0;
}

/* The element that the node completes. */
static bool joined(struct reader *reader, const struct group *group, struct holder *element)
{
    struct word text = slot_text(reader, group->join_slot);
    if (!text.size)
        return false;
    const struct row *row = row_of(group, group->rule->on);
    struct value value = {.text = text.text, .size = text.size};
    enum rule unused;
    if (row && row->conversion->read(text.text, text.size, reader->arena, &value, &unused) !=
                   CONVERT_VALUE)
        return false;
    text = (struct word){value.text, value.size};
    for (size_t at = 0; fill_element_at(reader->filling, group->list, at, element); at++)
        if (same_as(group->rule->on, element, &text))
            return true;
    return false;
}

static bool set_by_rule(struct reader *reader, const struct group *group, struct holder *element,
                        struct fault *why)
{
    const struct array_rule *rule = NULL;
    for (const struct group *each = group; each && !rule; each = each->parent)
        rule = each->rule && each->rule->set ? each->rule : NULL;
    if (!rule || is_filled(reader->filling, element, rule->set))
        return true;
    struct value value = {.kind = VALUE_TEXT, .text = rule->to[0].text, .size = rule->to[0].size};
    return fill_field(reader->filling, element, rule->set, &value, why);
}

static bool read_element(struct reader *reader, const struct group *group, struct fault *why)
{
    struct holder element;
    if (!has_text(reader, group))
        return true;
    if ((group->join_slot == SLOT_NONE || !joined(reader, group, &element)) &&
        !fill_element(reader->filling, group->list, &element, why))
        return false;
    for (size_t at = 0; at < group->action_count; at++) {
        const struct action *action = &group->actions[at];
        if (applies(reader, action->row) && (!read_row(reader, action, &element, why) ||
                                             !take_default(reader, action->row, &element, why)))
            return false;
    }
    if (!set_by_rule(reader, group, &element, why))
        return false;
    check_required(reader, group->actions, group->action_count, &element);
    return true;
}

static bool read_group(struct reader *reader, const struct group *group, size_t from, size_t until,
                       struct fault *why);

/* Elements of the groups inside, each with this node's rows too; or one of its own. */
static bool read_record_node(struct reader *reader, const struct group *group, size_t from,
                             struct fault *why)
{
    if (is_skipped(reader, group)) {
        pass_over(reader->tree, reader->bases[group->scope]);
        return true;
    }
    size_t until = reader->matches->count;
    size_t before = fill_count(reader->filling, group->list);
    for (const struct group *child = group->children; child; child = child->sibling)
        if (!read_group(reader, child, from, until, why))
            return false;
    return fill_count(reader->filling, group->list) > before || read_element(reader, group, why);
}

/* ---- texts, entries, constants ---- */

static bool read_entry(struct reader *reader, const struct action *action, const char *key,
                       uint32_t node, struct fault *why)
{
    struct node *leaf = &reader->tree->nodes[node];
    struct word text = {leaf->text, leaf->text_size};
    struct value value = {0};
    enum rule rule = RULE_TEXT;
    bool is_new = false;
    if (action->row->conversion->read(text.text, text.size, reader->arena, &value, &rule) !=
        CONVERT_VALUE) {
        report_row(reader, action, rule, &text, NULL);
        return true;
    }
    const struct word kept = {value.text, value.size};
    if (!fill_entry(reader->filling, action->row->field, key, &kept, &is_new, why))
        return false;
    leaf->is_used = leaf->is_used || is_new;
    return true;
}

/* The key is a text of the document too, and is named by the row. */
static bool read_keyed(struct reader *reader, const struct action *action, struct fault *why)
{
    struct word key = slot_text(reader, action->key_slot);
    uint32_t node = slot_node(reader, action->slot);
    if (key.size && !slot_text(reader, action->slot).size)
        reader->tree->nodes[slot_node(reader, action->key_slot)].is_used = true;
    if (!key.size || !slot_text(reader, action->slot).size)
        return true;
    const char *text = arena_text(reader->arena, key.text, key.size);
    if (!text)
        return fault_memory(why);
    if (!read_entry(reader, action, text, node, why))
        return false;
    if (reader->tree->nodes[node].is_used)
        reader->tree->nodes[slot_node(reader, action->key_slot)].is_used = true;
    return true;
}

/* Every leaf below the place, under its path from there. */
static bool read_leaves(struct reader *reader, const struct action *action, struct fault *why)
{
    uint32_t base = slot_node(reader, action->slot);
    if (base == NODE_NONE)
        return true;
    for (uint32_t at = base + 1; at < reader->tree->nodes[base].end; at++) {
        const struct node *leaf = &reader->tree->nodes[at];
        if (!leaf->text_size || leaf->is_ignored)
            continue;
        const char *key = tree_path(reader->tree, at, base, false, reader->arena);
        if (!key)
            return fault_memory(why);
        if (!read_entry(reader, action, key, at, why))
            return false;
    }
    return true;
}

static void name_constant(struct reader *reader, const struct group *group, uint32_t index)
{
    struct node *node = &reader->tree->nodes[index];
    const struct word *own = &group->constant->constant;
    if (applies(reader, group->constant) && node->text_size == own->size &&
        memcmp(node->text, own->text, own->size) == 0)
        node->is_used = true;
}

/* ---- groups ---- */

static bool read_node(struct reader *reader, const struct group *group, uint32_t node,
                      struct fault *why)
{
    if (group->constant) {
        name_constant(reader, group, node);
        return true;
    }
    struct holder event = {.value = *reader->filling->event};
    size_t from = reader->matches->count;
    walk_clear(reader, group->scope);
    reader->bases[group->scope] = node;
    if (!walk(reader, node, group->root, why))
        return false;
    bool is_read = true;
    if (group->list->type == FIELD_RECORDS)
        is_read = read_record_node(reader, group, from, why);
    else if (applies(reader, group->actions[0].row))
        is_read = group->list->type == FIELD_MAP ? read_keyed(reader, group->actions, why)
                                                 : read_row(reader, group->actions, &event, why);
    reader->matches->count = from;
    return is_read;
}

static bool read_group(struct reader *reader, const struct group *group, size_t from, size_t until,
                       struct fault *why)
{
    for (size_t at = from; at < until; at++) {
        struct match match = reader->matches->list[at]; /* the list may move */
        if (match.group == group && !read_node(reader, group, match.node, why))
            return false;
    }
    return true;
}

/* ---- the item ---- */

static bool read_action(struct reader *reader, const struct action *action, size_t until,
                        struct holder *event, struct fault *why)
{
    if (action->group)
        return read_group(reader, action->group, reader->document_from, until, why);
    if (!applies(reader, action->row) || !action->row->has_path)
        return true;
    if (action->takes_leaves)
        return read_leaves(reader, action, why);
    return read_row(reader, action, event, why) &&
           (event->list || !action->row->fallback.text || action->row->field->depth > 1 ||
            take_default(reader, action->row, event, why));
}

bool read_rows(struct reader *reader, struct fault *why)
{
    const struct plan *plan = reader->plan;
    struct holder event = {.value = *reader->filling->event};
    size_t until = reader->matches->count;
    for (size_t at = 0; at < plan->action_count; at++)
        if (!read_action(reader, &plan->actions[at], until, &event, why))
            return false;
    for (size_t at = 0; at < plan->action_count; at++) {
        const struct row *row = plan->actions[at].row;
        if (row && row->field &&
            (!take_default(reader, row, &event, why) || !take_constant(reader, row, &event, why)))
            return false;
    }
    check_required(reader, plan->actions, plan->action_count, &event);
    return true;
}
