/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays of records into repeated nodes.  Groups may lie in groups: elements in a row that agree in
 * what the outer node says share it.
 */
#include "adapt/writer.h"

enum { DEPTH_LIMIT = 8 };

/* Where an array's elements go next. */
struct position {
    const struct writer *writer;
    const struct group *path[DEPTH_LIMIT]; /* groups from the outermost to the innermost */
    size_t depth;
    uint32_t ordinals[DEPTH_LIMIT]; /* of the nodes that the next element makes or shares */
    bool has_last;
    avro_value_t last; /* the element before */
};

static bool is_own(const struct group *group, const struct action *action,
                   const struct writer *writer)
{
    return action->scope == group->scope && action->row->writes &&
           (action->row->types & writer->type) &&
           !(action->row->is_foreign && writer->is_own_format);
}

static bool same_words(const struct word *one, const struct word *other)
{
    return one->size == other->size &&
           (!one->size || memcmp(one->text, other->text, one->size) == 0);
}

/* Whether two elements say the same at a level. */
static bool agree(const struct writer *writer, const struct group *group, const avro_value_t *one,
                  const avro_value_t *other)
{
    for (size_t at = 0; at < group->action_count; at++) {
        const struct action *action = &group->actions[at];
        if (!is_own(group, action, writer))
            continue;
        struct word first = row_text(writer, action->row, one);
        struct word second = row_text(writer, action->row, other);
        if (!same_words(&first, &second))
            return false;
    }
    return true;
}

static bool has_word(const struct word *words, size_t count, const struct word *word)
{
    for (size_t at = 0; at < count; at++)
        if (same_words(word, &words[at]))
            return true;
    return false;
}

const struct array_rule *rule_for(const struct message *message, const struct field *list,
                                  const struct word *value, bool is_own_format)
{
    const struct array_rule *found = NULL;
    for (size_t at = 0; at < message->array_count; at++) {
        const struct array_rule *rule = &message->arrays[at];
        if (rule->list != list || !rule->set)
            continue;
        if (!is_own_format && has_word(rule->also, rule->also_count, value))
            return rule;
        if (!found && has_word(rule->to, rule->to_count, value))
            found = rule;
    }
    return found;
}

static bool belongs(const struct writer *writer, const struct group *group,
                    const avro_value_t *element)
{
    const struct array_rule *rule = NULL;
    const struct field *list = group->list;
    struct word own = {0};
    for (; group && !rule; group = group->parent)
        rule = group->rule && group->rule->set ? group->rule : NULL;
    if (!rule)
        return true;
    return field_text(rule->set, element, &own.text, &own.size) &&
           rule_for(writer->message, list, &own, writer->is_own_format) == rule;
}

/* The node of a level, below the node of the level above it. */
static struct out *level_place(const struct position *position, struct out *from, size_t level)
{
    const struct group *group = position->path[level];
    size_t skip = level ? position->path[level - 1]->steps : 0;
    return place_at(position->writer, from, group->path->steps + skip, group->steps - skip,
                    position->ordinals[level]);
}

/* A field has one first place: that of its first row in the first groups that have it. */
static enum out_source source_of(const struct writer *writer, const struct group *group,
                                 const struct row *row)
{
    if (is_written(writer, row->field))
        return OUT_AGAIN;
    for (size_t at = 0; at < group->action_count; at++) {
        const struct action *action = &group->actions[at];
        if (is_own(group, action, writer) && action->row->field == row->field)
            return action->row == row ? OUT_FIELD : OUT_AGAIN;
    }
    return OUT_FIELD;
}

static void note_group(const struct writer *writer, const struct group *group)
{
    for (size_t at = 0; at < group->action_count; at++)
        if (is_own(group, &group->actions[at], writer))
            note_written(writer, group->actions[at].row->field);
}

static bool put_rows(const struct position *position, const struct group *group, struct out *place,
                     const avro_value_t *element, bool only_always)
{
    const struct writer *writer = position->writer;
    for (size_t at = 0; at < group->action_count; at++) {
        const struct action *action = &group->actions[at];
        const struct row *row = action->row;
        if (!is_own(group, action, writer) || (only_always && !row->is_always))
            continue;
        struct word text = row_text(writer, row, element);
        if (!text.size && !only_always)
            continue;
        struct out *at_row = place_at(writer, place, row->path.steps + action->skip,
                                      row->path.count - action->skip, 0);
        if (!at_row)
            return false;
        place_put(at_row, text.size ? source_of(writer, group, row) : OUT_EMPTY, &text, row);
    }
    return true;
}

/* Whether a level has anything to say of an element. */
static bool says(const struct writer *writer, const struct group *group,
                 const avro_value_t *element)
{
    for (size_t at = 0; at < group->action_count; at++)
        if (is_own(group, &group->actions[at], writer) &&
            row_text(writer, group->actions[at].row, element).size)
            return true;
    return false;
}

/* Moves on to the nodes of the next element: a new one from the first level that differs. */
static void advance(struct position *position, const avro_value_t *element)
{
    size_t level = 0;
    if (!position->has_last)
        return;
    while (level + 1 < position->depth &&
           agree(position->writer, position->path[level], &position->last, element))
        level++;
    position->ordinals[level]++;
    for (size_t below = level + 1; below < position->depth; below++)
        position->ordinals[below] = 0;
}

static bool write_element(struct position *position, const avro_value_t *element, struct fault *why)
{
    bool is_said = false;
    for (size_t level = 0; level < position->depth; level++)
        is_said = is_said || says(position->writer, position->path[level], element);
    if (!is_said)
        return true;
    advance(position, element);
    position->last = *element;
    position->has_last = true;
    struct out *place = place_from(position->writer, position->path[0]->path);
    for (size_t level = 0; level < position->depth; level++) {
        const struct group *group = position->path[level];
        if (level && !says(position->writer, group, element))
            return true; /* an outer node without any inner one */
        place = level_place(position, place, level);
        if (!place || !put_rows(position, group, place, element, false) ||
            !put_rows(position, group, place, element, true))
            return fault_memory(why);
    }
    return true;
}

/* The elements that belong to the innermost group of the position. */
static bool write_innermost(struct position *position, struct fault *why)
{
    const struct group *innermost = position->path[position->depth - 1];
    avro_value_t list, element;
    size_t count = 0;
    if (!field_look(innermost->list, position->writer->event, &list) ||
        avro_value_get_size(&list, &count) != 0)
        return true;
    for (size_t at = 0; at < count; at++) {
        if (avro_value_get_by_index(&list, at, &element, NULL) != 0)
            return fault_set(why, FAULT_BROKEN, "%s: an element is missing", innermost->list->name);
        if (belongs(position->writer, innermost, &element) &&
            !write_element(position, &element, why))
            return false;
    }
    return true;
}

static bool write_level(struct position *position, const struct group *group, struct fault *why)
{
    if (position->depth == DEPTH_LIMIT)
        return fault_set(why, FAULT_BROKEN, "repetitions are nested too deep");
    position->path[position->depth++] = group;
    bool is_written = group->children || write_innermost(position, why);
    for (const struct group *child = group->children; child && is_written; child = child->sibling)
        is_written = write_level(position, child, why);
    position->depth--;
    return is_written;
}

static void note_groups(const struct writer *writer, const struct group *group)
{
    note_group(writer, group);
    for (const struct group *child = group->children; child; child = child->sibling)
        note_groups(writer, child);
}

bool write_records(const struct writer *writer, const struct group *group, struct fault *why)
{
    struct position position = {.writer = writer};
    bool is_whole = write_level(&position, group, why);
    note_groups(writer, group);
    return is_whole;
}
