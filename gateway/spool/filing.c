/* SPDX-License-Identifier: Apache-2.0 */
/* Who brought which file, and what uses it. */
#include "spool/filing.h"

#include "spool/row.h"
#include "spool/writer.h"

bool store_file_uses(struct store *store, const struct file_uses *uses, struct fault *why)
{
    sqlite3_stmt *add = store->statements.add_file_use;
    for (size_t i = 0; i < uses->count; i++) {
        bind_bytes(add, 1, uses->files[i], SHA256_SIZE);
        bind_number(add, 2, uses->is_arrival);
        bind_number(add, 3, uses->number);
        if (!database_step(store->database, add, "note the use of a file", why))
            return false;
    }
    return true;
}

struct upload {
    const char *partner;
    const uint8_t *sha256;
    int64_t size, at_ms;
};

static bool work_upload(struct store *store, void *arguments, struct fault *why)
{
    const struct upload *upload = arguments;
    int64_t partner = 0;
    auto_free(sqlite3_finalize) sqlite3_stmt *add =
        database_prepare(store->database,
                         "INSERT INTO upload (sha256, partner, size, at) VALUES (?, ?, ?, ?)"
                         " ON CONFLICT DO UPDATE SET at = max(at, excluded.at)",
                         why);
    if (!add || (upload->partner[0] && !store_name(store, upload->partner, &partner, why)))
        return false;
    bind_bytes(add, 1, upload->sha256, SHA256_SIZE);
    bind_number(add, 2, partner);
    bind_number(add, 3, upload->size);
    bind_number(add, 4, upload->at_ms);
    return database_step(store->database, add, "note a file", why);
}

bool spool_note_upload(struct spool *spool, const char *partner, const uint8_t sha256[SHA256_SIZE],
                       int64_t size, int64_t at_ms, struct fault *why)
{
    struct upload upload = {partner, sha256, size, at_ms};
    return writer_do(spool, work_upload, &upload, why);
}

bool spool_uploaded(struct spool_reader *reader, const uint8_t sha256[SHA256_SIZE],
                    const char *partner, bool *is_uploaded, struct fault *why)
{
    static const char sql[] =
        "SELECT 1 FROM upload WHERE sha256 = ?1 AND partner ="
        " CASE ?2 WHEN '' THEN 0 ELSE (SELECT no FROM name WHERE text = ?2) END";
    auto_free(statement_rest) sqlite3_stmt *find = row_statement(reader, sql, why);
    if (!find)
        return false;
    bind_bytes(find, 1, sha256, SHA256_SIZE);
    bind_text(find, 2, partner);
    return database_next(reader->database, find, "look for a file", is_uploaded, why);
}

bool spool_arrival_uses(struct spool_reader *reader, int64_t arrival,
                        const uint8_t sha256[SHA256_SIZE], bool *uses, struct fault *why)
{
    static const char sql[] =
        "SELECT 1 FROM file_use WHERE sha256 = ? AND is_arrival = 1 AND number = ?";
    auto_free(statement_rest) sqlite3_stmt *find = row_statement(reader, sql, why);
    if (!find)
        return false;
    bind_bytes(find, 1, sha256, SHA256_SIZE);
    bind_number(find, 2, arrival);
    return database_next(reader->database, find, "look for a file's use", uses, why);
}

bool spool_file_is_used(struct spool_reader *reader, const uint8_t sha256[SHA256_SIZE],
                        bool *is_used, struct fault *why)
{
    static const char sql[] = "SELECT 1 FROM file_use WHERE sha256 = ? AND is_arrival = 0 LIMIT 1";
    auto_free(statement_rest) sqlite3_stmt *find = row_statement(reader, sql, why);
    if (!find)
        return false;
    bind_bytes(find, 1, sha256, SHA256_SIZE);
    return database_next(reader->database, find, "look for a file's use", is_used, why);
}

