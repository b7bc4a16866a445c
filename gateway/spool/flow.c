/* SPDX-License-Identifier: Apache-2.0 */
/* What is watched: sums that are kept, rows of the last hours, and deliveries day by day. */
#include "spool/flow.h"

#include "base/moment.h"
#include "spool/row.h"
#include "spool/store.h"

enum { HOUR_MS = 3600000, DAY_MS = 86400000 };

/* ---- as it is counted ---- */

bool store_delivery_day(struct store *store, int64_t delivery, int64_t partner,
                        const struct delivery_day_change *change, struct fault *why)
{
    static const char add[] =
        "INSERT INTO delivery_tally SELECT (arrived_at + 25200000) / 86400000, ?2, ?3, ?4, ?5,"
        " ?1, ?1 FROM arrival WHERE number = ?1 / 1024 ON CONFLICT DO UPDATE SET"
        " arrived = arrived + excluded.arrived, moved = moved + excluded.moved,"
        " pruned = pruned + excluded.pruned, first = min(first, excluded.first),"
        " last = max(last, excluded.last)";
    const int64_t numbers[] = {delivery, partner, change->arrived, change->moved, change->pruned};
    return store_run(store, add, numbers, sizeof numbers / sizeof numbers[0], why);
}

bool store_prune_day(struct store *store, int64_t arrival, struct fault *why)
{
    static const char add[] =
        "INSERT INTO delivery_tally SELECT (a.arrived_at + 25200000) / 86400000, d.partner, 0, 0,"
        " count(*), min(d.number), max(d.number) FROM arrival a CROSS JOIN delivery d"
        " ON d.number BETWEEN a.number * 1024 AND a.number * 1024 + 1023 WHERE a.number = ?1"
        " GROUP BY 2 ON CONFLICT DO UPDATE SET pruned = pruned + excluded.pruned";
    return store_run(store, add, &arrival, 1, why);
}

/* ---- sums that are kept ---- */

bool spool_flow(struct spool_reader *reader, int64_t from_ms, struct spool_flow *flow,
                struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *sums =
        database_prepare(reader->database,
                         "SELECT (SELECT sum(received - refused) FROM tally WHERE day >= ?1),"
                         " (SELECT sum(refused) FROM tally WHERE day >= ?1),"
                         " (SELECT sum(delivered) FROM delivery_sum)",
                         why);
    bool found = false;
    if (!sums)
        return false;
    bind_number(sums, 1, day_number(from_ms));
    if (!database_next(reader->database, sums, "sum the flow up", &found, why))
        return false;
    *flow = (struct spool_flow){sqlite3_column_int64(sums, 0), sqlite3_column_int64(sums, 1),
                                sqlite3_column_int64(sums, 2)};
    return true;
}

/* ---- the last hours ---- */

/* The first number of a table whose times go up with its numbers (but for what waited in the queue
 * side by side) at which the time is not before `from_ms`, by halves. */
static bool first_since(struct spool_reader *reader, const char *sql, int64_t from_ms,
                        int64_t *first, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *look = database_prepare(reader->database, sql, why);
    int64_t low = 0;
    int64_t high = INT64_C(1) << 52; /* above all that will ever be given */
    if (!look)
        return false;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        bool found = false;
        bind_number(look, 1, middle);
        if (!database_next(reader->database, look, "look for a time", &found, why))
            return false;
        if (!found || sqlite3_column_int64(look, 0) >= from_ms)
            high = middle;
        else
            low = middle + 1;
        (void)sqlite3_reset(look);
    }
    *first = low;
    return true;
}

static bool give_hours(struct spool_reader *reader, sqlite3_stmt *rows,
                       bool (*each)(void *own, const struct spool_hour *hour), void *own,
                       struct fault *why)
{
    for (bool found;;) {
        if (!database_next(reader->database, rows, "read the last hours", &found, why))
            return false;
        if (!found)
            return true;
        const struct spool_hour hour = {
            .hour_ms = sqlite3_column_int64(rows, 0) * HOUR_MS,
            .received = sqlite3_column_int64(rows, 1),
            .published = sqlite3_column_int64(rows, 2),
            .delivered = sqlite3_column_int64(rows, 3),
        };
        if (!each(own, &hour))
            return true;
    }
}

bool spool_hours(struct spool_reader *reader, int64_t from_ms,
                 bool (*each)(void *own, const struct spool_hour *hour), void *own,
                 struct fault *why)
{
    static const char sql[] =
        "SELECT hour, sum(received), sum(published), sum(delivered) FROM ("
        " SELECT received_at / 3600000 AS hour, 1 AS received, (state = 0 AND number <= ?4)"
        "  OR (state = 4 AND released <= ?4) AS published, 0 AS delivered"
        "  FROM entry WHERE number >= ?1 AND received_at >= ?3 UNION ALL"
        " SELECT last_at / 3600000, 0, 0, 1 FROM delivery"
        "  WHERE number >= ?2 * 1024 AND state = 4 AND last_at >= ?3) GROUP BY 1 ORDER BY 1";
    int64_t begin_ms = from_ms - from_ms % HOUR_MS;
    int64_t entry, arrival;
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(reader->database, sql, why);
    if (!rows || !row_watermark(reader, why) ||
        !first_since(reader,
                     "SELECT received_at FROM entry WHERE number >= ? ORDER BY number LIMIT 1",
                     begin_ms, &entry, why) ||
        !first_since(reader,
                     "SELECT arrived_at FROM arrival WHERE number >= ? ORDER BY number LIMIT 1",
                     begin_ms, &arrival, why))
        return false;
    bind_number(rows, 1, entry);
    bind_number(rows, 2, arrival);
    bind_number(rows, 3, begin_ms);
    bind_number(rows, 4, reader->watermark);
    return give_hours(reader, rows, each, own, why);
}

