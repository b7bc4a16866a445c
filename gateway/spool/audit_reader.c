/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the record of acts, and the proof that it is whole. */
#include "spool/audit.h"

#include "spool/chain.h"
#include "spool/row.h"

#include <inttypes.h>
#include <string.h>

#define COLUMNS "number, at, actor, address, act, object, reason, outcome, detail, hash"

enum { SQL_SIZE = 512 };

/* False when something of it is not what it must be. */
static bool read_row(sqlite3_stmt *row, struct spool_audited *entry)
{
    *entry = (struct spool_audited){
        .number = sqlite3_column_int64(row, 0),
        .record = {.at_ms = sqlite3_column_int64(row, 1),
                   .actor = {.name = (const char *)sqlite3_column_text(row, 2),
                             .address = (const char *)sqlite3_column_text(row, 3)},
                   .act = (const char *)sqlite3_column_text(row, 4),
                   .object = (const char *)sqlite3_column_text(row, 5),
                   .reason = (const char *)sqlite3_column_text(row, 6),
                   .outcome = (const char *)sqlite3_column_text(row, 7),
                   .detail = (const char *)sqlite3_column_text(row, 8)},
        .hash = sqlite3_column_blob(row, 9),
    };
    const struct spool_record *record = &entry->record;
    return sqlite3_column_bytes(row, 9) == AUDIT_HASH_SIZE && record->actor.name && record->act &&
           record->object && record->reason && record->outcome && record->detail;
}

/* ---- lists ---- */

/* The index that narrows most of what is asked. */
static const char *index_of(const struct audit_range *range)
{
    if (range->object)
        return "INDEXED BY audit_by_object";
    if (range->actor)
        return "INDEXED BY audit_by_actor";
    return range->act ? "INDEXED BY audit_by_act" : "NOT INDEXED";
}

static sqlite3_stmt *prepare_list(struct spool_reader *reader, const struct audit_range *range,
                                  struct fault *why)
{
    char sql[SQL_SIZE];
    (void)snprintf(sql, sizeof sql,
                   "SELECT " COLUMNS " FROM audit %s WHERE number %s%s%s%s"
                   " AND (?5 = 0 OR at >= ?5) AND (?6 = 0 OR at < ?6)"
                   " ORDER BY number %s LIMIT ?7",
                   index_of(range), range->backwards ? "< ?1" : "> ?1",
                   range->object ? " AND object = ?2" : "", range->actor ? " AND actor = ?3" : "",
                   range->act ? " AND act = ?4" : "", range->backwards ? "DESC" : "ASC");
    return database_prepare(reader->database, sql, why);
}

static void bind_optional(sqlite3_stmt *list, int place, const char *text)
{
    if (text)
        bind_text(list, place, text);
}

bool spool_audited(struct spool_reader *reader, const struct audit_range *range,
                   bool (*each)(void *own, const struct spool_audited *entry), void *own,
                   struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *list = prepare_list(reader, range, why);
    bool found;
    if (!list)
        return false;
    bool is_from_end = range->backwards && range->after == 0;
    bind_number(list, 1, is_from_end ? INT64_MAX : range->after);
    bind_optional(list, 2, range->object);
    bind_optional(list, 3, range->actor);
    bind_optional(list, 4, range->act);
    bind_number(list, 5, range->from_ms);
    bind_number(list, 6, range->to_ms);
    bind_number(list, 7, range->limit ? (int64_t)range->limit : -1);
    for (;;) {
        struct spool_audited entry;
        if (!database_next(reader->database, list, "read the record", &found, why))
            return false;
        if (!found)
            return true;
        if (!read_row(list, &entry))
            return fault_set(why, FAULT_BROKEN, "spool: entry %" PRId64 " of the record is damaged",
                             entry.number);
        if (!each(own, &entry))
            return true;
    }
}

/* ---- proof ---- */

struct proof {
    sqlite3 *database;
    int64_t number; /* of the last entry that holds */
    uint8_t hash[AUDIT_HASH_SIZE];
    struct audit_finding *finding;
};

static bool find(struct proof *proof, int64_t number, struct fault *why)
{
    proof->finding->number = number;
    return fault_set(why, FAULT_REFUSE, "the record does not hold: %s", proof->finding->text);
}

