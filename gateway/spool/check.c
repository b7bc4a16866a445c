/* SPDX-License-Identifier: Apache-2.0 */
/* Proofs over the whole journal: day sums, soundness, and a copy of it. */
#include "base/moment.h"
#include "spool/body.h"
#include "spool/contradiction.h"
#include "spool/row.h"
#include "spool/sealed_check.h"
#include "spool/store.h"
#include "spool/wal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DAY_MS = 86400000, LONGEST_DAMAGE = 1000000 };

/* Counted from the rows, between the numbers that the days' entries have; what was received,
 * refused and pruned is counted at its time. */
static const char sums_sql[] =
    "WITH rows AS ("
    " SELECT (received_at + 25200000) / 86400000 AS day, partner,"
    "  sum((state = 0 AND number <= ?3) OR (state = 4 AND released <= ?3)) AS published,"
    "  sum((state = 0 AND number > ?3) OR (state = 4 AND released > ?3)) AS waiting,"
    "  sum(state = 1) AS parked, sum(state = 2) AS dead, sum(state = 3) AS discarded"
    " FROM entry WHERE number BETWEEN (SELECT min(first) FROM tally WHERE day BETWEEN ?1 AND ?2)"
    "  AND (SELECT max(last) FROM tally WHERE day BETWEEN ?1 AND ?2) GROUP BY 1, 2)"
    " SELECT t.day, (SELECT text FROM name WHERE no = t.partner), t.received,"
    "  ifnull(published, 0), ifnull(waiting, 0), ifnull(parked, 0), ifnull(dead, 0),"
    "  ifnull(discarded, 0), t.refused, t.repeated, t.pruned"
    " FROM tally t LEFT JOIN rows r ON r.day = t.day AND r.partner = t.partner"
    " WHERE t.day BETWEEN ?1 AND ?2"
    " UNION ALL"
    " SELECT r.day, (SELECT text FROM name WHERE no = r.partner), 0, published, waiting, parked,"
    "  dead, discarded, 0, 0, 0 FROM rows r WHERE r.day BETWEEN ?1 AND ?2 AND NOT EXISTS"
    "  (SELECT 1 FROM tally t WHERE t.day = r.day AND t.partner = r.partner)"
    " ORDER BY 1, 2";

bool spool_sums(struct spool_reader *reader, int32_t from_day, int32_t to_day, spool_each_sum each,
                void *own, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *rows =
        database_prepare(reader->database, sums_sql, why);
    int64_t from;
    int64_t to;
    if (!rows || !row_watermark(reader, why) || !day_of_date(from_day, &from, why) ||
        !day_of_date(to_day, &to, why))
        return false;
    bind_number(rows, 1, from);
    bind_number(rows, 2, to);
    bind_number(rows, 3, reader->watermark);
    for (bool found;;) {
        if (!database_next(reader->database, rows, "sum up", &found, why))
            return false;
        if (!found)
            return true;
        const struct spool_sum sum = {
            .day = moment_day(sqlite3_column_int64(rows, 0) * DAY_MS),
            .partner = (const char *)sqlite3_column_text(rows, 1),
            .received = sqlite3_column_int64(rows, 2),
            .published = sqlite3_column_int64(rows, 3),
            .waiting = sqlite3_column_int64(rows, 4),
            .parked = sqlite3_column_int64(rows, 5),
            .dead = sqlite3_column_int64(rows, 6),
            .discarded = sqlite3_column_int64(rows, 7),
            .refused = sqlite3_column_int64(rows, 8),
            .repeated = sqlite3_column_int64(rows, 9),
            .pruned = sqlite3_column_int64(rows, 10),
        };
        if (!each(own, &sum))
            return true;
    }
}

struct checking {
    struct spool_reader *reader;
    void (*each)(void *own, const char *finding);
    void *own;
    int64_t findings;
    sqlite3_stmt *find_key;
    bool met_disorder; /* rows that do not follow each other: damage that SQLite does not see */
    struct fault why;  /* of a call back; kind FAULT_NONE: none */
};

static void note(struct checking *checking, const char *finding)
{
    checking->findings++;
    checking->each(checking->own, finding);
}

static bool check_database(struct checking *checking, struct fault *why)
{
    sqlite3 *database = checking->reader->database;
    auto_free(sqlite3_finalize) sqlite3_stmt *rows =
        database_prepare(database, "PRAGMA integrity_check(100)", why);
    if (!rows)
        return false;
    for (bool found;;) {
        if (!database_next(database, rows, "check", &found, why))
            return false;
        if (!found)
            return true;
        const char *line = (const char *)sqlite3_column_text(rows, 0);
        if (line && strcmp(line, "ok") != 0)
            note(checking, line);
    }
}