/* ---- sources ---- */

bool spool_last_received(struct spool_reader *reader,
                         bool (*each)(void *own, const char *partner, int64_t at_ms), void *own,
                         struct fault *why)
{
    /* An entry that is pruned was of its day, at least. */
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(
        reader->database,
        "SELECT t.partner, ifnull(e.received_at, t.day * 86400000 - 25200000) FROM"
        " (SELECT partner, max(day) AS day, max(last) AS last FROM tally WHERE last IS NOT NULL"
        " GROUP BY partner) t LEFT JOIN entry e ON e.number = t.last",
        why);
    for (bool found = rows != NULL; rows;) {
        const char *partner = NULL;
        if (!database_next(reader->database, rows, "look who sent last", &found, why))
            return false;
        if (!found)
            return true;
        if (!row_name(reader, sqlite3_column_int64(rows, 0), &partner, why))
            return false;
        if (partner && !each(own, partner, sqlite3_column_int64(rows, 1)))
            return true;
    }
    return false;
}

/* ---- deliveries by day ---- */

static const char days_sql[] =
    "WITH rows AS ("
    " SELECT (a.arrived_at + 25200000) / 86400000 AS day, d.partner AS partner,"
    "  sum(state = 4) AS delivered, sum(state = 0) AS waiting, sum(state = 1) AS parked,"
    "  sum(state = 2) AS dead, sum(state = 3) AS discarded"
    " FROM delivery d CROSS JOIN arrival a ON a.number = d.number / 1024 WHERE d.number BETWEEN"
    "  (SELECT min(first) FROM delivery_tally WHERE day BETWEEN ?1 AND ?2) AND"
    "  (SELECT max(last) FROM delivery_tally WHERE day BETWEEN ?1 AND ?2) GROUP BY 1, 2)"
    " SELECT t.day, t.partner, t.arrived, t.moved, ifnull(delivered, 0), ifnull(waiting, 0),"
    "  ifnull(parked, 0), ifnull(dead, 0), ifnull(discarded, 0), t.pruned"
    " FROM delivery_tally t LEFT JOIN rows r ON r.day = t.day AND r.partner = t.partner"
    " WHERE t.day BETWEEN ?1 AND ?2"
    " UNION ALL"
    " SELECT r.day, r.partner, 0, 0, delivered, waiting, parked, dead, discarded, 0"
    " FROM rows r WHERE r.day BETWEEN ?1 AND ?2 AND NOT EXISTS"
    "  (SELECT 1 FROM delivery_tally t WHERE t.day = r.day AND t.partner = r.partner)"
    " ORDER BY 1, 2";

static bool give_days(struct spool_reader *reader, sqlite3_stmt *rows,
                      bool (*each)(void *own, const struct spool_delivery_day *day), void *own,
                      struct fault *why)
{
    for (bool found;;) {
        if (!database_next(reader->database, rows, "sum days of deliveries up", &found, why))
            return false;
        if (!found)
            return true;
        struct spool_delivery_day day = {
            .day = moment_day(sqlite3_column_int64(rows, 0) * DAY_MS),
            .arrived = sqlite3_column_int64(rows, 2),
            .moved = sqlite3_column_int64(rows, 3),
            .delivered = sqlite3_column_int64(rows, 4),
            .waiting = sqlite3_column_int64(rows, 5),
            .parked = sqlite3_column_int64(rows, 6),
            .dead = sqlite3_column_int64(rows, 7),
            .discarded = sqlite3_column_int64(rows, 8),
            .pruned = sqlite3_column_int64(rows, 9),
        };
        int64_t partner = sqlite3_column_int64(rows, 1);
        if (partner != 0 && !row_name(reader, partner, &day.partner, why))
            return false;
        if (!each(own, &day))
            return true;
    }
}

bool spool_delivery_days(struct spool_reader *reader, int32_t from_day, int32_t to_day,
                         bool (*each)(void *own, const struct spool_delivery_day *day), void *own,
                         struct fault *why)
{
    int64_t from, to;
    auto_free(sqlite3_finalize) sqlite3_stmt *rows =
        database_prepare(reader->database, days_sql, why);
    if (!rows || !day_of_date(from_day, &from, why) || !day_of_date(to_day, &to, why))
        return false;
    bind_number(rows, 1, from);
    bind_number(rows, 2, to);
    return give_days(reader, rows, each, own, why);
}
