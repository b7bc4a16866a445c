/* SPDX-License-Identifier: Apache-2.0 */
/* One row of the map on one text of the document: table, conversion, field, or a problem. */
#include "adapt/bench.h"

/* ---- problems at a row's place ---- */

static void place_problem(struct reader *reader, uint32_t node, struct problem *problem)
{
    tree_place(reader->tree, node, &problem->line, &problem->column);
    reader->findings->place = node;
}

static const char *printed_step(const struct step *step)
{
    return step->kind == STEP_LEAVES ? "*" : step->name;
}

/* The path of steps that lead nowhere in this document, below a node that is there. */
static const char *path_of_absent(struct reader *reader, uint32_t base, const struct step *steps,
                                  size_t count)
{
    const char *start = tree_path(reader->tree, base, 0, true, reader->arena);
    size_t room = start ? strlen(start) + 1 : 0;
    for (size_t at = 0; at < count; at++)
        room += steps[at].size + 3;
    char *path = start ? arena_take(reader->arena, room) : NULL;
    if (!path)
        return "/";
    char *end = stpcpy(path, strcmp(start, "/") == 0 ? "" : start);
    for (size_t at = 0; at < count; at++) {
        end = stpcpy(end, steps[at].kind == STEP_ATTRIBUTE ? "/@" : "/");
        end = stpcpy(end, printed_step(&steps[at]));
    }
    return path;
}

/* Goes down the steps as far as the document has them. */
static uint32_t deepest(const struct tree *tree, uint32_t base, const struct step *steps,
                        size_t count, size_t *taken)
{
    for (*taken = 0; *taken < count; ++*taken) {
        uint32_t next = tree_seek(tree, base, &steps[*taken], 1);
        if (next == NODE_NONE)
            break;
        base = next;
    }
    return base;
}

/* What is wrong outside the items is wrong once, not once for each item. */
static void add(struct reader *reader, uint16_t scope, struct problem *problem)
{
    int item = reader->findings->item;
    if (scope == SCOPE_DOCUMENT)
        reader->findings->item = -1;
    findings_add(reader->findings, problem);
    reader->findings->item = item;
}

static void report_absent(struct reader *reader, const struct action *action,
                          struct problem *problem)
{
    const struct path *path = &action->row->path;
    size_t taken = 0, count = path->count - action->skip;
    const struct step *steps = path->steps + action->skip;
    uint32_t base = deepest(reader->tree, reader->bases[action->scope], steps, count, &taken);
    problem->path = path_of_absent(reader, base, steps + taken, count - taken);
    place_problem(reader, base, problem);
    add(reader, action->scope, problem);
}

void report_path(struct reader *reader, uint32_t base, const struct step *steps, size_t count,
                 struct problem *problem)
{
    size_t taken = 0;
    base = deepest(reader->tree, base, steps, count, &taken);
    problem->path = path_of_absent(reader, base, steps + taken, count - taken);
    place_problem(reader, base, problem);
    findings_add(reader->findings, problem);
}

void report_node(struct reader *reader, uint32_t node, struct problem *problem)
{
    problem->path = tree_path(reader->tree, node, 0, true, reader->arena);
    place_problem(reader, node, problem);
    findings_add(reader->findings, problem);
}

static const char *shown(struct reader *reader, const struct field *field, const struct word *value)
{
    if (!value || !value->text || !field)
        return NULL;
    return findings_value(reader->findings, field->personal, value->text, value->size);
}

void report_row(struct reader *reader, const struct action *action, enum rule rule,
                const struct word *value, const char *hint)
{
    const struct row *row = action->row;
    struct problem problem = {.rule = rule,
                              .field = row->field ? row->field->name : NULL,
                              .value = shown(reader, row->field, value),
                              .hint = hint};
    uint32_t node = slot_node(reader, action->slot);
    if (node == NODE_NONE) {
        report_absent(reader, action, &problem);
        return;
    }
    problem.path = tree_path(reader->tree, node, 0, true, reader->arena);
    place_problem(reader, node, &problem);
    add(reader, action->scope, &problem);
}

/* The first row that fills the field. */
static const struct action *action_of(const struct action *actions, size_t count,
                                      const struct field *field)
{
    for (size_t at = 0; at < count; at++)
        if (actions[at].row && actions[at].row->field == field && actions[at].slot != SLOT_NONE)
            return &actions[at];
    return NULL;
}

