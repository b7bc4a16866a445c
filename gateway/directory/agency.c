/* SPDX-License-Identifier: Apache-2.0 */
/* agencies.csv in memory: every code and alias with its times, sorted, so that a lookup is one
 * binary search and a code can be used again for another unit. */
#include "directory/agency.h"

#include "base/agency_code.h"
#include "base/cleanup.h"
#include "base/moment.h"
#include "base/number.h"
#include "base/table.h"

#include <stdbool.h>

enum column { CODE, ALIASES, NAME, LEVEL, PARENT, VALID_FROM, VALID_TO, SUCCESSOR, COLUMN_COUNT };
enum { PARENT_LIMIT = 16 };

static const char *const column_names[COLUMN_COUNT] = {
    "code", "alias_codes", "name", "level", "parent", "valid_from", "valid_to", "successor",
};

static const char *const level_names[] = {
    [LEVEL_COMMUNE] = "COMMUNE",   [LEVEL_DISTRICT] = "DISTRICT", [LEVEL_PROVINCE] = "PROVINCE",
    [LEVEL_MINISTRY] = "MINISTRY", [LEVEL_VERTICAL] = "VERTICAL",
};
enum { LEVEL_COUNT = sizeof level_names / sizeof *level_names };

/* One code of one agency, its own or an alias. */
struct name {
    const char *code;
    const struct agency *agency;
    int line;
};

struct agencies {
    const char *path; /* for faults, while loading */
    struct table table;
    struct agency *rows;
    size_t count;
    struct name *names; /* by code, then by valid_from */
    size_t name_count;
};

void agencies_free(struct agencies *agencies)
{
    if (!agencies)
        return;
    free(agencies->names);
    free(agencies->rows);
    table_free(&agencies->table);
    free(agencies);
}

ENDS_WITH_SCOPE(struct agencies *, agencies_free)

size_t agencies_count(const struct agencies *agencies)
{
    return agencies->count;
}

const struct agency *agencies_at(const struct agencies *agencies, size_t index)
{
    return &agencies->rows[index];
}

/* --- reading rows --- */

static bool refuse(const struct agencies *agencies, int line, struct fault *why, const char *what,
                   const char *text)
{
    return fault_set(why, FAULT_REFUSE, "%s:%d: %s %s", agencies->path, line, what, text);
}

static const char *or_null(const char *cell)
{
    return *cell == '\0' ? NULL : cell;
}

static bool read_level(const char *cell, enum agency_level *level)
{
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        if (strcmp(cell, level_names[i]) == 0) {
            *level = (enum agency_level)i;
            return true;
        }
    }
    return false;
}

static bool read_day(const char *cell, int32_t *day)
{
    int64_t number;
    if (number_read(cell, strlen(cell), 0, DAY_OPEN_END, &number) != NUMBER_GOOD ||
        !moment_day_exists((int32_t)number))
        return false;
    *day = (int32_t)number;
    return true;
}

static bool read_times(const struct agencies *agencies, const struct table_row *row,
                       struct agency *agency, struct fault *why)
{
    const char *from = row->cells[VALID_FROM], *to = row->cells[VALID_TO];
    if (!read_day(from, &agency->valid_from))
        return refuse(agencies, row->line, why, "no such day:", from);
    agency->valid_to = DAY_OPEN_END;
    if (*to != '\0' && !read_day(to, &agency->valid_to))
        return refuse(agencies, row->line, why, "no such day:", to);
    if (agency->valid_to < agency->valid_from)
        return refuse(agencies, row->line, why, "ends before it begins:", row->cells[CODE]);
    if (agency->valid_to == DAY_OPEN_END && agency->successor)
        return refuse(agencies, row->line, why,
                      "has a successor but no last day:", row->cells[CODE]);
    return true;
}

static bool read_agency(const struct agencies *agencies, const struct table_row *row,
                        struct agency *agency, struct fault *why)
{
    char *const *cells = row->cells;
    *agency = (struct agency){
        .code = cells[CODE],
        .name = cells[NAME],
        .parent = or_null(cells[PARENT]),
        .successor = or_null(cells[SUCCESSOR]),
    };
    if (*agency->name == '\0')
        return refuse(agencies, row->line, why, "has no name:", cells[CODE]);
    if (!read_level(cells[LEVEL], &agency->level))
        return refuse(agencies, row->line, why, "unknown level", cells[LEVEL]);
    return read_times(agencies, row, agency, why);
}

static bool check_header(const struct agencies *agencies, struct fault *why)
{
    if (agencies->table.count == 0)
        return fault_set(why, FAULT_REFUSE, "%s: has no rows", agencies->path);
    const struct table_row *header = &agencies->table.rows[0];
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        if (strcmp(header->cells[i], column_names[i]) != 0)
            return refuse(agencies, header->line, why, "the header should say", column_names[i]);
    return true;
}

