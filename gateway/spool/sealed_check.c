/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, and what is sealed by them beside entries: tried one by one. */
#include "spool/sealed_check.h"

#include "spool/row.h"

#include <inttypes.h>

struct sealed_checking {
    struct spool_reader *reader;
    void (*each)(void *own, const char *finding);
    void *own;
    const char *sql;
    /* What is wrong with the row at hand into `line`; false: nothing. */
    bool (*find)(const struct sealed_checking *checking, sqlite3_stmt *row, struct fault *line);
};

static bool check_key(const struct sealed_checking *checking, sqlite3_stmt *row, struct fault *line)
{
    return !vault_proves(&checking->reader->vault, row, line);
}

static bool check_body(const struct sealed_checking *checking, sqlite3_stmt *row,
                       const struct body_place *place, struct fault *line)
{
    const struct stored_body stored = {.bytes = sqlite3_column_blob(row, 2),
                                       .size = (size_t)sqlite3_column_bytes(row, 2)};
    size_t size = 0;
    bool is_damaged; /* whatever keeps a body shut is told */
    auto_free(free) char *opened =
        vault_unseal(&checking->reader->vault, place, &stored, &size, &is_damaged, line);
    return !opened && line->kind != FAULT_REFUSE; /* which is a key that was destroyed */
}

static bool check_arrival(const struct sealed_checking *checking, sqlite3_stmt *row,
                          struct fault *line)
{
    const struct body_place place = {.kind = BODY_ARRIVAL, .number = sqlite3_column_int64(row, 0)};
    return check_body(checking, row, &place, line) &&
           !fault_prefix(line, "arrival %" PRId64, place.number);
}

static bool check_revision(const struct sealed_checking *checking, sqlite3_stmt *row,
                           struct fault *line)
{
    const struct body_place place = {BODY_REVISION, sqlite3_column_int64(row, 0),
                                     sqlite3_column_int64(row, 1)};
    return check_body(checking, row, &place, line) &&
           !fault_prefix(line, "revision %" PRId64 " of entry %" PRId64, place.revision,
                         place.number);
}

static bool check_rows(const struct sealed_checking *checking, struct fault *why)
{
    sqlite3 *database = checking->reader->database;
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(database, checking->sql, why);
    if (!rows)
        return false;
    for (bool found;;) {
        struct fault line;
        if (!database_next(database, rows, "check", &found, why))
            return false;
        if (!found)
            return true;
        if (checking->find(checking, rows, &line))
            checking->each(checking->own, line.text);
    }
}

bool sealed_check(struct spool_reader *reader, void (*each)(void *own, const char *finding),
                  void *own, struct fault *why)
{
    const struct sealed_checking checkings[] = {
        {reader, each, own, "SELECT " VAULT_KEY_COLUMNS " FROM data_key k ORDER BY k.no",
         check_key},
        {reader, each, own, "SELECT number, 0, event FROM arrival WHERE sealed = 1 ORDER BY number",
         check_arrival},
        {reader, each, own,
         "SELECT entry, no, bytes FROM revision WHERE sealed = 1 ORDER BY entry, no",
         check_revision},
    };
    for (size_t i = 0; i < sizeof checkings / sizeof checkings[0]; i++)
        if (!check_rows(&checkings[i], why))
            return false;
    return true;
}