/* An entry's id must be known, or its sender could hand it off a second time.  A conflicting
 * document, until it is mended, is known by its content too. */
static bool check_key(struct checking *checking, const struct spool_entry *entry)
{
    bool is_conflict =
        entry->cause && strcmp(entry->cause, CONFLICT_CAUSE) == 0 && entry->revision == 0;
    uint8_t key[SHORT_DIGEST_SIZE];
    char line[96];
    bool found = false;
    if (!entry->native_id || entry->is_damaged)
        return true;
    dedupe_key(entry->partner, entry->native_id, strlen(entry->native_id),
               is_conflict ? entry->document_sha256 : NULL, key);
    bind_bytes(checking->find_key, 1, key, sizeof key);
    bind_number(checking->find_key, 2, entry->entry);
    if (database_next(checking->reader->database, checking->find_key, "look for an id", &found,
                      &checking->why) &&
        !found) {
        (void)snprintf(line, sizeof line, "entry %" PRId64 ": its id is not remembered",
                       entry->entry);
        note(checking, line);
    }
    (void)sqlite3_reset(checking->find_key); /* repeats the step's code */
    return checking->why.kind == FAULT_NONE;
}

static bool note_damage(void *own, const struct spool_entry *entry)
{
    char line[96];
    (void)snprintf(line, sizeof line, DAMAGED_ENTRY, entry->entry);
    if (entry->is_damaged)
        note(own, line);
    return check_key(own, entry);
}

/* One entry: its event, its original, and that it is in one state that fits what it has. */
static void check_entry(struct checking *checking, int64_t number, bool has_original)
{
    struct fault why;
    size_t size;
    if (!spool_find(checking->reader, number, note_damage, checking, &why))
        note(checking, why.text);
    if (checking->why.kind != FAULT_NONE)
        note(checking, checking->why.text);
    checking->why.kind = FAULT_NONE;
    if (!has_original)
        return;
    auto_free(free) char *original = spool_original(checking->reader, number, &size, &why);
    if (original || why.kind == FAULT_REFUSE) /* it was shredded */
        return;
    (void)fault_prefix(&why, "entry %" PRId64, number);
    note(checking, why.text);
}

/* From above `*number` to the end, or to a damaged page: `*number` is the last that was read.  A
 * page that is another's may lead back: what is out of order is damage too. */
static bool check_stretch(struct checking *checking, sqlite3_stmt *rows, int64_t *number,
                          struct fault *why)
{
    sqlite3 *database = checking->reader->database;
    bool found = true;
    checking->met_disorder = false;
    bind_number(rows, 1, *number + 1);
    while (found) {
        if (!database_next(database, rows, "check", &found, why))
            return false;
        if (!found)
            return true;
        int64_t next = sqlite3_column_int64(rows, 0);
        if (next <= *number) {
            checking->met_disorder = true;
            return fault_set(why, FAULT_BROKEN, "spool: entries are out of order");
        }
        *number = next;
        check_entry(checking, *number, sqlite3_column_int(rows, 1));
    }
    return true;
}

/* The first number from `*number` on where the table can be read again; false: there is none, or
 * none near. */
static bool find_end_of_damage(struct checking *checking, int64_t *number, struct fault *why)
{
    sqlite3 *database = checking->reader->database;
    auto_free(sqlite3_finalize) sqlite3_stmt *look =
        database_prepare(database, "SELECT number FROM entry WHERE number >= ? LIMIT 1", why);
    int64_t last = 0;
    struct fault ignored;
    if (!look || !database_number(database, "SELECT max(last) FROM tally", &last, &ignored))
        return false;
    last = last - *number > LONGEST_DAMAGE ? *number + LONGEST_DAMAGE : last;
    for (; *number <= last; ++*number) {
        bool found;
        bind_number(look, 1, *number);
        bool is_read = database_next(database, look, "check", &found, why) &&
                       (!found || sqlite3_column_int64(look, 0) >= *number);
        (void)sqlite3_reset(look); /* repeats the step's code */
        if (is_read)
            return true;
    }
    return false;
}