static bool read_rows(struct agencies *agencies, struct fault *why)
{
    if (!check_header(agencies, why))
        return false;
    agencies->count = agencies->table.count - 1;
    agencies->rows = calloc(agencies->count + 1, sizeof *agencies->rows);
    if (!agencies->rows)
        return fault_memory(why);
    for (size_t i = 0; i < agencies->count; i++)
        if (!read_agency(agencies, &agencies->table.rows[i + 1], &agencies->rows[i], why))
            return false;
    return true;
}

/* --- the index --- */

static int line_of(const struct agencies *agencies, const struct agency *agency)
{
    return agencies->table.rows[agency - agencies->rows + 1].line;
}

static size_t count_names(const struct agencies *agencies)
{
    size_t count = agencies->count;
    for (size_t i = 0; i < agencies->count; i++)
        for (const char *at = agencies->table.rows[i + 1].cells[ALIASES]; *at != '\0'; at++)
            count += *at == ';' ? 1 : 0;
    return count + agencies->count; /* one alias more than separators */
}

static bool add_name(struct agencies *agencies, const char *code, const struct agency *agency,
                     struct fault *why)
{
    int line = line_of(agencies, agency);
    if (!agency_code_is_valid(code, strlen(code)))
        return refuse(agencies, line, why, "malformed code", code);
    agencies->names[agencies->name_count++] = (struct name){code, agency, line};
    return true;
}

static bool add_names(struct agencies *agencies, size_t index, struct fault *why)
{
    const struct agency *agency = &agencies->rows[index];
    if (!add_name(agencies, agency->code, agency, why))
        return false;
    char *next = agencies->table.rows[index + 1].cells[ALIASES];
    while (next && *next != '\0') {
        const char *alias = strsep(&next, ";");
        if (!add_name(agencies, alias, agency, why))
            return false;
    }
    return true;
}

static int compare_names(const void *left, const void *right)
{
    const struct name *one = left, *other = right;
    int by_code = strcmp(one->code, other->code);
    if (by_code != 0)
        return by_code;
    return (one->agency->valid_from > other->agency->valid_from) -
           (one->agency->valid_from < other->agency->valid_from);
}

static bool check_overlaps(const struct agencies *agencies, struct fault *why)
{
    for (size_t i = 1; i < agencies->name_count; i++) {
        const struct name *before = &agencies->names[i - 1], *name = &agencies->names[i];
        if (strcmp(before->code, name->code) == 0 &&
            name->agency->valid_from <= before->agency->valid_to)
            return fault_set(why, FAULT_REFUSE, "%s:%d: %s is used at the same time in line %d",
                             agencies->path, name->line, name->code, before->line);
    }
    return true;
}

static bool build_index(struct agencies *agencies, struct fault *why)
{
    agencies->names = calloc(count_names(agencies) + 1, sizeof *agencies->names);
    if (!agencies->names)
        return fault_memory(why);
    for (size_t i = 0; i < agencies->count; i++)
        if (!add_names(agencies, i, why))
            return false;
    qsort(agencies->names, agencies->name_count, sizeof *agencies->names, compare_names);
    return check_overlaps(agencies, why);
}

/* The first of the code's rows; `*count` says how many there are. */
static const struct name *rows_of(const struct agencies *agencies, const char *code, size_t *count)
{
    size_t low = 0, high = agencies->name_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(agencies->names[middle].code, code) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < agencies->name_count && strcmp(agencies->names[end].code, code) == 0)
        end++;
    *count = end - low;
    return &agencies->names[low];
}

const struct agency *agencies_named(const struct agencies *agencies, const char *code, int32_t day)
{
    size_t count;
    const struct name *names = rows_of(agencies, code, &count);
    const struct agency *latest = NULL;
    for (size_t i = 0; i < count && names[i].agency->valid_from <= day; i++)
        latest = names[i].agency;
    return latest;
}

const struct agency *agencies_find(const struct agencies *agencies, const char *code, int32_t day)
{
    const struct agency *named = agencies_named(agencies, code, day);
    return named && day <= named->valid_to ? named : NULL;
}

const struct agency *agencies_parent(const struct agencies *agencies, const struct agency *agency,
                                     int32_t day)
{
    return agency->parent ? agencies_find(agencies, agency->parent, day) : NULL;
}

/* --- what one row says of others --- */

static bool check_parent(const struct agencies *agencies, const struct agency *agency,
                         struct fault *why)
{
    int line = line_of(agencies, agency);
    if (agency->parent && (!agencies_find(agencies, agency->parent, agency->valid_from) ||
                           !agencies_find(agencies, agency->parent, agency->valid_to)))
        return refuse(agencies, line, why, "not there on its first or last day: parent",
                      agency->parent);
    /* Those of a circle are all valid on the day when the last of them begins. */
    const struct agency *above = agency;
    for (int steps = 0; above; steps++) {
        if (steps > PARENT_LIMIT)
            return refuse(agencies, line, why, "a circle, or too many, of parents above",
                          agency->code);
        above = agencies_parent(agencies, above, agency->valid_from);
    }
    return true;
}

