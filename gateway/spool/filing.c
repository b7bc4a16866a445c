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

static bool give_users(struct spool_reader *reader, const uint8_t *sha256, bool are_arrivals,
                       spool_each_number each, void *own, struct fault *why)
{
    static const char sql[] =
        "SELECT number FROM file_use WHERE sha256 = ? AND is_arrival = ? ORDER BY number DESC";
    auto_free(statement_rest) sqlite3_stmt *rows = row_statement(reader, sql, why);
    if (!rows)
        return false;
    bind_bytes(rows, 1, sha256, SHA256_SIZE);
    bind_number(rows, 2, are_arrivals);
    for (bool found;;) {
        if (!database_next(reader->database, rows, "look for a file's use", &found, why))
            return false;
        if (!found || !each(own, sqlite3_column_int64(rows, 0)))
            return true;
    }
}

bool spool_file_entries(struct spool_reader *reader, const uint8_t sha256[SHA256_SIZE],
                        spool_each_number each, void *own, struct fault *why)
{
    return give_users(reader, sha256, false, each, own, why);
}

bool spool_file_arrivals(struct spool_reader *reader, const uint8_t sha256[SHA256_SIZE],
                         spool_each_number each, void *own, struct fault *why)
{
    return give_users(reader, sha256, true, each, own, why);
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
    for (bool found;;) {
        if (!database_next(reader->database, rows, "look for idle files", &found, why))
            return false;
        if (!found)
            return true;
        if (sqlite3_column_bytes(rows, 0) == SHA256_SIZE &&
            !each(own, sqlite3_column_blob(rows, 0)))
            return true;
    }
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
