/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a damaged spool, by its trees and beside them, into a new one. */
#include "spool/salvage.h"

#include "base/text.h"
#include "base/text_stream.h"
#include "spool/tree.h"

#include <inttypes.h>
#include <string.h>

enum { MOST_TARGETS = 96, MOST_NAME = 64, LINE_SIZE = 200 };

/* What a row of a table looks like. */
struct shape {
    int count;
    int least;  /* columns that a cut row must have */
    int row_no; /* the column that is the row's number; -1: none */
    enum { KIND_NUMBER, KIND_TEXT, KIND_BYTES } kinds[MOST_COLUMNS];
    bool may_lack[MOST_COLUMNS];
};

struct target {
    char name[MOST_NAME]; /* in the damaged file: a table, or an index that testifies */
    bool is_table;        /* by numbers; else its rows are keys */
    struct shape shape;
    uint32_t root; /* 0: not found */
    sqlite3_stmt *insert;
    int64_t saved, strays, holes;
};

struct salvage {
    struct pages *pages;
    sqlite3 *into;
    salvage_note note;
    void *own;
    struct target targets[MOST_TARGETS];
    size_t count;
    sqlite3_stmt *add_hole, *find_hole;
    struct target *at;  /* whose tree is walked */
    struct target list; /* of the tables itself */
};

/* ---- what there is to be found ---- */

/* One column by its declaration; returns whether it is of the key. */
static bool add_column(struct shape *shape, const char *type, bool must_be, bool is_key)
{
    int place = shape->count++;
    shape->kinds[place] = strcmp(type, "INTEGER") == 0 ? KIND_NUMBER
                          : strcmp(type, "TEXT") == 0  ? KIND_TEXT
                                                       : KIND_BYTES;
    shape->may_lack[place] = !is_key && !must_be;
    if (is_key && shape->kinds[place] == KIND_NUMBER)
        shape->row_no = place;
    if (!shape->may_lack[place] && shape->kinds[place] == KIND_NUMBER)
        shape->least = place + 1;
    return is_key;
}

static bool read_shape(struct salvage *salvage, struct target *target, const char *table,
                       struct fault *why)
{
    static const char sql[] = "SELECT type, \"notnull\", pk FROM pragma_table_info(?)";
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(salvage->into, sql, why);
    struct shape *shape = &target->shape;
    int keys = 0;
    if (!rows)
        return false;
    shape->row_no = -1;
    bind_text(rows, 1, table);
    for (bool found = true; found && shape->count < MOST_COLUMNS;) {
        if (!database_next(salvage->into, rows, "read a table's columns", &found, why))
            return false;
        if (found)
            keys += add_column(shape, (const char *)sqlite3_column_text(rows, 0),
                               sqlite3_column_int(rows, 1), sqlite3_column_int(rows, 2) > 0);
    }
    if (keys > 1 || !target->is_table)
        shape->row_no = -1; /* only a single number is the row's */
    return true;
}

static bool prepare_insert(struct salvage *salvage, struct target *target, const char *table,
                           struct fault *why)
{
    struct text_stream stream;
    FILE *to = text_stream_begin(&stream);
    if (!to)
        return fault_memory(why);
    (void)fprintf(to, "INSERT OR IGNORE INTO \"%s\" VALUES (", table);
    for (int i = 0; i < target->shape.count; i++)
        (void)fprintf(to, "%s?", i ? "," : "");
    (void)fputs(")", to);
    auto_free(free) char *sql = text_stream_end(&stream, NULL);
    if (!sql)
        return fault_memory(why);
    target->insert = database_prepare(salvage->into, sql, why);
    return target->insert != NULL;
}

static bool add_target(struct salvage *salvage, const char *name, const char *table, bool is_table,
                       struct fault *why)
{
    if (salvage->count == MOST_TARGETS)
        return fault_set(why, FAULT_BROKEN, "spool: too many tables");
    struct target *target = &salvage->targets[salvage->count++];
    target->is_table = is_table;
    (void)snprintf(target->name, sizeof target->name, "%s", name);
    return read_shape(salvage, target, table, why) && prepare_insert(salvage, target, table, why);
}