/* Each step leads to a row that ends later, so successors can be followed without counting. */
static const struct agency *next_after(const struct agencies *agencies, const struct agency *agency,
                                       int32_t day)
{
    size_t count;
    const struct name *names = rows_of(agencies, agency->successor, &count);
    const struct agency *next = NULL;
    for (size_t i = 0; i < count && names[i].agency->valid_from <= day; i++)
        if (names[i].agency->valid_to > agency->valid_to)
            next = names[i].agency;
    return next;
}

static bool check_successor(const struct agencies *agencies, const struct agency *agency,
                            struct fault *why)
{
    if (!agency->successor)
        return true;
    int line = line_of(agencies, agency);
    size_t count;
    (void)rows_of(agencies, agency->successor, &count);
    if (count == 0)
        return refuse(agencies, line, why, "unknown successor", agency->successor);
    if (!next_after(agencies, agency, DAY_OPEN_END))
        return refuse(agencies, line, why, "ends no later, or is part of a circle: successor",
                      agency->successor);
    return true;
}

static bool check_rows(const struct agencies *agencies, struct fault *why)
{
    for (size_t i = 0; i < agencies->count; i++)
        if (!check_parent(agencies, &agencies->rows[i], why) ||
            !check_successor(agencies, &agencies->rows[i], why))
            return false;
    return true;
}

struct agencies *agencies_load(const char *path, struct fault *why)
{
    auto_free(agencies_free) struct agencies *agencies = calloc(1, sizeof *agencies);
    if (!agencies) {
        fault_memory(why);
        return NULL;
    }
    agencies->path = path;
    if (!table_load(path, ',', COLUMN_COUNT, &agencies->table, why) || !read_rows(agencies, why) ||
        !build_index(agencies, why) || !check_rows(agencies, why))
        return NULL;
    agencies->path = NULL; /* it is the caller's */
    return steal(agencies);
}

/* --- who is below --- */

/* By the index of each row. */
static bool is_marked(const struct agencies *agencies, const bool *marks, const char *code)
{
    size_t count = 0;
    const struct name *names = code ? rows_of(agencies, code, &count) : NULL;
    for (size_t i = 0; i < count; i++)
        if (marks[names[i].agency - agencies->rows])
            return true;
    return false;
}

static void mark_named(const struct agencies *agencies, bool *marks, const char *code)
{
    size_t count;
    const struct name *names = rows_of(agencies, code, &count);
    for (size_t i = 0; i < count; i++)
        marks[names[i].agency - agencies->rows] = true;
}

/* Again as long as it leads to others: there are few levels. */
static void mark_below(const struct agencies *agencies, bool *marks)
{
    for (bool is_new = true; is_new;) {
        is_new = false;
        for (size_t i = 0; i < agencies->count; i++) {
            const struct agency *agency = &agencies->rows[i];
            if (!marks[i] && (is_marked(agencies, marks, agency->parent) ||
                              is_marked(agencies, marks, agency->successor)))
                is_new = marks[i] = true;
        }
    }
}

bool agencies_each_below(const struct agencies *agencies, const char *const *codes, size_t count,
                         bool (*each)(void *own, const char *code, struct fault *why), void *own,
                         struct fault *why)
{
    auto_free(free) bool *marks = calloc(agencies->count + 1, sizeof *marks);
    const char *last = "";
    if (!marks)
        return fault_memory(why);
    for (size_t i = 0; i < count; i++)
        mark_named(agencies, marks, codes[i]);
    mark_below(agencies, marks);
    for (size_t i = 0; i < agencies->name_count; i++) {
        const struct name *name = &agencies->names[i];
        if (!marks[name->agency - agencies->rows] || strcmp(name->code, last) == 0)
            continue;
        last = name->code;
        if (!each(own, name->code, why))
            return false;
    }
    return true;
}

/* --- who answers --- */

static const struct agency *refuse_code(const char *code, const char *what, struct fault *why)
{
    fault_set(why, FAULT_REFUSE, "agency %.*s %s", AGENCY_CODE_LIMIT, code, what);
    return NULL;
}

const struct agency *agencies_resolve(const struct agencies *agencies, const char *code,
                                      int32_t day, bool *succeeded, struct fault *why)
{
    if (!agency_code_is_valid(code, strlen(code))) {
        fault_set(why, FAULT_REFUSE, "not an agency code"); /* could be any text: not repeated */
        return NULL;
    }
    const struct agency *named = agencies_named(agencies, code, day);
    if (!named) {
        size_t count;
        (void)rows_of(agencies, code, &count);
        return refuse_code(code, count == 0 ? "is unknown" : "is not yet valid", why);
    }
    const struct agency *agency = named;
    while (agency->valid_to < day) {
        if (!agency->successor)
            return refuse_code(code, "is closed and has no successor", why);
        const struct agency *next = next_after(agencies, agency, day);
        if (!next)
            return refuse_code(code, "is closed and its successor not yet valid", why);
        agency = next;
    }
    *succeeded = agency != named;
    return agency;
}