/* Around what is damaged, naming the numbers that cannot be read. */
static bool check_entries(struct checking *checking, struct fault *why)
{
    static const char sql[] =
        "SELECT number, number = document FROM entry WHERE number >= ? ORDER BY number";
    sqlite3 *database = checking->reader->database;
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(database, sql, why);
    int64_t number = 0;
    char line[96];
    if (!rows)
        return false;
    while (!check_stretch(checking, rows, &number, why)) {
        if (!checking->met_disorder && !why->is_damage)
            return false;
        (void)sqlite3_reset(rows); /* repeats the step's code */
        int64_t first = number + 1;
        number = first + 1; /* the first cannot be read, so no place is tried twice */
        bool goes_on = find_end_of_damage(checking, &number, why);
        if (goes_on)
            (void)snprintf(line, sizeof line,
                           "entries %" PRId64 " to %" PRId64 " cannot be read: a page is damaged",
                           first, number - 1);
        else
            (void)snprintf(line, sizeof line,
                           "entries from %" PRId64 " on cannot be read: a page is damaged", first);
        note(checking, line);
        if (!goes_on)
            return true;
        number--;
    }
    return true;
}

/* One body that is not an entry's: `what` and its number are told when it is not whole. */
static bool check_bodies(struct checking *checking, const char *sql, const char *what,
                         struct fault *why)
{
    sqlite3 *database = checking->reader->database;
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(database, sql, why);
    char line[96];
    if (!rows)
        return false;
    for (bool found;;) {
        if (!database_next(database, rows, "check", &found, why))
            return false;
        if (!found)
            return true;
        if (column_is_whole(rows, 1, 2))
            continue;
        (void)snprintf(line, sizeof line, "%s %" PRId64 " is damaged: it is not what was stored",
                       what, (int64_t)sqlite3_column_int64(rows, 0));
        note(checking, line);
    }
}

static bool check_states(struct checking *checking, struct fault *why)
{
    char line[128];
    for (size_t i = 0; contradictions[i].what; i++) {
        int64_t count = 0;
        if (!database_number(checking->reader->database, contradictions[i].sql, &count, why) &&
            !why->is_damage)
            return false; /* what a damaged page keeps from being counted is told already */
        if (count == 0)
            continue;
        (void)snprintf(line, sizeof line, "%" PRId64 " %s", count, contradictions[i].what);
        note(checking, line);
    }
    return true;
}

static bool check_record(struct checking *checking, struct fault *why)
{
    struct audit_finding finding;
    int64_t count;
    if (spool_audit_verify(checking->reader, &count, &finding, why))
        return true;
    if (finding.number == 0)
        return false; /* it could not be read */
    note(checking, why->text);
    return true;
}

static void note_sealed(void *own, const char *finding)
{
    note(own, finding);
}

static bool check_sealed(struct checking *checking, struct fault *why)
{
    return sealed_check(checking->reader, note_sealed, checking, why);
}

static bool check_arrivals(struct checking *checking, struct fault *why)
{
    return check_bodies(checking, "SELECT number, event, event_digest FROM arrival", "arrival",
                        why);
}

static bool check_notices(struct checking *checking, struct fault *why)
{
    return check_bodies(checking, "SELECT number, datum, datum_digest FROM notice", "notice", why);
}

bool spool_check(struct spool_reader *reader, void (*each)(void *own, const char *finding),
                 void *own, struct fault *why)
{
    static bool (*const steps[])(struct checking *, struct fault *) = {
        check_database, check_entries, check_arrivals, check_record,
        check_notices,  check_sealed,  check_states};
    struct checking checking = {.reader = reader, .each = each, .own = own};
    auto_free(sqlite3_finalize) sqlite3_stmt *find_key = database_prepare(
        reader->database, "SELECT 1 FROM dedupe WHERE key = ? AND number = ?", why);
    checking.find_key = find_key;
    if (!wal_check(sqlite3_db_filename(reader->database, "main"), why)) {
        if (why->kind != FAULT_BROKEN)
            return false;
        note(&checking, why->text);
    }
    if (!find_key)
        return false;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i](&checking, why))
            continue;
        if (!why->is_damage)
            return false;
        note(&checking, why->text); /* the other steps may not meet it */
    }
    return checking.findings == 0 ||
           fault_set(why, FAULT_BROKEN, "spool: %" PRId64 " findings", checking.findings);
}

static bool copy_into(sqlite3 *database, const char *to_file, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *copy =
        database_prepare(database, "VACUUM INTO ?", why);
    if (!copy)
        return false;
    bind_text(copy, 1, to_file);
    return database_step(database, copy, "copy", why);
}

bool spool_backup(struct spool_reader *reader, const char *to_file, struct fault *why)
{
    /* SQLite fills an empty file, and syncs neither what it wrote nor the file's name. */
    int file = open(to_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0)
        return fault_set(why, FAULT_REFUSE, "%s: %s", to_file, strerror(errno));
    (void)close(file); /* nothing was written */
    bool is_copied = copy_into(reader->database, to_file, why) && database_settle(to_file, why);
    if (!is_copied)
        (void)unlink(to_file); /* half a copy would look like one */
    return is_copied;
}
