/* SPDX-License-Identifier: Apache-2.0 */
/* One dossier made unreadable for good: its keys are overwritten, and so is what they sealed.  Rows
 * stay: that something came, when, from whom, and what became of it. */
#include "spool/encryption.h"

#include "base/clock.h"
#include "spool/writer.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

/* The rows of one document: they follow one another. */
struct span {
    int64_t first, last;
};

struct shredding {
    struct store *store;
    const char *code;
    int64_t key; /* of the code */
    const struct spool_record *record;
    struct span *spans;
    size_t span_count;
    struct spool_shredded *done;
    bool is_refused;
    struct fault refusal;
};

#define DOSSIER "dossier_key = ?1 AND dossier_code = ?2"
#define ENTRIES "SELECT number FROM entry WHERE " DOSSIER
/* Documents that it has rows in, and those that are about it without being in its lane. */
#define DOCUMENTS                                                                                  \
    "SELECT document FROM entry WHERE " DOSSIER " UNION SELECT owner FROM data_key WHERE " DOSSIER \
    " AND owner > 0"
#define ARRIVALS "SELECT number FROM arrival WHERE " DOSSIER
#define FILE_USES                                                                                  \
    " FROM file_use WHERE (is_arrival = 0 AND number IN (" ENTRIES                                 \
    " UNION SELECT owner FROM data_key WHERE " DOSSIER " AND owner > 0))"                          \
    " OR (is_arrival = 1 AND number IN (" ARRIVALS "))"

/* A statement of the dossier: ?1 its key, ?2 its code, ?3 and ?4 as they are given. */
static sqlite3_stmt *prepare(const struct shredding *shredding, const char *sql, int64_t third,
                             int64_t fourth, struct fault *why)
{
    sqlite3_stmt *statement = database_prepare(shredding->store->database, sql, why);
    if (!statement)
        return NULL;
    bind_number(statement, 1, shredding->key);
    bind_text(statement, 2, shredding->code);
    bind_number(statement, 3, third); /* not all have these */
    bind_number(statement, 4, fourth);
    return statement;
}

static bool ask(const struct shredding *shredding, const char *sql, bool *found, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *find =
        prepare(shredding, sql, shredding->store->counters.watermark, 0, why);
    return find &&
           database_next(shredding->store->database, find, "look along a dossier", found, why);
}

/* ---- what is there ---- */

static bool add_span(struct shredding *shredding, int64_t first, struct fault *why)
{
    static const char end_sql[] = "SELECT (SELECT number FROM entry WHERE number > ?3 AND document"
                                  " <> ?3 ORDER BY number LIMIT 1),"
                                  " (SELECT max(number) FROM entry), ?1, ?2";
    auto_free(sqlite3_finalize) sqlite3_stmt *find = prepare(shredding, end_sql, first, 0, why);
    bool found = false;
    struct span *more =
        reallocarray(shredding->spans, shredding->span_count + 1, sizeof *shredding->spans);
    if (!more)
        return fault_memory(why);
    shredding->spans = more;
    if (!find || !database_next(shredding->store->database, find, "find a document", &found, why))
        return false;
    bool is_last = sqlite3_column_type(find, 0) == SQLITE_NULL;
    shredding->spans[shredding->span_count++] = (struct span){
        first, is_last ? sqlite3_column_int64(find, 1) : sqlite3_column_int64(find, 0) - 1};
    return true;
}

static bool find_documents(struct shredding *shredding, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = prepare(shredding, DOCUMENTS, 0, 0, why);
    if (!rows)
        return false;
    for (bool found;;) {
        if (!database_next(shredding->store->database, rows, "find documents", &found, why))
            return false;
        if (!found)
            return true;
        if (!add_span(shredding, sqlite3_column_int64(rows, 0), why))
            return false;
    }
}

/* ---- may it be done ---- */

static bool refuse(struct shredding *shredding, const char *text)
{
    shredding->is_refused = true;
    return fault_set(&shredding->refusal, FAULT_REFUSE, "spool: %s", text);
}

static bool judge_documents(struct shredding *shredding, struct fault *why)
{
    static const char sql[] =
        "SELECT 1, ?1, ?2 FROM entry WHERE number BETWEEN ?3 AND ?4 AND (state IN (1, 2)"
        " OR (state = 0 AND number > ?5) OR (state = 4 AND released > ?5)) LIMIT 1";
    for (size_t i = 0; i < shredding->span_count; i++) {
        bool found = false;
        auto_free(sqlite3_finalize) sqlite3_stmt *find =
            prepare(shredding, sql, shredding->spans[i].first, shredding->spans[i].last, why);
        if (!find)
            return false;
        bind_number(find, 5, shredding->store->counters.watermark);
        if (!database_next(shredding->store->database, find, "look at a document", &found, why))
            return false;
        if (found)
            (void)refuse(shredding, "an entry of the dossier, or of a document that it shares, is "
                                    "not yet published or discarded");
    }
    return true;
}

