/* SPDX-License-Identifier: Apache-2.0 */
/* Code lists of a partner, read once and looked up in both directions. */
#include "adapt/code_list.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/table.h"

ENDS_WITH_SCOPE(struct table *, table_free)

static int compare_text(const char *one, size_t one_size, const char *other, size_t other_size)
{
    size_t size = one_size < other_size ? one_size : other_size;
    int order = size ? memcmp(one, other, size) : 0;
    return order ? order : (one_size > other_size) - (one_size < other_size);
}

static int compare_codes(const void *one, const void *other)
{
    const struct code *first, *second;
    memcpy(&first, one, sizeof first);
    memcpy(&second, other, sizeof second);
    int order = strcmp(first->theirs, second->theirs);
    return order ? order : (first->line > second->line) - (first->line < second->line);
}

static bool copy_row(const struct table_row *row, struct arena *arena, struct code *code)
{
    code->theirs = arena_text(arena, row->cells[0], strlen(row->cells[0]));
    code->ours = arena_text(arena, row->cells[1], strlen(row->cells[1]));
    code->line = (size_t)row->line;
    return code->theirs && code->ours;
}

bool code_list_load(const char *folder, const char *name, struct arena *arena,
                    struct code_list *list, struct fault *why)
{
    struct table table = {0};
    auto_free(table_free) struct table *loaded = &table;
    auto_free(free) char *path = file_join(folder, name, why);
    if (!path || !table_load(path, '\t', 2, &table, why))
        return false;
    list->name = arena_text(arena, name, strlen(name));
    list->codes = arena_take(arena, (table.count + 1) * sizeof *list->codes);
    list->by_theirs = arena_take(arena, (table.count + 1) * sizeof(struct code *));
    if (!list->name || !list->codes || !list->by_theirs)
        return fault_memory(why);
    for (list->count = 0; list->count < table.count; list->count++) {
        struct code *code = &list->codes[list->count];
        if (!copy_row(&loaded->rows[list->count], arena, code))
            return fault_memory(why);
        list->by_theirs[list->count] = code;
    }
    qsort(list->by_theirs, list->count, sizeof(struct code *), compare_codes);
    return true;
}

const char *code_list_read(const struct code_list *list, const char *theirs, size_t size)
{
    size_t from = 0, to = list->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        const char *text = list->by_theirs[middle]->theirs;
        if (compare_text(text, strlen(text), theirs, size) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    if (from == list->count)
        return NULL;
    const struct code *found = list->by_theirs[from];
    bool is_same = compare_text(found->theirs, strlen(found->theirs), theirs, size) == 0;
    return is_same ? found->ours : NULL;
}

const char *code_list_write(const struct code_list *list, const char *ours, size_t size)
{
    for (size_t at = 0; at < list->count; at++) {
        const struct code *code = &list->codes[at];
        if (compare_text(code->ours, strlen(code->ours), ours, size) == 0)
            return code->theirs;
    }
    return NULL;
}
