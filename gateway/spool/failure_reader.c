/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of failures: counted as they happened, so that a list of them is as long as there are
 * causes, however much died of each. */
#include "spool/find.h"

#include "base/clock.h"
#include "spool/row.h"

#include <string.h>

/* Of each group the numbers of its oldest and its newest, and what is past its date: ranges. */
static const char groups_sql[] =
    "SELECT fingerprint, is_delivery, partner, adapter, cause, count, parked,"
    " (SELECT min(number) FROM stuck WHERE failure = fingerprint),"
    " (SELECT max(number) FROM stuck WHERE failure = fingerprint),"
    " (SELECT count(*) FROM stuck INDEXED BY stuck_of_failure_by_due"
    "  WHERE failure = fingerprint AND due_at > 0 AND due_at < ?1)"
    " FROM failure ORDER BY count DESC, fingerprint";

static const char *const moment_sql[] = {
    "SELECT received_at, detail FROM entry WHERE number = ?",
    "SELECT a.arrived_at, d.detail FROM delivery d JOIN arrival a ON a.number = d.number / 1024"
    " WHERE d.number = ?"};

static void write_fingerprint(int64_t number, uint8_t fingerprint[SHORT_FINGERPRINT_SIZE])
{
    for (int i = SHORT_FINGERPRINT_SIZE - 1; i >= 0; i--, number >>= 8)
        fingerprint[i] = (uint8_t)((uint64_t)number & 0xFF);
}

/* When one of the group came, and what is said of it, which the caller lets go. */
struct witness {
    int64_t at_ms;
    char *detail;
};

static bool ask(struct spool_reader *reader, bool is_delivery, int64_t number,
                struct witness *witness, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *find =
        database_prepare(reader->database, moment_sql[is_delivery], why);
    bool found = false;
    if (!find)
        return false;
    bind_number(find, 1, number);
    if (!database_next(reader->database, find, "look at one of a group", &found, why))
        return false;
    const char *detail = found ? (const char *)sqlite3_column_text(find, 1) : NULL;
    witness->at_ms = found ? sqlite3_column_int64(find, 0) : 0;
    witness->detail = detail ? strdup(detail) : NULL;
    return !detail || witness->detail || fault_memory(why);
}

static bool read_names(struct spool_reader *reader, sqlite3_stmt *row, struct failure_group *group,
                       struct fault *why)
{
    int64_t partner = sqlite3_column_int64(row, 2);
    int64_t adapter = sqlite3_column_int64(row, 3);
    return (partner == 0 || row_name(reader, partner, &group->partner, why)) &&
           (adapter == 0 || row_name(reader, adapter, &group->adapter, why));
}

static bool give_group(struct spool_reader *reader, sqlite3_stmt *row,
                       bool (*each)(void *own, const struct failure_group *group), void *own,
                       bool *goes_on, struct fault *why)
{
    struct witness oldest = {0, NULL};
    struct witness newest = {0, NULL};
    struct failure_group group = {
        .is_delivery = sqlite3_column_int(row, 1),
        .cause = (const char *)sqlite3_column_text(row, 4),
        .count = sqlite3_column_int64(row, 5),
        .parked_behind = sqlite3_column_int64(row, 6),
        .sample = sqlite3_column_int64(row, 8),
        .overdue = sqlite3_column_int64(row, 9),
    };
    write_fingerprint(sqlite3_column_int64(row, 0), group.fingerprint);
    bool is_read = read_names(reader, row, &group, why) &&
                   ask(reader, group.is_delivery, sqlite3_column_int64(row, 7), &oldest, why) &&
                   ask(reader, group.is_delivery, group.sample, &newest, why);
    group.oldest_ms = oldest.at_ms;
    group.newest_ms = newest.at_ms;
    group.detail = newest.detail;
    *goes_on = is_read && each(own, &group);
    free(oldest.detail);
    free(newest.detail);
    return is_read;
}

static bool give_groups(struct spool_reader *reader,
                        bool (*each)(void *own, const struct failure_group *group), void *own,
                        struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *rows =
        database_prepare(reader->database, groups_sql, why);
    if (!rows)
        return false;
    bind_number(rows, 1, clock_now_ms());
    for (bool found, goes_on = true; goes_on;) {
        if (!database_next(reader->database, rows, "read failures", &found, why))
            return false;
        if (!found)
            return true;
        if (!give_group(reader, rows, each, own, &goes_on, why))
            return false;
    }
    return true;
}

bool spool_failures(struct spool_reader *reader,
                    bool (*each)(void *own, const struct failure_group *group), void *own,
                    struct fault *why)
{
    /* One moment for a group and its witnesses. */
    if (!database_run(reader->database, "BEGIN", why))
        return false;
    bool is_done = give_groups(reader, each, own, why);
    (void)sqlite3_exec(reader->database, "COMMIT", NULL, NULL, NULL); /* nothing was written */
    return is_done;
}

bool spool_failures_of(struct spool_reader *reader, const struct failure_page *page,
                       bool (*each)(void *own, int64_t number), void *own, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(
        reader->database,
        "SELECT number FROM stuck INDEXED BY stuck_of_failure WHERE failure = ?1 AND number > ?2"
        " ORDER BY number LIMIT ?3",
        why);
    if (!rows)
        return false;
    bind_number(rows, 1, failure_number(page->fingerprint));
    bind_number(rows, 2, page->after);
    bind_number(rows, 3, page->limit ? (int64_t)page->limit : -1);
    for (bool found;;) {
        if (!database_next(reader->database, rows, "read a group", &found, why))
            return false;
        if (!found || !each(own, sqlite3_column_int64(rows, 0)))
            return true;
    }
}