static const struct action *action_anywhere(const struct plan *plan, const struct field *field)
{
    const struct action *found = action_of(plan->actions, plan->action_count, field);
    for (size_t at = 0; !found && at < plan->group_count; at++)
        found = action_of(plan->groups[at]->actions, plan->groups[at]->action_count, field);
    return found;
}

static const char *shown_text(struct reader *reader, const struct field *field, const char *value)
{
    struct word word = {value, value ? strlen(value) : 0};
    return shown(reader, field, &word);
}

void report_field(struct reader *reader, const struct field *field, enum rule rule,
                  const char *value, const char *hint)
{
    const struct filling *filling = reader->filling;
    const struct action *action = action_anywhere(reader->plan, field);
    bool is_filled_here = filling->set[field->number / 64] >> (field->number % 64) & 1;
    if (is_filled_here && filling->trees[field->number] == reader->tree) {
        struct problem problem = {.rule = rule,
                                  .field = field->name,
                                  .value = shown_text(reader, field, value),
                                  .hint = hint};
        report_node(reader, filling->places[field->number], &problem);
    } else if (action) {
        struct word word = {value, value ? strlen(value) : 0};
        report_row(reader, action, rule, &word, hint);
    } else {
        struct problem problem = {.rule = rule,
                                  .field = field->name,
                                  .value = shown_text(reader, field, value),
                                  .hint = hint};
        report_node(reader, reader->item, &problem);
    }
}

/* ---- a value ---- */

static bool is_absent_text(const struct row *row, const struct word *text)
{
    for (size_t at = 0; at < row->absent_count; at++)
        if (row->absent[at].size == text->size &&
            memcmp(row->absent[at].text, text->text, text->size) == 0)
            return true;
    return false;
}

static bool in_range(const struct field *field, const struct value *value)
{
    return field->type != FIELD_INT || (value->number >= INT32_MIN && value->number <= INT32_MAX);
}

/* What became of a text. */
struct outcome {
    enum convert_result result;
    struct value value;
    enum rule rule;
    const char *hint;
};

static bool is_file(const struct conversion *conversion)
{
    return conversion->file == FILE_BYTES;
}

/* A text that stands for a file that was moved out of the document: its hash or its size. */
static bool take_file(struct reader *reader, const struct row *row, const struct word *text,
                      struct outcome *outcome)
{
    uint8_t sha256[SHA256_SIZE];
    int64_t bytes = 0;
    if (!is_file(row->conversion) || !reader_file(reader, text, sha256, &bytes))
        return false;
    char *hex = arena_take(reader->arena, SHA256_HEX_SIZE);
    outcome->result = hex ? CONVERT_VALUE : CONVERT_ABSENT;
    outcome->value.number = bytes;
    outcome->value.text = hex;
    outcome->value.size = SHA256_HEX_SIZE - 1;
    if (hex)
        digest_hex(sha256, sizeof sha256, hex);
    return true;
}

static struct outcome convert(struct reader *reader, const struct row *row, const struct word *text)
{
    struct outcome outcome = {.result = CONVERT_BAD, .value = {.kind = row->conversion->kind}};
    struct word ours = *text;
    int64_t limit = reader->adapters->limits.text_bytes;
    if (limit > 0 && text->size > (size_t)limit && !is_file(row->conversion)) {
        outcome.rule = RULE_TEXT;
        outcome.hint = "a shorter text";
        return outcome;
    }
    if (take_file(reader, row, text, &outcome))
        return outcome;
    if (row->table) {
        const char *found = code_list_read(row->table, text->text, text->size);
        if (found)
            ours = (struct word){found, strlen(found)};
        outcome.rule = RULE_CODE;
        outcome.hint = row->table->name;
        if (!found && !row->is_open)
            return outcome;
    }
    outcome.hint = row->conversion->name;
    outcome.result =
        row->conversion->read(ours.text, ours.size, reader->arena, &outcome.value, &outcome.rule);
    if (outcome.result == CONVERT_VALUE && !in_range(row->field, &outcome.value)) {
        outcome.result = CONVERT_BAD;
        outcome.rule = RULE_NUMBER;
    }
    return outcome;
}