/* All tables of a new spool, and the two indexes that know something of rows that are lost. */
static bool list_targets(struct salvage *salvage, struct fault *why)
{
    static const char sql[] = "SELECT name, sql NOT LIKE '%WITHOUT ROWID%' FROM sqlite_schema"
                              " WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid";
    static const char beside[] =
        "CREATE TEMP TABLE hole (tbl TEXT, page INTEGER, after INTEGER, last INTEGER);"
        "CREATE TEMP TABLE lane (key INTEGER NOT NULL, number INTEGER NOT NULL,"
        " PRIMARY KEY (number, key)) WITHOUT ROWID;"
        "CREATE TEMP TABLE undone (partner INTEGER NOT NULL, lane INTEGER, number INTEGER NOT NULL,"
        " state INTEGER NOT NULL, again INTEGER NOT NULL)";
    if (!database_run(salvage->into, beside, why))
        return false;
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(salvage->into, sql, why);
    if (!rows)
        return false;
    for (bool found;;) {
        if (!database_next(salvage->into, rows, "list tables", &found, why))
            return false;
        if (!found)
            break;
        const char *name = (const char *)sqlite3_column_text(rows, 0);
        if (!add_target(salvage, name, name, sqlite3_column_int(rows, 1), why))
            return false;
    }
    return add_target(salvage, "entry_by_dossier", "lane", false, why) &&
           add_target(salvage, "delivery_undone", "undone", false, why);
}

/* ---- rows ---- */

static bool fits_kind(const struct shape *shape, int place, const struct column *column)
{
    if (column->kind == COLUMN_NULL)
        return shape->may_lack[place] || place == shape->row_no;
    return (shape->kinds[place] == KIND_NUMBER && column->kind == COLUMN_NUMBER) ||
           (shape->kinds[place] == KIND_TEXT && column->kind == COLUMN_TEXT) ||
           (shape->kinds[place] == KIND_BYTES && column->kind == COLUMN_BYTES);
}

/* A row of an older version has fewer columns: those that came later are last. */
static bool fits_shape(const struct target *target, const struct cell *cell)
{
    const struct shape *shape = &target->shape;
    if (cell->found < CELL_CUT || cell->count > shape->count || cell->count < shape->least)
        return false;
    if (cell->found == CELL_CUT && !target->is_table)
        return false;
    for (int i = 0; i < cell->count; i++)
        if (!fits_kind(shape, i, &cell->columns[i]))
            return false;
    for (int i = cell->count; cell->found == CELL_WHOLE && i < shape->count; i++)
        if (!shape->may_lack[i])
            return false;
    return true;
}

static void bind_column(sqlite3_stmt *insert, int place, const struct column *column)
{
    switch (column->kind) {
    case COLUMN_NULL:
    case COLUMN_REAL: /* no table has one */
        (void)sqlite3_bind_null(insert, place);
        break;
    case COLUMN_NUMBER:
        bind_number(insert, place, column->number);
        break;
    case COLUMN_TEXT:
        (void)sqlite3_bind_text64(insert, place, (const char *)column->bytes, column->size,
                                  SQLITE_STATIC, SQLITE_UTF8);
        break;
    case COLUMN_BYTES:
        (void)sqlite3_bind_blob64(insert, place, column->bytes, column->size, SQLITE_STATIC);
        break;
    }
}

