/* SPDX-License-Identifier: Apache-2.0 */
/* Proofs over the whole journal: day sums, soundness, and a copy of it. */
#include "base/moment.h"
#include "spool/body.h"
#include "spool/row.h"
#include "spool/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DAY_MS = 86400000 };

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

/* Rows are counted by days since 1970; people say 20250512. */
static bool days_of(int32_t day, int64_t *days, struct fault *why)
{
    char text[16];
    int64_t moment;
    int size = snprintf(text, sizeof text, "%08d", (int)day);
    if (!moment_read(text, (size_t)size, &moment, why))
        return fault_prefix(why, "day %d", (int)day);
    *days = day_number(moment);
    return true;
}

bool spool_sums(struct spool_reader *reader, int32_t from_day, int32_t to_day, spool_each_sum each,
                void *own, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *rows =
        database_prepare(reader->database, sums_sql, why);
    int64_t from;
    int64_t to;
    if (!rows || !row_watermark(reader, why) || !days_of(from_day, &from, why) ||
        !days_of(to_day, &to, why))
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
    struct fault why; /* of a call back; kind FAULT_NONE: none */
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
 * document is known by its content too. */
static bool check_key(struct checking *checking, const struct spool_entry *entry)
{
    bool is_conflict = entry->cause && strcmp(entry->cause, CONFLICT_CAUSE) == 0;
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
    if (original)
        return;
    (void)fault_prefix(&why, "entry %" PRId64, number);
    note(checking, why.text);
}

static bool check_entries(struct checking *checking, struct fault *why)
{
    sqlite3 *database = checking->reader->database;
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(
        database, "SELECT number, number = document FROM entry ORDER BY number", why);
    if (!rows)
        return false;
    for (bool found;;) {
        if (!database_next(database, rows, "check", &found, why))
            return false;
        if (!found)
            return true;
        check_entry(checking, sqlite3_column_int64(rows, 0), sqlite3_column_int(rows, 1));
    }
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

/* Each says, of one kind of contradiction, how many rows have it. */
static const struct {
    const char *what;
    const char *sql;
} contradictions[] = {
    {"entries in no known state", "SELECT count(*) FROM entry WHERE state NOT BETWEEN 0 AND 4"},
    {"entries to be published that have no event",
     "SELECT count(*) FROM entry WHERE state IN (0, 1, 4) AND event IS NULL"},
    {"entries parked behind nothing",
     "SELECT count(*) FROM entry p WHERE state = 1 AND NOT EXISTS (SELECT 1 FROM entry d WHERE"
     " d.state IN (1, 2) AND d.state = 2 AND d.dossier_key = p.dossier_key)"},
    {"released entries without a number",
     "SELECT count(*) FROM entry e WHERE state = 4 AND NOT EXISTS (SELECT 1 FROM released r WHERE"
     " r.number = e.released AND r.entry = e.number)"},
    {"numbers that two entries have",
     "SELECT count(*) FROM released r JOIN entry e ON e.number = r.number"},
    {"days whose sum does not come out",
     "SELECT count(*) FROM tally t LEFT JOIN (SELECT (received_at + 25200000) / 86400000 AS day,"
     " partner, count(*) AS stored, min(number) AS first, max(number) AS last FROM entry"
     " GROUP BY 1, 2) r ON r.day = t.day AND r.partner = t.partner"
     " WHERE t.received <> t.refused + t.pruned + ifnull(stored, 0)"
     " OR r.first < t.first OR r.last > t.last"},
    {"entries of a day that counts none",
     "SELECT count(*) FROM entry e WHERE NOT EXISTS (SELECT 1 FROM tally t WHERE"
     " t.day = (e.received_at + 25200000) / 86400000 AND t.partner = e.partner)"},
    {"items whose document is gone", "SELECT count(*) FROM entry e WHERE NOT EXISTS"
                                     " (SELECT 1 FROM entry d WHERE d.number = e.document)"},
    {"notices that have the number of an entry",
     "SELECT count(*) FROM notice n WHERE EXISTS (SELECT 1 FROM entry e WHERE e.number = n.number)"
     " OR EXISTS (SELECT 1 FROM released r WHERE r.number = n.number)"},
    {"deliveries in no known state", "SELECT count(*) FROM delivery WHERE state NOT BETWEEN 0"
                                     " AND 4"},
    {"deliveries without an arrival",
     "SELECT count(*) FROM delivery d WHERE NOT EXISTS"
     " (SELECT 1 FROM arrival a WHERE a.number = d.number / 1024)"},
    {"arrivals without a delivery",
     "SELECT count(*) FROM arrival a WHERE NOT EXISTS (SELECT 1 FROM delivery d WHERE"
     " d.number BETWEEN a.number * 1024 AND a.number * 1024 + 1023)"},
    {"deliveries without a partner that may be tried",
     "SELECT count(*) FROM delivery WHERE partner = 0 AND state NOT IN (2, 3)"},
    {"deliveries parked behind nothing",
     "SELECT count(*) FROM delivery p WHERE state = 1 AND NOT EXISTS (SELECT 1 FROM delivery d"
     " INDEXED BY delivery_undone WHERE d.partner = p.partner AND d.lane = p.lane"
     " AND d.state < 3 AND d.number < p.number)"},
    {"deliveries that may be tried before an earlier one",
     "SELECT count(*) FROM delivery p WHERE state IN (0, 2) AND partner <> 0 AND EXISTS"
     " (SELECT 1 FROM delivery d INDEXED BY delivery_undone WHERE d.partner = p.partner AND"
     " d.lane = p.lane AND d.state < 3 AND d.number < p.number)"},
    {"partners whose sum of deliveries does not come out",
     "SELECT count(*) FROM (SELECT partner FROM delivery_sum UNION SELECT partner FROM delivery) p"
     " LEFT JOIN delivery_sum s ON s.partner = p.partner LEFT JOIN (SELECT partner,"
     " sum(state = 0) AS waiting, sum(state = 1) AS parked, sum(state = 2) AS dead,"
     " sum(state IN (3, 4)) AS over FROM delivery GROUP BY 1) r ON r.partner = p.partner"
     " WHERE s.partner IS NULL OR s.waiting <> ifnull(r.waiting, 0)"
     " OR s.parked <> ifnull(r.parked, 0) OR s.dead <> ifnull(r.dead, 0)"
     " OR s.delivered + s.discarded - s.pruned <> ifnull(r.over, 0)"},
    {"trails of no delivery", "SELECT count(*) FROM trail t WHERE NOT EXISTS"
                              " (SELECT 1 FROM delivery d WHERE d.number = t.delivery)"},
    {"files used by nothing that is there",
     "SELECT count(*) FROM file_use u WHERE NOT EXISTS (SELECT 1 FROM entry e WHERE"
     " u.is_arrival = 0 AND e.number = u.number) AND NOT EXISTS (SELECT 1 FROM arrival a WHERE"
     " u.is_arrival = 1 AND a.number = u.number)"},
};

static bool check_states(struct checking *checking, struct fault *why)
{
    char line[128];
    for (size_t i = 0; i < sizeof contradictions / sizeof contradictions[0]; i++) {
        int64_t count;
        if (!database_number(checking->reader->database, contradictions[i].sql, &count, why))
            return false;
        if (count == 0)
            continue;
        (void)snprintf(line, sizeof line, "%" PRId64 " %s", count, contradictions[i].what);
        note(checking, line);
    }
    return true;
}

bool spool_check(struct spool_reader *reader, void (*each)(void *own, const char *finding),
                 void *own, struct fault *why)
{
    struct checking checking = {.reader = reader, .each = each, .own = own};
    auto_free(sqlite3_finalize) sqlite3_stmt *find_key = database_prepare(
        reader->database, "SELECT 1 FROM dedupe WHERE key = ? AND number = ?", why);
    checking.find_key = find_key;
    if (!find_key || !check_database(&checking, why) || !check_entries(&checking, why) ||
        !check_bodies(&checking, "SELECT number, event, event_digest FROM arrival", "arrival",
                      why) ||
        !check_bodies(&checking, "SELECT number, datum, datum_digest FROM notice", "notice", why) ||
        !check_states(&checking, why))
        return false;
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
    /* SQLite fills an empty file, and does not sync what it wrote. */
    int file = open(to_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0)
        return fault_set(why, FAULT_REFUSE, "%s: %s", to_file, strerror(errno));
    bool is_copied =
        copy_into(reader->database, to_file, why) &&
        (fsync(file) == 0 || fault_set(why, FAULT_BROKEN, "%s: %s", to_file, strerror(errno)));
    (void)close(file); /* fsync has told all that could fail */
    if (!is_copied)
        (void)unlink(to_file); /* half a copy would look like one */
    return is_copied;
}