static bool find_missing(struct proof *proof, int64_t first, int64_t last, struct fault *why)
{
    char *text = proof->finding->text;
    if (first == last)
        (void)snprintf(text, sizeof proof->finding->text, "entry %" PRId64 " is missing", first);
    else
        (void)snprintf(text, sizeof proof->finding->text,
                       "entries %" PRId64 " to %" PRId64 " are missing", first, last);
    return find(proof, first, why);
}

/* Whether the entry at hand, under the number that should come next, holds on to the last. */
static bool is_next(const struct proof *proof, const struct spool_audited *entry)
{
    struct spool_audited moved = *entry;
    uint8_t hash[AUDIT_HASH_SIZE];
    struct fault why;
    moved.number = proof->number + 1;
    return audit_link(proof->hash, &moved, hash, &why) &&
           memcmp(hash, entry->hash, sizeof hash) == 0;
}

/* Looks for the entry that should be here among those behind; 0: it is not there. */
static bool look_for_swapped(struct proof *proof, int64_t *number, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(
        proof->database,
        "SELECT " COLUMNS " FROM audit WHERE number > ? ORDER BY number LIMIT 10000", why);
    *number = 0;
    if (!rows)
        return false;
    bind_number(rows, 1, proof->number + 1);
    for (bool found;;) {
        struct spool_audited entry;
        if (!database_next(proof->database, rows, "verify the record", &found, why))
            return false;
        if (!found)
            return true;
        if (read_row(rows, &entry) && is_next(proof, &entry)) {
            *number = entry.number;
            return true;
        }
    }
}

static bool find_changed(struct proof *proof, struct fault *why)
{
    int64_t number = proof->number + 1;
    int64_t other;
    char *text = proof->finding->text;
    if (!look_for_swapped(proof, &other, why))
        return false;
    if (other != 0)
        (void)snprintf(text, sizeof proof->finding->text,
                       "entries %" PRId64 " and %" PRId64 " are out of order: they were swapped",
                       number, other);
    else
        (void)snprintf(text, sizeof proof->finding->text, "entry %" PRId64 " was changed", number);
    return find(proof, number, why);
}

static bool prove_row(struct proof *proof, sqlite3_stmt *row, struct fault *why)
{
    struct spool_audited entry;
    bool is_whole = read_row(row, &entry);
    if (entry.number > proof->number + 1)
        return find_missing(proof, proof->number + 1, entry.number - 1, why);
    if (!is_whole || entry.number != proof->number + 1 || !is_next(proof, &entry))
        return find_changed(proof, why);
    proof->number = entry.number;
    memcpy(proof->hash, entry.hash, sizeof proof->hash);
    return true;
}

/* The end of the chain must be what was kept apart. */
static bool prove_end(struct proof *proof, const struct audit_head *head, struct fault *why)
{
    char *text = proof->finding->text;
    if (head->number > proof->number)
        return find_missing(proof, proof->number + 1, head->number, why);
    if (head->number < proof->number)
        (void)snprintf(text, sizeof proof->finding->text,
                       "entry %" PRId64 " was added past the end that is kept apart",
                       head->number + 1);
    else if (memcmp(head->hash, proof->hash, sizeof proof->hash) != 0)
        (void)snprintf(text, sizeof proof->finding->text,
                       "entry %" PRId64 " is not the end that is kept apart", proof->number);
    else
        return true;
    return find(proof, head->number < proof->number ? head->number + 1 : proof->number, why);
}

static bool prove(struct proof *proof, struct fault *why)
{
    struct audit_head head;
    auto_free(sqlite3_finalize) sqlite3_stmt *rows =
        database_prepare(proof->database, "SELECT " COLUMNS " FROM audit ORDER BY number", why);
    if (!rows || !audit_head_read(proof->database, &head, why))
        return false;
    for (bool found;;) {
        if (!database_next(proof->database, rows, "verify the record", &found, why))
            return false;
        if (!found)
            return prove_end(proof, &head, why);
        if (!prove_row(proof, rows, why))
            return false;
    }
}

bool spool_audit_verify(struct spool_reader *reader, int64_t *count, struct audit_finding *finding,
                        struct fault *why)
{
    struct proof proof = {.database = reader->database, .finding = finding};
    *finding = (struct audit_finding){0};
    /* One moment for the head and the entries: the record grows meanwhile. */
    if (!database_run(reader->database, "BEGIN", why))
        return false;
    bool holds = prove(&proof, why);
    (void)sqlite3_exec(reader->database, "COMMIT", NULL, NULL, NULL); /* nothing was written */
    *count = proof.number;
    return holds;
}
