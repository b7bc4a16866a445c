/* SPDX-License-Identifier: Apache-2.0 */
/* Arrivals that are old and of which every delivery is over go, with all that is said of them, and
 * so do old notices that are published.  What waits, or waits for a person, is passed over. */
#include "spool/store.h"

static bool run_between(struct store *store, const char *sql, int64_t first, int64_t last,
                        struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *statement =
        database_prepare(store->database, sql, why);
    if (!statement)
        return false;
    bind_number(statement, 1, first);
    bind_number(statement, 2, last);
    return database_step(store->database, statement, "delete what is old", why);
}

/* Deliveries that are gone count as such in the sums of their partners. */
static bool count_pruned(struct store *store, int64_t arrival, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(
        store->database,
        "SELECT partner FROM delivery WHERE number BETWEEN ?1 * 1024 AND ?1 * 1024 + 1023", why);
    if (!rows)
        return false;
    bind_number(rows, 1, arrival);
    for (bool found;;) {
        if (!database_next(store->database, rows, "read what is old", &found, why))
            return false;
        if (!found)
            return true;
        struct shift *shift = store_shift(store, sqlite3_column_int64(rows, 0), why);
        if (!shift)
            return false;
        shift->pruned++;
    }
}

static bool delete_arrival(struct store *store, int64_t arrival, struct fault *why)
{
    int64_t first = arrival * DELIVERIES_PER_ARRIVAL;
    int64_t last = first + DELIVERIES_PER_ARRIVAL - 1;
    return count_pruned(store, arrival, why) && store_prune_day(store, arrival, why) &&
           run_between(store, "DELETE FROM trail WHERE delivery BETWEEN ? AND ?", first, last,
                       why) &&
           run_between(store, "DELETE FROM delivery WHERE number BETWEEN ? AND ?", first, last,
                       why) &&
           run_between(store,
                       "DELETE FROM file_use WHERE is_arrival = 1 AND number BETWEEN ? AND ?",
                       arrival, arrival, why) &&
           run_between(store, "DELETE FROM data_key WHERE owner BETWEEN -?2 AND -?1", arrival,
                       arrival, why) &&
           run_between(store,
                       "DELETE FROM data_key WHERE owner IS NULL AND dossier_key = (SELECT"
                       " dossier_key FROM arrival WHERE number = ?1) AND NOT EXISTS (SELECT 1 FROM"
                       " entry e INDEXED BY entry_by_dossier WHERE e.dossier_key ="
                       " data_key.dossier_key) AND NOT EXISTS (SELECT 1 FROM arrival a INDEXED BY"
                       " arrival_by_dossier WHERE a.dossier_key = data_key.dossier_key"
                       " AND a.number <> ?2)",
                       arrival, arrival, why) &&
           run_between(store, "DELETE FROM arrival WHERE number BETWEEN ? AND ?", arrival, arrival,
                       why);
}

/* Up to `limit` arrivals from the cursor on: those that are over are given as numbers. */
static bool walk(struct store *store, struct pruning *pruning, int64_t limit, int64_t *over,
                 size_t *count, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(
        store->database,
        "SELECT number, arrived_at, NOT EXISTS (SELECT 1 FROM delivery d WHERE d.number BETWEEN"
        " a.number * 1024 AND a.number * 1024 + 1023 AND d.state < 3)"
        " FROM arrival a WHERE number > ?1 ORDER BY number LIMIT ?2",
        why);
    if (!rows)
        return false;
    bind_number(rows, 1, pruning->cursor);
    bind_number(rows, 2, limit);
    pruning->has_more = true;
    for (int64_t seen = 0; seen < limit; seen++) {
        bool found;
        if (!database_next(store->database, rows, "look for what is old", &found, why))
            return false;
        enum prune_age age =
            found ? prune_age(pruning, sqlite3_column_int64(rows, 1)) : PRUNE_YOUNG;
        if (age == PRUNE_YOUNG) {
            pruning->has_more = false;
            return true;
        }
        pruning->cursor = sqlite3_column_int64(rows, 0);
        if (age == PRUNE_OLD && sqlite3_column_int(rows, 2))
            over[(*count)++] = pruning->cursor;
    }
    return true;
}

bool prune_arrivals(struct store *store, struct pruning *pruning, int64_t limit, struct fault *why)
{
    size_t count = 0;
    auto_free(free) int64_t *over = calloc((size_t)limit, sizeof *over);
    if (!over)
        return fault_memory(why);
    if (!walk(store, pruning, limit, over, &count, why))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!delete_arrival(store, over[i], why))
            return false;
    pruning->count += (int64_t)count;
    /* A number that is gone from the rows must still never be given again. */
    return database_set_number(store->database, "last_arrival", store->counters.last_arrival, why);
}

/* Moves the cursor over up to `limit` published notices. */
static bool walk_notices(struct store *store, struct pruning *pruning, int64_t limit,
                         struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(
        store->database,
        "SELECT number, at FROM notice WHERE number > ?1 AND number <= ?2 ORDER BY number LIMIT ?3",
        why);
    if (!rows)
        return false;
    bind_number(rows, 1, pruning->cursor);
    bind_number(rows, 2, store->counters.watermark);
    bind_number(rows, 3, limit);
    pruning->has_more = true;
    for (int64_t seen = 0; seen < limit; seen++) {
        bool found;
        if (!database_next(store->database, rows, "look for what is old", &found, why))
            return false;
        if (!found || prune_age(pruning, sqlite3_column_int64(rows, 1)) == PRUNE_YOUNG) {
            pruning->has_more = false;
            return true;
        }
        pruning->cursor = sqlite3_column_int64(rows, 0);
    }
    return true;
}

bool prune_notices(struct store *store, struct pruning *pruning, int64_t limit, struct fault *why)
{
    int64_t begin = pruning->cursor;
    auto_free(sqlite3_finalize) sqlite3_stmt *drop = database_prepare(
        store->database, "DELETE FROM notice WHERE number > ?1 AND number <= ?2 AND at < ?3", why);
    if (!drop || !walk_notices(store, pruning, limit, why))
        return false;
    bind_number(drop, 1, begin);
    bind_number(drop, 2, pruning->cursor);
    bind_number(drop, 3, pruning->before_ms);
    return database_step(store->database, drop, "delete old notices", why) &&
           /* A number that is gone from the rows must still never be given again. */
           database_set_number(store->database, "last_number", store->counters.last_number, why);
}

bool prune_jobs(struct store *store, struct pruning *pruning, int64_t limit, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *drop = database_prepare(
        store->database,
        "DELETE FROM job_item WHERE (job, subject) IN (SELECT i.job, i.subject FROM job j"
        " CROSS JOIN job_item i ON i.job = j.number WHERE j.ended > 0 AND j.ended < ?1 LIMIT ?2)",
        why);
    if (!drop)
        return false;
    bind_number(drop, 1, pruning->before_ms);
    bind_number(drop, 2, limit);
    if (!database_step(store->database, drop, "delete old items", why))
        return false;
    pruning->has_more = sqlite3_changes64(store->database) == limit;
    return true;
}
