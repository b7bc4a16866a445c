/* SPDX-License-Identifier: Apache-2.0 */
/* One row of a map: every name in it resolved, every contradiction refused. */
#include "adapt/compile.h"

#include "base/cleanup.h"

/* Whether a conversion's value can stand in the field. */
static bool fits_field(const struct conversion *conversion, enum field_type type)
{
    switch (type) {
    case FIELD_TEXT:
    case FIELD_TEXTS:
    case FIELD_MAP:
        return conversion->kind == VALUE_TEXT;
    case FIELD_INT:
    case FIELD_LONG:
        return conversion->kind == VALUE_NUMBER;
    case FIELD_BOOLEAN:
        return conversion->kind == VALUE_TRUTH;
    case FIELD_ENUM:
    case FIELD_RECORDS:
        return false;
    }
    return false;
}

/* Files are looked at together with the other members of their document. */
static bool fits_file(const struct compiler *compiler, const struct row *row)
{
    const struct known_fields *known = &compiler->adapters->known;
    if (row->conversion->file == FILE_ADDRESS)
        return row->field == known->document_uri;
    return row->conversion->file != FILE_BYTES || !row->conversion->write ||
           row->field == known->document_sha256;
}

static bool take_conversion(const struct compiler *compiler, const struct draft_row *draft,
                            struct row *row, struct fault *why)
{
    row->conversion = conversion_find(draft->convert ? draft->convert : "text");
    if (!row->conversion)
        return compile_refuse(compiler, "convert", why, "no conversion is called %s",
                              draft->convert);
    if (!row->conversion->prepare(draft->form, &row->option))
        return compile_refuse(compiler, draft->form ? "form" : "", why, "%s has no such form",
                              row->conversion->name);
    if (row->field && (!fits_field(row->conversion, row->field->type) || !fits_file(compiler, row)))
        return compile_refuse(compiler, "", why, "%s cannot fill %s", row->conversion->name,
                              row->field->name);
    return true;
}

static bool take_table(struct compiler *compiler, const struct draft_row *draft, struct row *row,
                       struct fault *why)
{
    struct adapter *adapter = compiler->adapter;
    row->is_open = draft->open;
    if (!draft->table)
        return !draft->open || compile_refuse(compiler, "open", why, "open needs a table");
    for (size_t at = 0; at < adapter->list_count && !row->table; at++)
        if (strcmp(adapter->lists[at].name, draft->table) == 0)
            row->table = &adapter->lists[at];
    if (row->table)
        return true;
    struct code_list *list = &adapter->lists[adapter->list_count];
    if (!code_list_load(adapter->folder, draft->table, &adapter->arena, list, why))
        return false;
    adapter->list_count++;
    row->table = list;
    return true;
}

/* How many parts a template has at most: one more than twice its braces. */
static size_t parts_of(const char *text)
{
    size_t count = 1;
    for (; *text; text++)
        count += *text == '{' ? 2 : 0;
    return count;
}

/* The field named between braces at `text`; sets `end` after it. */
static bool take_template_field(const struct compiler *compiler, const char *text, const char **end,
                                struct template_part *part, struct fault *why)
{
    const char *close = strchr(text, '}');
    if (!close)
        return compile_refuse(compiler, "template", why, "a brace is not closed");
    auto_free(free) char *name = strndup(text + 1, (size_t)(close - text - 1));
    if (!name)
        return fault_memory(why);
    *end = close + 1;
    if (!compile_field(compiler, "template", name, &part->field, why))
        return false;
    if (part->field->list || part->field->type >= FIELD_TEXTS)
        return compile_refuse(compiler, "template", why, "%s is not one value", name);
    return true;
}

static bool take_template(struct compiler *compiler, const char *text, struct row *row,
                          struct fault *why)
{
    row->template = compile_take(compiler, parts_of(text), sizeof *row->template, why);
    if (!row->template)
        return false;
    while (*text) {
        struct template_part *part = &row->template[row->template_count++];
        if (*text == '{') {
            if (!take_template_field(compiler, text, &text, part, why))
                return false;
            continue;
        }
        part->text = (struct word){text, strcspn(text, "{")};
        text += part->text.size;
    }
    return true;
}

static bool take_absent(struct compiler *compiler, const struct draft_row *draft, struct row *row,
                        struct fault *why)
{
    row->absent_count = draft->absent_count;
    row->absent = compile_take(compiler, draft->absent_count, sizeof *row->absent, why);
    for (size_t at = 0; row->absent && at < draft->absent_count; at++)
        row->absent[at] = word_of(draft->absent[at]);
    return row->absent != NULL;
}