/* What a cut row must have and has not is empty: no digest fits that. */
static bool insert_row(struct salvage *salvage, struct target *target, const struct cell *cell,
                       struct fault *why)
{
    const struct shape *shape = &target->shape;
    for (int i = 0; i < shape->count; i++) {
        bool is_there = i < cell->count && cell->columns[i].kind != COLUMN_NULL;
        if (i == shape->row_no)
            bind_number(target->insert, i + 1, cell->number);
        else if (is_there)
            bind_column(target->insert, i + 1, &cell->columns[i]);
        else if (shape->may_lack[i])
            (void)sqlite3_bind_null(target->insert, i + 1);
        else if (shape->kinds[i] == KIND_TEXT)
            bind_text(target->insert, i + 1, "");
        else
            bind_bytes(target->insert, i + 1, "", 0);
    }
    if (!database_step(salvage->into, target->insert, "save a row", why))
        return false;
    target->saved += sqlite3_changes64(salvage->into);
    return true;
}

static bool save_row(void *own, const struct cell *cell, bool *fits, struct fault *why)
{
    struct salvage *salvage = own;
    if (!salvage->at->insert)
        return true;
    *fits = fits_shape(salvage->at, cell);
    return !*fits || insert_row(salvage, salvage->at, cell, why);
}

static bool save_hole(void *own, const struct tree_hole *hole, struct fault *why)
{
    struct salvage *salvage = own;
    struct target *target = salvage->at;
    char line[LINE_SIZE];
    char of[LINE_SIZE / 2] = "";
    target->holes++;
    bind_text(salvage->add_hole, 1, target->name);
    bind_number(salvage->add_hole, 2, hole->page);
    bind_number(salvage->add_hole, 3, hole->after);
    bind_number(salvage->add_hole, 4, hole->last);
    if (target->is_table && hole->last == hole->after + 1)
        (void)snprintf(of, sizeof of, ": row %" PRId64, hole->last);
    else if (target->is_table && hole->last < INT64_MAX)
        (void)snprintf(of, sizeof of, ": rows up to %" PRId64, hole->last);
    else if (target->is_table && hole->after > INT64_MIN)
        (void)snprintf(of, sizeof of, ": rows above %" PRId64, hole->after);
    (void)snprintf(line, sizeof line, "page %u of %s is damaged%s", (unsigned)hole->page,
                   target->name, of);
    salvage->note(salvage->own, line);
    return database_step(salvage->into, salvage->add_hole, "note a hole", why);
}

/* ---- where the trees begin ---- */

static const struct shape schema_shape = {
    .count = 5,
    .least = 5,
    .row_no = -1,
    .kinds = {KIND_TEXT, KIND_TEXT, KIND_TEXT, KIND_NUMBER, KIND_TEXT},
    .may_lack = {false, false, false, false, true},
};

static struct target *find_target(struct salvage *salvage, const struct column *name)
{
    for (size_t i = 0; i < salvage->count; i++) {
        struct target *target = &salvage->targets[i];
        if (strlen(target->name) == name->size &&
            memcmp(target->name, name->bytes, name->size) == 0)
            return target;
    }
    return NULL;
}

/* Every other index is walked too, so that its pages are not taken for strays. */
static struct target *add_other(struct salvage *salvage, const struct cell *cell)
{
    const struct column *kind = &cell->columns[0];
    const struct column *name = &cell->columns[1];
    if (salvage->count == MOST_TARGETS || name->size == 0 || name->size >= MOST_NAME)
        return NULL;
    struct target *target = &salvage->targets[salvage->count++];
    *target = (struct target){.is_table = kind->size > 0 && kind->bytes[0] == 't'};
    memcpy(target->name, name->bytes, name->size);
    return target;
}

static bool save_root(void *own, const struct cell *cell, bool *fits, struct fault *why)
{
    struct salvage *salvage = own;
    const struct target as_schema = {.is_table = true, .shape = schema_shape};
    (void)why;
    *fits = cell->found == CELL_WHOLE && fits_shape(&as_schema, cell);
    int64_t root = *fits ? cell->columns[3].number : 0;
    if (root <= 0 || root > salvage->pages->count)
        return true;
    struct target *target = find_target(salvage, &cell->columns[1]);
    if (!target)
        target = add_other(salvage, cell);
    if (target && target->root == 0)
        target->root = (uint32_t)root;
    return true;
}