bool spool_event_uses(struct spool_reader *reader, int64_t entry, const uint8_t event_id[UUID_SIZE],
                      const uint8_t sha256[SHA256_SIZE], bool *uses, struct fault *why)
{
    static const char sql[] =
        "SELECT 1 FROM file_use f JOIN entry e ON e.number = f.number"
        " WHERE f.sha256 = ? AND f.is_arrival = 0 AND f.number = ? AND e.event_id = ?";
    auto_free(statement_rest) sqlite3_stmt *find = row_statement(reader, sql, why);
    if (!find)
        return false;
    bind_bytes(find, 1, sha256, SHA256_SIZE);
    bind_number(find, 2, entry);
    bind_bytes(find, 3, event_id, UUID_SIZE);
    return database_next(reader->database, find, "look for a file's use", uses, why);
}

static bool give_files(struct spool_reader *reader, sqlite3_stmt *rows,
                       bool (*each)(void *own, const uint8_t *sha256), void *own, struct fault *why)
{
    for (bool found;;) {
        if (!database_next(reader->database, rows, "look for files", &found, why))
            return false;
        if (!found)
            return true;
        if (sqlite3_column_bytes(rows, 0) == SHA256_SIZE &&
            !each(own, sqlite3_column_blob(rows, 0)))
            return true;
    }
}

bool spool_idle_files(struct spool_reader *reader, int64_t before_ms, size_t limit,
                      bool (*each)(void *own, const uint8_t *sha256), void *own, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(
        reader->database,
        "SELECT sha256 FROM upload u GROUP BY sha256 HAVING max(at) < ?1 AND NOT EXISTS"
        " (SELECT 1 FROM file_use f WHERE f.sha256 = u.sha256) LIMIT ?2",
        why);
    if (!rows)
        return false;
    bind_number(rows, 1, before_ms);
    bind_number(rows, 2, (int64_t)limit);
    return give_files(reader, rows, each, own, why);
}

bool spool_files(struct spool_reader *reader, const uint8_t *after, size_t limit,
                 bool (*each)(void *own, const uint8_t *sha256), void *own, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(
        reader->database,
        "SELECT DISTINCT sha256 FROM upload WHERE sha256 > ?1 ORDER BY sha256 LIMIT ?2", why);
    if (!rows)
        return false;
    bind_bytes(rows, 1, after ? (const void *)after : "", after ? SHA256_SIZE : 0);
    bind_number(rows, 2, (int64_t)limit);
    return give_files(reader, rows, each, own, why);
}

/* By something, or it was brought again. */
static const char in_use_sql[] =
    "SELECT 1 FROM file_use WHERE sha256 = ?1"
    " UNION ALL SELECT 1 FROM upload WHERE sha256 = ?1 AND at >= ?2 LIMIT 1";

static bool is_in_use(sqlite3 *database, const struct upload *upload, bool *is_used,
                      struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *find = database_prepare(database, in_use_sql, why);
    if (!find)
        return false;
    bind_bytes(find, 1, upload->sha256, SHA256_SIZE);
    bind_number(find, 2, upload->at_ms);
    return database_next(database, find, "look for a file's use", is_used, why);
}

bool spool_file_is_idle(struct spool_reader *reader, const uint8_t sha256[SHA256_SIZE],
                        int64_t before_ms, bool *is_idle, struct fault *why)
{
    const struct upload upload = {.sha256 = sha256, .at_ms = before_ms};
    bool is_used = false;
    if (!is_in_use(reader->database, &upload, &is_used, why))
        return false;
    *is_idle = !is_used;
    return true;
}

static bool work_forget(struct store *store, void *arguments, struct fault *why)
{
    const struct upload *upload = arguments;
    bool is_used = false;
    if (!is_in_use(store->database, upload, &is_used, why))
        return false;
    if (is_used)
        return fault_set(why, FAULT_REFUSE, "spool: the file is in use");
    auto_free(sqlite3_finalize) sqlite3_stmt *forget =
        database_prepare(store->database, "DELETE FROM upload WHERE sha256 = ?", why);
    if (!forget)
        return false;
    bind_bytes(forget, 1, upload->sha256, SHA256_SIZE);
    return database_step(store->database, forget, "forget a file", why);
}

bool spool_forget_upload(struct spool *spool, const uint8_t sha256[SHA256_SIZE], int64_t before_ms,
                         struct fault *why)
{
    struct upload upload = {.sha256 = sha256, .at_ms = before_ms};
    return writer_do(spool, work_forget, &upload, why);
}
