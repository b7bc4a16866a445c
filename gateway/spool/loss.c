/* SPDX-License-Identifier: Apache-2.0 */
/* What a repair could not save, named. */
#include "spool/loss.h"

#include <inttypes.h>
#include <string.h>

struct telling {
    sqlite3 *database;
    struct spool_reader *reader;
    const struct spool_repair_seen *seen;
    int64_t count;
    uint8_t receipt_key[RECEIPT_KEY_SIZE];
};

static void tell(struct telling *telling, struct spool_loss loss)
{
    telling->count++;
    if (loss.kind == LOSS_ENTRY || loss.kind == LOSS_EVENT || loss.kind == LOSS_ORIGINAL)
        receipt_write(telling->receipt_key, loss.first, loss.receipt);
    telling->seen->loss(telling->seen->own, &loss);
}

/* Queries that give first, last, dossier code, whether it is published, and the text. */
static const struct {
    enum spool_loss_kind kind;
    const char *sql;
} queries[] = {
    {LOSS_ENTRY,
     "SELECT l.number, l.number, e.dossier_code, e.state <> 2, CASE WHEN e.state <> 2 THEN"
     " 'published before; it counts as that' WHEN e.dossier_code IS NULL THEN 'dead in its place;"
     " its dossier is not known, and later events of that do not wait' ELSE 'dead in its place;"
     " later events of its dossier wait behind it' END"
     " FROM lost l JOIN entry e ON e.number = l.number ORDER BY 1"},
    {LOSS_EVENT,
     "SELECT number, number, dossier_code, state IN (0, 4), CASE WHEN state IN (0, 4) THEN"
     " 'published before; it counts as that' WHEN cause = 'spool:lost' THEN 'dead: what it waited"
     " behind is lost' ELSE 'dead in its place; the document it came in can be read anew' END"
     " FROM entry WHERE cause IN ('spool:lost', 'spool:damaged')"
     " AND number NOT IN (SELECT number FROM lost) ORDER BY 1"},
    {LOSS_DELIVERY, "SELECT number, number, NULL, state > 2, CASE WHEN state > 2 THEN 'over before,"
                    " its row is made anew' ELSE 'its row is made anew' END FROM delivery"
                    " WHERE number IN (SELECT number FROM lost_delivery) ORDER BY 1"},
    {LOSS_DELIVERY, "SELECT number, number, NULL, 0, 'dead: its event, or what was before it, is"
                    " lost' FROM delivery WHERE cause IN ('spool:damaged', 'spool:lost') AND"
                    " number NOT IN (SELECT number FROM lost_delivery) ORDER BY 1"},
    {LOSS_DAY,
     "SELECT s.day, s.missing - ifnull(l.found, 0), n.text, 0, 'received that day and not there'"
     " FROM short s LEFT JOIN name n ON n.no = s.partner LEFT JOIN (SELECT"
     " (at + 25200000) / 86400000 AS day, partner, count(*) AS found FROM lost GROUP BY 1, 2) l"
     " ON l.day = s.day AND l.partner = s.partner WHERE s.missing > ifnull(l.found, 0) ORDER BY 1"},
    {LOSS_PLACES, "SELECT max(after, 0) + 1, min(last, (SELECT max(number) FROM entry)), NULL, 1,"
                  " 'where these are on Kafka' FROM hole WHERE tbl = 'placement'"},
    {LOSS_KEY, "SELECT 1, count(*), NULL, 0, 'ids whose content is not known: a repeat is kept as a"
               " conflict' FROM dedupe WHERE length(content) = 0 AND number NOT IN"
               " (SELECT number FROM dedupe WHERE length(content) > 0) HAVING count(*) > 0"},
    {LOSS_SETTING, "SELECT no, no, NULL, 0, 'the name of a partner, an adapter or a type; it is'"
                   " || ' called ' || text || ' now' FROM name WHERE text = 'unknown-' || no"},
    {LOSS_SETTING, "SELECT no, no, NULL, 0, 'a schema; what was written by it is dead or passed"
                   " over' FROM no_schema"},
    {LOSS_SETTING,
     "SELECT DISTINCT 0, 0, NULL, 0, 'rows of ' || tbl || ' may be missing' FROM hole WHERE tbl IN"
     " ('setting', 'released', 'reference', 'tally', 'notice', 'delivery_sum', 'trail', 'position',"
     " 'paused', 'shortened', 'upload', 'file_use', 'audit', 'revision', 'mended', 'former_id',"
     " 'job', 'job_item', 'saved_filter', 'delivery_tally')"},
};

static bool tell_rows(struct telling *telling, enum spool_loss_kind kind, const char *sql,
                      struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(telling->database, sql, why);
    if (!rows)
        return false;
    for (bool found;;) {
        if (!database_next(telling->database, rows, "look for what is lost", &found, why))
            return false;
        if (!found)
            return true;
        tell(telling, (struct spool_loss){
                          .kind = kind,
                          .first = sqlite3_column_int64(rows, 0),
                          .last = sqlite3_column_int64(rows, 1),
                          .dossier_code = (const char *)sqlite3_column_text(rows, 2),
                          .is_published = sqlite3_column_int(rows, 3),
                          .text = (const char *)sqlite3_column_text(rows, 4),
                      });
    }
}

/* ---- numbers of which nothing is left ---- */

static void tell_gap(struct telling *telling, int64_t first, int64_t last)
{
    if (first <= last)
        tell(telling, (struct spool_loss){
                          .kind = LOSS_NUMBERS,
                          .first = first,
                          .last = last,
                          .text = "nothing is known of them; what was pruned is among them",
                      });
}