static bool judge(struct shredding *shredding, struct fault *why)
{
    static const char waits_sql[] =
        "SELECT 1 FROM arrival a JOIN delivery d ON d.number BETWEEN a.number * 1024 AND"
        " a.number * 1024 + 1023 WHERE a.dossier_key = ?1 AND a.dossier_code = ?2"
        " AND d.state < 3 LIMIT 1";
    bool waits = false;
    bool has_arrival = false;
    if (!shredding->store->vault.keys) {
        (void)refuse(shredding, "spool.encryption.key_file is not set: there is no key to destroy");
        return true;
    }
    if (!find_documents(shredding, why) || !ask(shredding, ARRIVALS " LIMIT 1", &has_arrival, why))
        return false;
    if (!shredding->span_count && !has_arrival) {
        (void)refuse(shredding, "nothing of that dossier is here");
        return true;
    }
    if (!judge_documents(shredding, why) || !ask(shredding, waits_sql, &waits, why))
        return false;
    if (waits && !shredding->is_refused)
        (void)refuse(shredding, "a delivery of the dossier is not yet over");
    return true;
}

/* ---- doing it ---- */

static bool run(const struct shredding *shredding, const char *sql, int64_t third, int64_t fourth,
                struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *statement =
        prepare(shredding, sql, third, fourth, why);
    uint8_t digest[SHORT_DIGEST_SIZE];
    if (!statement)
        return false;
    short_digest("", 0, digest);
    bind_bytes(statement, 5, digest, sizeof digest); /* of what is left of an event */
    return database_step(shredding->store->database, statement, "shred", why);
}

static bool take_files(struct shredding *shredding, struct fault *why)
{
    static const char list_sql[] = "SELECT DISTINCT sha256" FILE_USES;
    struct spool_shredded *done = shredding->done;
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = prepare(shredding, list_sql, 0, 0, why);
    if (!rows)
        return false;
    for (bool found;;) {
        if (!database_next(shredding->store->database, rows, "look for files", &found, why))
            return false;
        if (!found)
            return true;
        if (sqlite3_column_bytes(rows, 0) != SHA256_SIZE)
            continue;
        void *more = reallocarray(done->files, done->file_count + 1, SHA256_SIZE);
        if (!more)
            return fault_memory(why);
        done->files = more;
        memcpy(done->files[done->file_count++], sqlite3_column_blob(rows, 0), SHA256_SIZE);
    }
}

/* Files that something else uses as well stay. */
static bool keep_used_files(struct shredding *shredding, struct fault *why)
{
    struct spool_shredded *done = shredding->done;
    size_t kept = 0;
    for (size_t i = 0; i < done->file_count; i++) {
        bool is_used = false;
        auto_free(sqlite3_finalize) sqlite3_stmt *find = database_prepare(
            shredding->store->database, "SELECT 1 FROM file_use WHERE sha256 = ? LIMIT 1", why);
        if (!find)
            return false;
        bind_bytes(find, 1, done->files[i], SHA256_SIZE);
        if (!database_next(shredding->store->database, find, "look for a use", &is_used, why))
            return false;
        if (!is_used)
            memmove(done->files[kept++], done->files[i], SHA256_SIZE);
    }
    done->file_count = kept;
    return true;
}

static bool end_files(struct shredding *shredding, struct fault *why)
{
    return take_files(shredding, why) && run(shredding, "DELETE" FILE_USES, 0, 0, why) &&
           keep_used_files(shredding, why);
}

/* The keys first: an UPDATE of equal size writes over what was there. */
static bool destroy_keys(struct shredding *shredding, struct fault *why)
{
    static const char own_sql[] = "UPDATE data_key SET wrapped = zeroblob(length(wrapped)),"
                                  " shredded_at = ?3 WHERE " DOSSIER " AND shredded_at IS NULL";
    static const char shared_sql[] =
        "UPDATE data_key SET wrapped = zeroblob(length(wrapped)), shredded_at = ?3"
        " WHERE owner IN (" DOCUMENTS ") AND shredded_at IS NULL";
    int64_t now = clock_now_ms();
    if (!run(shredding, own_sql, now, 0, why))
        return false;
    shredding->done->keys = sqlite3_changes64(shredding->store->database);
    if (!run(shredding, shared_sql, now, 0, why))
        return false;
    shredding->done->keys += sqlite3_changes64(shredding->store->database);
    return true;
}