/* Whether writing the row would put just this text into the place, from what the field holds. */
static bool writes_same(struct reader *reader, const struct row *row, const struct holder *holder,
                        const struct word *text)
{
    struct value value = {.kind = row->conversion->kind};
    const char *written = NULL;
    size_t size = 0;
    if (!row->writes || !row->conversion->write || !fill_look(row->field, &holder->value, &value) ||
        !row->conversion->write(row->option, &value, reader->arena, &written, &size))
        return false;
    const char *theirs = row->table ? code_list_write(row->table, written, size) : NULL;
    if (theirs)
        written = theirs, size = strlen(theirs);
    return size == text->size && memcmp(written, text->text, size) == 0;
}

static void use(struct reader *reader, uint32_t node)
{
    if (node != NODE_NONE)
        reader->tree->nodes[node].is_used = true;
}

static bool set_field(struct reader *reader, const struct row *row, struct holder *holder,
                      const struct value *value, uint32_t node, struct fault *why)
{
    struct filling *filling = reader->filling;
    if (!fill_field(filling, holder, row->field, value, why))
        return false;
    if (!holder->list) {
        filling->places[row->field->number] = node;
        filling->trees[row->field->number] = node == NODE_NONE ? NULL : reader->tree;
    }
    return true;
}

/* Whether a file is not the one whose hash has been told elsewhere. */
static bool is_other_file(const struct row *row, const struct holder *holder,
                          const struct value *value)
{
    struct value told = {0};
    return is_file(row->conversion) && value->kind == VALUE_TEXT &&
           fill_look(row->field, &holder->value, &told) &&
           (told.size != value->size || memcmp(told.text, value->text, told.size) != 0);
}

/* A good value: into the field, unless it has one. */
static bool take_value(struct reader *reader, const struct action *action, struct holder *holder,
                       const struct value *value, const struct word *text, struct fault *why)
{
    const struct row *row = action->row;
    uint32_t node = slot_node(reader, action->slot);
    bool keeps_text = row->conversion->takes_part;
    if (row->field->type == FIELD_TEXTS) {
        if (!fill_text(reader->filling, row->field, value->text, value->size, why))
            return false;
    } else if (is_filled(reader->filling, holder, row->field)) {
        keeps_text =
            !is_file(row->conversion) && (keeps_text || !writes_same(reader, row, holder, text));
        if (is_other_file(row, holder, value))
            report_row(reader, action, RULE_HASH, text, "the file that the hash is of");
    } else if (!set_field(reader, row, holder, value, node, why)) {
        return false;
    }
    if (!keeps_text)
        use(reader, node);
    return !value->tag || fill_tag(reader->filling, reader->adapters->known.tags, value->tag, why);
}

static bool take_text(struct reader *reader, const struct action *action, struct holder *holder,
                      const struct word *text, struct fault *why)
{
    const struct row *row = action->row;
    uint32_t node = slot_node(reader, action->slot);
    struct outcome outcome = convert(reader, row, text);
    if (outcome.result == CONVERT_VALUE)
        return take_value(reader, action, holder, &outcome.value, text, why);
    if (outcome.result == CONVERT_ABSENT) {
        if (!row->conversion->takes_part)
            use(reader, node);
        return true;
    }
    if (outcome.rule == RULE_TIME && !row->is_required)
        return fill_tag(reader->filling, reader->adapters->known.tags, "time-unreadable", why);
    use(reader, node);
    report_row(reader, action, outcome.rule, text, outcome.hint);
    return true;
}

bool read_own_text(struct reader *reader, const struct row *row, struct holder *holder,
                   const struct word *text, struct fault *why)
{
    struct outcome outcome = convert(reader, row, text);
    if (outcome.result != CONVERT_VALUE || is_filled(reader->filling, holder, row->field))
        return true;
    return set_field(reader, row, holder, &outcome.value, NODE_NONE, why);
}

bool read_row(struct reader *reader, const struct action *action, struct holder *holder,
              struct fault *why)
{
    uint32_t node = slot_node(reader, action->slot);
    struct word text = slot_text(reader, action->slot);
    if (reader->extra_prefix && action->row->is_own_format)
        return true; /* what is carried came in no format of its own */
    if (text.size && is_absent_text(action->row, &text)) {
        use(reader, node);
        text.size = 0;
    }
    return !text.size || take_text(reader, action, holder, &text, why);
}