static bool tell_gaps(struct telling *telling, int64_t after, int64_t last, struct fault *why)
{
    static const char sql[] =
        "SELECT number FROM (SELECT number FROM entry WHERE number > ?1 AND number <= ?2 UNION"
        " SELECT number FROM released WHERE number > ?1 AND number <= ?2 UNION"
        " SELECT number FROM notice WHERE number > ?1 AND number <= ?2) ORDER BY 1";
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(telling->database, sql, why);
    if (!rows)
        return false;
    bind_number(rows, 1, after);
    bind_number(rows, 2, last);
    for (bool found;;) {
        if (!database_next(telling->database, rows, "look for numbers", &found, why))
            return false;
        if (!found)
            break;
        int64_t number = sqlite3_column_int64(rows, 0);
        tell_gap(telling, after + 1, number - 1);
        after = number;
    }
    tell_gap(telling, after + 1, last);
    return true;
}

static bool tell_numbers(struct telling *telling, struct fault *why)
{
    static const char sql[] =
        "SELECT max(after, 0), min(last, max(ifnull((SELECT max(number) FROM entry), 0),"
        " ifnull((SELECT max(number) FROM released), 0), ifnull((SELECT max(number) FROM notice),"
        " 0))) FROM hole WHERE tbl = 'entry' GROUP BY 1, 2";
    auto_free(sqlite3_finalize) sqlite3_stmt *holes = database_prepare(telling->database, sql, why);
    if (!holes)
        return false;
    for (bool found;;) {
        if (!database_next(telling->database, holes, "look for holes", &found, why))
            return false;
        if (!found)
            return true;
        if (!tell_gaps(telling, sqlite3_column_int64(holes, 0), sqlite3_column_int64(holes, 1),
                       why))
            return false;
    }
}

/* ---- originals ---- */

static bool let_go(struct telling *telling, int64_t number, struct fault *why)
{
    static const char empty[] = "INSERT OR REPLACE INTO shortened VALUES (?1, digest_of(x'', 32))";
    static const char drop[] =
        "UPDATE entry SET original = x'', packed_from = NULL WHERE number = ?1";
    static const char *const steps[] = {empty, drop};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        auto_free(sqlite3_finalize) sqlite3_stmt *step =
            database_prepare(telling->database, steps[i], why);
        if (!step)
            return false;
        bind_number(step, 1, number);
        if (!database_step(telling->database, step, "let an original go", why))
            return false;
    }
    return true;
}

static bool tell_original(struct telling *telling, int64_t number, const char *code,
                          bool is_published, struct fault *why)
{
    struct fault reading;
    size_t size;
    auto_free(free) char *original = spool_original(telling->reader, number, &size, &reading);
    if (original || reading.kind != FAULT_BROKEN)
        return true;
    tell(telling, (struct spool_loss){
                      .kind = LOSS_ORIGINAL,
                      .first = number,
                      .last = number,
                      .dossier_code = code,
                      .is_published = is_published,
                      .text = "the document it came in; its event is as it was",
                  });
    return let_go(telling, number, why);
}

/* What a step changes is behind what the steps before it read. */
static bool tell_originals(struct telling *telling, struct fault *why)
{
    static const char sql[] =
        "SELECT e.number, e.dossier_code, e.state IN (0, 4) AND ifnull(e.released, e.number) <="
        " (SELECT value FROM fact WHERE name = 'watermark') FROM entry e WHERE e.number > ?1 AND"
        " e.number = e.document AND e.number NOT IN (SELECT number FROM lost)"
        " ORDER BY e.number LIMIT 1";
    auto_free(sqlite3_finalize) sqlite3_stmt *next = database_prepare(telling->database, sql, why);
    if (!next)
        return false;
    for (int64_t after = 0;;) {
        bool found;
        bind_number(next, 1, after);
        if (!database_next(telling->database, next, "look for originals", &found, why))
            return false;
        if (!found)
            return true;
        after = sqlite3_column_int64(next, 0);
        const char *text = (const char *)sqlite3_column_text(next, 1);
        bool is_published = sqlite3_column_int(next, 2);
        auto_free(free) char *code = text ? strdup(text) : NULL;
        (void)sqlite3_reset(next); /* it was read */
        if (!tell_original(telling, after, code, is_published, why))
            return false;
    }
}

/* ---- all of it ---- */

static bool tell_receipt_key(struct telling *telling, struct fault *why)
{
    int64_t is_lost;
    if (!database_number(telling->database,
                         "SELECT value FROM fact WHERE name = 'receipt_key_lost'", &is_lost, why))
        return false;
    if (is_lost)
        tell(telling, (struct spool_loss){
                          .kind = LOSS_SETTING,
                          .text = "the key of receipts: those that were given hold no more, unless "
                                  "--backup has it",
                      });
    return true;
}

bool loss_tell(sqlite3 *database, struct spool_reader *reader, const struct spool_repair_seen *seen,
               int64_t *count, struct fault *why)
{
    struct telling telling = {.database = database, .reader = reader, .seen = seen};
    memcpy(telling.receipt_key, spool_reader_key(reader), RECEIPT_KEY_SIZE);
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++)
        if (!tell_rows(&telling, queries[i].kind, queries[i].sql, why))
            return false;
    if (!tell_receipt_key(&telling, why) || !tell_numbers(&telling, why) ||
        !tell_originals(&telling, why))
        return false;
    *count = telling.count;
    return true;
}