/* Also what was never sealed, and what is of no dossier in a document that has no key any more. */
static bool blank_document(struct shredding *shredding, const struct span *span, struct fault *why)
{
    static const char *const statements[] = {
        "UPDATE entry SET original = x'', packed_from = NULL, original_sealed = 2"
        " WHERE number = ?3",
        "UPDATE entry SET event = x'', event_digest = ?5, event_sealed = 2"
        " WHERE number BETWEEN ?3 AND ?4 AND dossier_key IS NULL AND event IS NOT NULL",
        "UPDATE revision SET bytes = x'', packed_from = NULL, sealed = 2 WHERE entry IN"
        " (SELECT number FROM entry WHERE number BETWEEN ?3 AND ?4"
        " AND (dossier_key IS NULL OR (" DOSSIER ")))",
    };
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        if (!run(shredding, statements[i], span->first, span->last, why))
            return false;
    return true;
}

static bool blank(struct shredding *shredding, struct fault *why)
{
    static const char entries_sql[] =
        "UPDATE entry SET event = iif(event IS NULL, NULL, x''),"
        " event_digest = iif(event IS NULL, NULL, ?5), event_sealed = 2 WHERE " DOSSIER;
    static const char arrivals_sql[] =
        "UPDATE arrival SET event = x'', event_digest = ?5, sealed = 2 WHERE " DOSSIER;
    sqlite3 *database = shredding->store->database;
    for (size_t i = 0; i < shredding->span_count; i++)
        if (!blank_document(shredding, &shredding->spans[i], why))
            return false;
    if (!run(shredding, entries_sql, 0, 0, why))
        return false;
    shredding->done->entries = sqlite3_changes64(database);
    if (!run(shredding, arrivals_sql, 0, 0, why))
        return false;
    shredding->done->arrivals = sqlite3_changes64(database);
    return true;
}

static bool put_on_record(const struct shredding *shredding, struct fault *why)
{
    const struct spool_shredded *done = shredding->done;
    struct spool_record record = *shredding->record;
    auto_free(free) char *object = NULL;
    if (asprintf(&object, "dossier:%s", shredding->code) < 0) {
        object = NULL;
        return fault_memory(why);
    }
    auto_free(json_decref) json_t *detail =
        shredding->is_refused
            ? json_pack("{ss}", "refused", shredding->refusal.text)
            : json_pack("{sI sI sI sI}", "entries", (json_int_t)done->entries, "arrivals",
                        (json_int_t)done->arrivals, "keys", (json_int_t)done->keys, "files",
                        (json_int_t)done->file_count);
    auto_free(free) char *text = detail ? json_dumps(detail, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (!text)
        return fault_memory(why);
    record.object = object;
    record.outcome = shredding->is_refused ? "refused" : "done";
    record.detail = text;
    return audit_append(shredding->store, &record, why);
}

static bool work_shred(struct store *store, void *arguments, struct fault *why)
{
    struct shredding *shredding = arguments;
    shredding->store = store;
    if (!judge(shredding, why))
        return false;
    if (!shredding->is_refused) {
        store->wants_short_log = true;
        if (!destroy_keys(shredding, why) || !end_files(shredding, why) || !blank(shredding, why))
            return false;
    }
    return put_on_record(shredding, why);
}

/* ---- the log ---- */

static bool work_log(struct store *store, void *arguments, struct fault *why)
{
    bool *is_short = arguments;
    (void)why; /* it only looks */
    *is_short = !store->wants_short_log;
    return true;
}

/* The writer cuts it after a group, as soon as no reader looks at what is in it.  A writer that
 * ends or fails meanwhile has not cut it; what is shredded stays so. */
static bool wait_for_log(struct spool *spool)
{
    enum { ROUNDS = 100, ROUND_US = 50000 };
    bool is_short = false;
    struct fault why;
    for (int round = 0; round < ROUNDS && !is_short; round++) {
        if (round > 0)
            (void)usleep(ROUND_US);
        if (!writer_do(spool, work_log, &is_short, &why))
            return false;
    }
    return is_short;
}

void spool_shredded_end(struct spool_shredded *done)
{
    free(done->files);
    done->files = NULL;
}

bool spool_shred(struct spool *spool, const char *dossier_code, const struct spool_record *record,
                 struct spool_shredded *done, struct fault *why)
{
    struct shredding shredding = {
        .code = dossier_code, .key = dossier_key(dossier_code), .record = record, .done = done};
    *done = (struct spool_shredded){0};
    bool is_done = writer_do(spool, work_shred, &shredding, why);
    free(shredding.spans);
    if (is_done && shredding.is_refused) {
        *why = shredding.refusal;
        is_done = false;
    }
    if (!is_done) {
        spool_shredded_end(done);
        return false;
    }
    done->log_is_short = wait_for_log(spool);
    return true;
}