/* Told when the list is walked again, with all others. */
static bool pass_hole(void *own, const struct tree_hole *hole, struct fault *why)
{
    (void)own;
    (void)hole;
    (void)why;
    return true;
}

/* A page that no tree reaches. */
typedef bool (*each_stray)(struct salvage *salvage, uint32_t page, const struct leaf *leaf,
                           struct fault *why);

static bool over_strays(struct salvage *salvage, each_stray each, struct fault *why)
{
    auto_free(free) uint8_t *bytes = malloc(salvage->pages->size);
    if (!bytes)
        return fault_memory(why);
    for (uint32_t page = 1; page <= salvage->pages->count; page++) {
        if (salvage->pages->uses[page] != PAGE_UNKNOWN || !pages_read(salvage->pages, page, bytes))
            continue;
        struct leaf leaf = leaf_of(salvage->pages, page, bytes);
        if (leaf.kind != 0 && !each(salvage, page, &leaf, why))
            return false;
    }
    return true;
}

static bool look_for_roots(struct salvage *salvage, uint32_t page, const struct leaf *leaf,
                           struct fault *why)
{
    struct cell cell;
    (void)page;
    for (uint32_t i = 0; leaf->kind == LEAF_TABLE && i < leaf->cells; i++) {
        bool fits = false;
        if (!cell_read(salvage->pages, leaf, i, &cell, why))
            return false;
        bool done = save_root(salvage, &cell, &fits, why);
        cell_end(&cell);
        if (!done)
            return false;
        if (!fits) /* this is no list of tables: what was read of its chains is to be read again */
            return true;
    }
    return true;
}

static bool is_root_missing(const struct salvage *salvage)
{
    for (size_t i = 0; i < salvage->count; i++)
        if (salvage->targets[i].root == 0)
            return true;
    return false;
}

/* Rows that are looked at on the way mark what they lie on: a second look needs that undone. */
static void forget_uses(struct pages *pages)
{
    memset(pages->uses, PAGE_UNKNOWN, (size_t)pages->count + 1);
    pages_mark_free(pages);
}

static bool find_roots(struct salvage *salvage, struct fault *why)
{
    const struct tree_seen seen = {salvage, save_root, pass_hole};
    if (!tree_walk(salvage->pages, 1, true, &seen, why))
        return false;
    if (is_root_missing(salvage) && !over_strays(salvage, look_for_roots, why))
        return false;
    for (size_t i = 0; i < salvage->count; i++)
        if (salvage->targets[i].root > 0)
            return true;
    return fault_set(why, FAULT_BROKEN, "spool: nothing of a spool can be found in it");
}

/* ---- strays ---- */

static bool is_in_hole(struct salvage *salvage, const struct target *target, int64_t number,
                       bool *is_in, struct fault *why)
{
    bind_text(salvage->find_hole, 1, target->name);
    bind_number(salvage->find_hole, 2, number);
    bool done = database_next(salvage->into, salvage->find_hole, "look for a hole", is_in, why);
    (void)sqlite3_reset(salvage->find_hole); /* repeats the step's code */
    return done;
}

static bool may_be_of(struct salvage *salvage, const struct target *target, const struct cell *cell,
                      bool *may_be, struct fault *why)
{
    *may_be = cell->found == CELL_WHOLE && fits_shape(target, cell);
    return !*may_be || !target->is_table || is_in_hole(salvage, target, cell->number, may_be, why);
}