static bool take_places(struct compiler *compiler, const struct draft_row *draft, struct row *row,
                        struct fault *why)
{
    if (draft->field && !compile_field(compiler, "field", draft->field, &row->field, why))
        return false;
    if (draft->path && !compile_path(compiler, "path", draft->path, &row->path, why))
        return false;
    if (draft->key && !compile_path(compiler, "key", draft->key, &row->key, why))
        return false;
    row->has_path = draft->path != NULL;
    row->has_key = draft->key != NULL;
    for (size_t at = 0; at < row->path.count; at++)
        if (row->path.steps[at].which == WHICH_ONE && row->path.steps[at].ordinal > 0)
            return compile_refuse(compiler, "path", why, "only [0] and [] can be named");
    return true;
}

/* What a row with a path alone can be. */
static bool check_place(const struct compiler *compiler, const struct draft_row *draft,
                        struct fault *why)
{
    int ways = (draft->constant != NULL) + (draft->template != NULL) + (draft->given != NULL) +
               draft->ignore + draft->content;
    if (!draft->path)
        return compile_refuse(compiler, "", why, "a row needs a field or a path");
    if (ways != 1)
        return compile_refuse(compiler, "", why,
                              "a path alone is for one of constant, template, given and ignore");
    if (draft->given && strstr(draft->path, "[]"))
        return compile_refuse(compiler, "given", why, "given is not for repetitions");
    return true;
}

static bool check_map(const struct compiler *compiler, const struct row *row, struct fault *why)
{
    const struct path *path = &row->path;
    bool has_leaves = path->count && path->steps[path->count - 1].kind == STEP_LEAVES;
    bool is_extra =
        row->field->type == FIELD_MAP && strcmp(row->field->name, "source_extra{}") == 0;
    if (row->field->type != FIELD_MAP && (has_leaves || row->has_key))
        return compile_refuse(compiler, "", why, "key and * are for maps");
    if (row->field->type == FIELD_MAP && !is_extra && has_leaves == row->has_key)
        return compile_refuse(compiler, "", why,
                              "a map needs either a key or a path that ends in *");
    if (row->has_key && !path_each(path))
        return compile_refuse(compiler, "path", why, "with a key, the path needs a repetition: []");
    if (has_leaves && path_each(path))
        return compile_refuse(compiler, "path", why, "* is not for repetitions");
    return true;
}

static bool check_field(const struct compiler *compiler, const struct draft_row *draft,
                        const struct row *row, struct fault *why)
{
    if (draft->template || draft->ignore || draft->given)
        return compile_refuse(compiler, "", why, "template, given and ignore are for a path alone");
    if (draft->constant && draft->path)
        return compile_refuse(compiler, "constant", why, "a constant is for a field or for a path");
    if (!draft->constant && !draft->path)
        return compile_refuse(compiler, "", why, "the row needs a path or a constant");
    if (draft->constant && row->field->type >= FIELD_ENUM)
        return compile_refuse(compiler, "constant", why, "%s is not one value", row->field->name);
    if (row->field->list && draft->path && !path_each(&row->path))
        return compile_refuse(compiler, "path", why, "%s needs a repetition: []", row->field->name);
    return check_map(compiler, row, why);
}

bool compile_row(struct compiler *compiler, const struct draft_row *draft, struct row *row,
                 struct fault *why)
{
    if (!take_places(compiler, draft, row, why) ||
        !compile_types(compiler, "for", draft->types, draft->types_count, &row->types, why) ||
        !take_conversion(compiler, draft, row, why) || !take_table(compiler, draft, row, why) ||
        !take_absent(compiler, draft, row, why))
        return false;
    if (row->field ? !check_field(compiler, draft, row, why) : !check_place(compiler, draft, why))
        return false;
    if (draft->template && !take_template(compiler, draft->template, row, why))
        return false;
    row->is_required = draft->required;
    row->is_always = draft->always;
    row->is_ignored = draft->ignore;
    row->is_foreign = draft->foreign;
    row->is_content = draft->content;
    row->reads = draft->only != ONLY_WRITE;
    row->writes = draft->only != ONLY_READ && !draft->ignore;
    row->is_own_format = row->field && strcmp(row->field->name, "source.native_status") == 0;
    row->fallback = word_of(draft->fallback);
    row->constant = word_of(draft->constant);
    row->given = draft->given;
    row->as = draft->as;
    row->max = draft->max;
    return true;
}
