/* SPDX-License-Identifier: Apache-2.0 */
/* Files of cells, read in place: a cell is a piece of the file's text, ended by a NUL. */
#include "base/table.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/opening.h"
#include "base/utf8.h"

enum { FILE_LIMIT = 16 << 20 };

struct scan {
    const char *path;
    char separator;
    size_t columns;
    char *next; /* in the text, which a NUL ends */
    const char *line_start;
    int line;
};

struct piece {
    char *from, *end;
    bool is_last; /* of its line */
};

static bool refuse(const struct scan *scan, const char *at, const char *what, struct fault *why)
{
    return fault_set(why, FAULT_REFUSE, "%s:%d:%td: %s", scan->path, scan->line,
                     at - scan->line_start + 1, what);
}

static bool ends_line(char character)
{
    return character == '\n' || character == '\0';
}

static bool is_blank(const struct scan *scan, char character)
{
    return character == ' ' || character == '\r' || (character == '\t' && scan->separator != '\t');
}

static void skip_blanks(struct scan *scan)
{
    while (is_blank(scan, *scan->next))
        scan->next++;
}

/* Over one character, which may end a line, but not over the text's end. */
static void pass(struct scan *scan)
{
    char passed = *scan->next;
    if (passed != '\0')
        scan->next++;
    if (passed == '\n') {
        scan->line++;
        scan->line_start = scan->next;
    }
}

/* Comes to a line with cells; false at the end. */
static bool find_row(struct scan *scan)
{
    for (; *scan->next != '\0'; pass(scan)) {
        const char *first = scan->next;
        while (is_blank(scan, *first))
            first++;
        if (!ends_line(*first) && *scan->next != '#')
            return true;
        while (!ends_line(*scan->next))
            scan->next++;
    }
    return false;
}

/* RFC 4180: "" stands for one quotation mark, and the cell may go over lines. */
static bool take_quoted(struct scan *scan, struct piece *cell, struct fault *why)
{
    const struct scan start = *scan;
    cell->from = cell->end = ++scan->next;
    for (; *scan->next != '"' || scan->next[1] == '"'; pass(scan)) {
        if (*scan->next == '\0')
            return refuse(&start, start.next, "the quotation mark is not closed", why);
        if (*scan->next == '"')
            scan->next++;
        *cell->end++ = *scan->next;
    }
    scan->next++;
    skip_blanks(scan);
    if (!ends_line(*scan->next) && *scan->next != scan->separator)
        return refuse(scan, scan->next, "text after the closing quotation mark", why);
    return true;
}

static bool take_cell(struct scan *scan, struct piece *cell, struct fault *why)
{
    skip_blanks(scan);
    cell->from = scan->next;
    if (scan->separator == ',' && *scan->next == '"') {
        if (!take_quoted(scan, cell, why))
            return false;
    } else {
        while (!ends_line(*scan->next) && *scan->next != scan->separator)
            scan->next++;
        cell->end = scan->next;
    }
    cell->is_last = ends_line(*scan->next);
    return true;
}

/* The NUL may take the place of the separator, so the scan must be past it. */
static char *end_piece(const struct scan *scan, struct piece *cell)
{
    while (cell->from < cell->end && is_blank(scan, *cell->from))
        cell->from++;
    while (cell->end > cell->from && is_blank(scan, cell->end[-1]))
        cell->end--;
    *cell->end = '\0';
    return cell->from;
}

static bool take_row(struct scan *scan, char **cells, struct fault *why)
{
    const struct scan start = *scan;
    struct piece cell = {.is_last = false};
    for (size_t i = 0; i < scan->columns; i++) {
        if (cell.is_last)
            return fault_set(why, FAULT_REFUSE, "%s:%d:1: %zu cells, expected %zu", scan->path,
                             start.line, i, scan->columns);
        if (!take_cell(scan, &cell, why))
            return false;
        if (i + 1 == scan->columns && !cell.is_last)
            return refuse(scan, scan->next, "more cells than columns", why);
        pass(scan);
        cells[i] = end_piece(scan, &cell);
    }
    return true;
}

/* All rows have one width, so their cells lie in one piece of memory, which the first row owns. */
struct rows {
    struct table_row *rows;
    char **cells;
    size_t count, room;
};

static bool make_room(struct rows *rows, size_t columns, struct fault *why)
{
    if (rows->count < rows->room)
        return true;
    size_t room = rows->room == 0 ? 64 : rows->room * 2;
    struct table_row *more_rows = reallocarray(rows->rows, room, sizeof *more_rows);
    if (!more_rows)
        return fault_memory(why);
    rows->rows = more_rows;
    char **more_cells = reallocarray(rows->cells, room, columns * sizeof *more_cells);
    if (!more_cells)
        return fault_memory(why);
    rows->cells = more_cells;
    rows->room = room;
    return true;
}

static bool take_rows(struct scan *scan, struct rows *rows, struct fault *why)
{
    while (find_row(scan)) {
        if (!make_room(rows, scan->columns, why))
            return false;
        rows->rows[rows->count] = (struct table_row){.count = scan->columns, .line = scan->line};
        if (!take_row(scan, rows->cells + rows->count * scan->columns, why))
            return false;
        rows->count++;
    }
    for (size_t i = 0; i < rows->count; i++)
        rows->rows[i].cells = rows->cells + i * scan->columns;
    return true;
}

static bool check_text(struct scan *scan, size_t size, struct fault *why)
{
    const char *wrong = memchr(scan->next, '\0', size);
    if (!wrong)
        wrong = scan->next + utf8_valid(scan->next, size);
    if (wrong == scan->next + size)
        return true;
    while (scan->next < wrong)
        pass(scan);
    return refuse(scan, wrong, *wrong == '\0' ? "a NUL byte" : "not UTF-8", why);
}

bool table_load(const char *path, char separator, size_t columns, struct table *table,
                struct fault *why)
{
    size_t size;
    auto_free(free) char *text = file_read(path, FILE_LIMIT, &size, why);
    if (!text)
        return false;
    char *start = text + opening_mark(text, size);
    struct scan scan = {path, separator, columns, start, start, 1};
    struct scan whole = scan;
    struct rows rows = {.count = 0};
    if (!check_text(&whole, size - (size_t)(start - text), why) || !take_rows(&scan, &rows, why)) {
        free(rows.rows);
        free(rows.cells);
        return false;
    }
    *table = (struct table){.rows = rows.rows, .count = rows.count, .text = steal(text)};
    return true;
}

void table_free(struct table *table)
{
    if (!table)
        return;
    if (table->count > 0)
        free(table->rows[0].cells);
    free(table->rows);
    free(table->text);
    *table = (struct table){.count = 0};
}