/* The only table with holes that the row may be of; NULL where there is none, or a choice. */
static bool choose(struct salvage *salvage, const struct leaf *leaf, const struct cell *cell,
                   struct target **chosen, struct fault *why)
{
    bool is_table = leaf->kind == LEAF_TABLE;
    int choices = 0;
    for (size_t i = 0; i < salvage->count; i++) {
        struct target *target = &salvage->targets[i];
        bool may_be = false;
        if (target->holes == 0 || !target->insert || target->is_table != is_table)
            continue;
        if (!may_be_of(salvage, target, cell, &may_be, why))
            return false;
        if (!may_be)
            continue;
        choices++;
        *chosen = target;
    }
    if (choices != 1)
        *chosen = NULL;
    return true;
}

static bool save_stray_row(struct salvage *salvage, const struct leaf *leaf, uint32_t index,
                           struct fault *why)
{
    struct cell cell;
    struct target *target = NULL;
    if (!cell_read(salvage->pages, leaf, index, &cell, why))
        return false;
    bool done = choose(salvage, leaf, &cell, &target, why);
    if (done && target) {
        int64_t before = target->saved;
        done = insert_row(salvage, target, &cell, why);
        target->strays += target->saved - before;
    }
    cell_end(&cell);
    return done;
}

static bool save_stray(struct salvage *salvage, uint32_t page, const struct leaf *leaf,
                       struct fault *why)
{
    if (leaf->kind == TREE_TABLE)
        return true;
    salvage->pages->uses[page] = PAGE_READ;
    for (uint32_t i = 0; i < leaf->cells; i++)
        if (!save_stray_row(salvage, leaf, i, why))
            return false;
    return true;
}

/* ---- all of it ---- */

static bool walk_trees(struct salvage *salvage, struct fault *why)
{
    const struct tree_seen seen = {salvage, save_row, save_hole};
    const struct tree_hole all = {0, INT64_MIN, INT64_MAX};
    salvage->list = (struct target){.name = "sqlite_schema", .is_table = true};
    salvage->at = &salvage->list;
    if (!tree_walk(salvage->pages, 1, true, &seen, why))
        return false;
    for (size_t i = 0; i < salvage->count; i++) {
        salvage->at = &salvage->targets[i];
        uint32_t root = salvage->at->root;
        if (root == 0 ? !save_hole(salvage, &all, why)
                      : !tree_walk(salvage->pages, root, salvage->at->is_table, &seen, why))
            return false;
    }
    return true;
}

static void tell_strays(struct salvage *salvage)
{
    char line[LINE_SIZE];
    for (size_t i = 0; i < salvage->count; i++) {
        const struct target *target = &salvage->targets[i];
        if (target->strays == 0)
            continue;
        (void)snprintf(line, sizeof line, "%s: %" PRId64 " rows behind damaged pages are saved",
                       target->name, target->strays);
        salvage->note(salvage->own, line);
    }
}

bool salvage_rows(struct pages *pages, sqlite3 *into, salvage_note note, void *own,
                  struct fault *why)
{
    struct salvage salvage = {.pages = pages, .into = into, .note = note, .own = own};
    forget_uses(pages);
    bool done = list_targets(&salvage, why);
    auto_free(sqlite3_finalize) sqlite3_stmt *add_hole =
        done ? database_prepare(into, "INSERT INTO hole VALUES (?, ?, ?, ?)", why) : NULL;
    auto_free(sqlite3_finalize) sqlite3_stmt *find_hole =
        add_hole ? database_prepare(into,
                                    "SELECT 1 FROM hole WHERE tbl = ?1 AND after < ?2 AND"
                                    " last >= ?2 LIMIT 1",
                                    why)
                 : NULL;
    salvage.add_hole = add_hole;
    salvage.find_hole = find_hole;
    done = find_hole && find_roots(&salvage, why);
    if (done)
        forget_uses(pages);
    done = done && walk_trees(&salvage, why) && over_strays(&salvage, save_stray, why);
    if (done)
        tell_strays(&salvage);
    for (size_t i = 0; i < salvage.count; i++)
        (void)sqlite3_finalize(salvage.targets[i].insert); /* repeats the last step's code */
    return done;
}
