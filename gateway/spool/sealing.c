/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies that lie in the spool, put under the keys that they belong under. */
#include "spool/sealing.h"

#include <string.h>

/* Columns of every query here: the row, the code of the lane or NULL, the owner's number, what it
 * is about, the state, the body, a revision's number. */
enum { ROW, LANE, OWNER, ABOUT, STATE, BYTES, REVISION };

struct sealing {
    struct store *store;
    const char *sql;    /* rows between ?1 and ?2 */
    const char *update; /* ?1 the row, ?2 the body, ?3 its digest */
    enum body_kind kind;
    int64_t *count;
};

/* The body of the row at hand as it was before it was sealed, when it is to be sealed anew. */
struct taken {
    struct stored_body plain; /* NULL bytes and is_at_home: it stays as it is */
    bool is_at_home;
};

/* What is shredded or damaged stays as it is too: it cannot be put anywhere, and `spool check`
 * tells. */
static bool take(const struct sealing *sealing, sqlite3_stmt *row, const struct vault_owner *owner,
                 struct taken *taken, struct fault *why)
{
    struct vault *vault = &sealing->store->vault;
    bool is_damaged;
    const struct body_place place = {sealing->kind, sqlite3_column_int64(row, ROW),
                                     sqlite3_column_int64(row, REVISION)};
    const struct stored_body stored = {.bytes = sqlite3_column_blob(row, BYTES),
                                       .size = (size_t)sqlite3_column_bytes(row, BYTES)};
    taken->plain = stored;
    if (sqlite3_column_int(row, STATE) != SEALED_YES)
        return true;
    if (!vault_holds(vault, owner, vault_key_of(stored.bytes, stored.size), &taken->is_at_home,
                     why))
        return false;
    if (taken->is_at_home)
        return true;
    taken->plain.owned = vault_unseal(vault, &place, &stored, &taken->plain.size, &is_damaged, why);
    taken->plain.bytes = taken->plain.owned;
    taken->is_at_home = !taken->plain.owned;
    return taken->plain.owned || is_damaged || why->kind == FAULT_REFUSE;
}

static bool write(const struct sealing *sealing, int64_t row, int64_t revision,
                  const struct stored_body *body, struct fault *why)
{
    uint8_t digest[SHORT_DIGEST_SIZE];
    auto_free(statement_rest) sqlite3_stmt *update =
        store_statement(sealing->store, sealing->update, why);
    if (!update)
        return false;
    short_digest(body->bytes, body->size, digest);
    bind_number(update, 1, row);
    bind_bytes(update, 2, body->bytes, body->size);
    bind_bytes(update, 3, digest, sizeof digest); /* not all statements have this and the next */
    bind_number(update, 4, revision);
    return database_step(sealing->store->database, update, "seal a body", why);
}

static void taken_end(struct taken *taken)
{
    stored_body_end(&taken->plain);
}

static bool settle(const struct sealing *sealing, sqlite3_stmt *row, struct fault *why)
{
    __attribute__((cleanup(taken_end))) struct taken taken = {.is_at_home = false};
    const struct vault_owner owner = {(const char *)sqlite3_column_text(row, LANE),
                                      sqlite3_column_int64(row, OWNER),
                                      (const char *)sqlite3_column_text(row, ABOUT)};
    const struct body_place place = {sealing->kind, sqlite3_column_int64(row, ROW),
                                     sqlite3_column_int64(row, REVISION)};
    if (!take(sealing, row, &owner, &taken, why))
        return false;
    if (taken.is_at_home)
        return true;
    auto_body body = {.bytes = taken.plain.bytes, .size = taken.plain.size};
    if (!vault_seal(&sealing->store->vault, &owner, &place, &body, why) ||
        !write(sealing, place.number, place.revision, &body, why))
        return false;
    ++*sealing->count;
    return true;
}

static bool settle_rows(const struct sealing *sealing, int64_t from, int64_t to, struct fault *why)
{
    if (!sealing->store->vault.keys)
        return true;
    for (int64_t at = from; at <= to;) {
        auto_free(statement_rest) sqlite3_stmt *rows =
            store_statement(sealing->store, sealing->sql, why);
        bool found = false;
        if (!rows)
            return false;
        bind_number(rows, 1, at);
        bind_number(rows, 2, to);
        if (!database_next(sealing->store->database, rows, "look for what is plain", &found, why))
            return false;
        if (!found)
            return true;
        at = sqlite3_column_int64(rows, REVISION + 1) + 1;
        if (!settle(sealing, rows, why))
            return false;
    }
    return true;
}

#define LANE_OF(e) "iif(" e ".dossier_key IS NULL, NULL, " e ".dossier_code)"
/* The dossier in whose lane all items of e's document are: they follow one another, up to the first
 * that is of another document. */
#define LANE_OF_ALL                                                                                \
    "iif(e.dossier_key IS NULL OR ifnull((SELECT o.document = e.number FROM entry o"               \
    " WHERE o.number > e.number AND (o.document <> e.number OR o.dossier_key IS NULL OR"           \
    " o.dossier_code <> e.dossier_code) ORDER BY o.number LIMIT 1), 0), NULL, e.dossier_code)"

static const char plain_event_sql[] = "SELECT e.number, " LANE_OF(
    "e") ", e.document, e.dossier_code, e.event_sealed, e.event, 0,"
         " e.number FROM entry e WHERE e.number BETWEEN ?1 AND ?2 AND e.event IS NOT NULL"
         " AND e.event_sealed IS NULL ORDER BY e.number LIMIT 1";
static const char seal_event_sql[] =
    "UPDATE entry SET event = ?2, event_digest = ?3, event_sealed = 1 WHERE number = ?1";

#define ORIGINALS                                                                                  \
    "SELECT e.number, " LANE_OF_ALL                                                                \
    ", e.number, iif(e.dossier_key IS NULL, e.dossier_code, NULL),"                                \
    " e.original_sealed, e.original, 0, e.number FROM entry e WHERE e.number BETWEEN ?1 AND ?2"    \
    " AND e.document = e.number AND "
static const char plain_original_sql[] =
    ORIGINALS "e.original_sealed IS NULL ORDER BY e.number LIMIT 1";
static const char sealed_original_sql[] =
    ORIGINALS "e.original_sealed = 1 ORDER BY e.number LIMIT 1";
static const char seal_original_sql[] =
    "UPDATE entry SET original = ?2, original_sealed = 1 WHERE number = ?1";

bool sealing_entries(struct store *store, int64_t from, int64_t to, int64_t *count,
                     struct fault *why)
{
    const struct sealing events = {store, plain_event_sql, seal_event_sql, BODY_EVENT, count};
    const struct sealing originals = {store, plain_original_sql, seal_original_sql, BODY_ORIGINAL,
                                      count};
    return settle_rows(&events, from, to, why) && settle_rows(&originals, from, to, why);
}

bool sealing_arrivals(struct store *store, int64_t from, int64_t to, int64_t *count,
                      struct fault *why)
{
    static const char sql[] =
        "SELECT number, dossier_code, -number, NULL, sealed, event, 0, number FROM arrival"
        " WHERE number BETWEEN ?1 AND ?2 AND sealed IS NULL ORDER BY number LIMIT 1";
    static const char update[] =
        "UPDATE arrival SET event = ?2, event_digest = ?3, sealed = 1 WHERE number = ?1";
    const struct sealing arrivals = {store, sql, update, BODY_ARRIVAL, count};
    return settle_rows(&arrivals, from, to, why);
}

#define REVISIONS                                                                                  \
    "SELECT r.entry, " LANE_OF("e") ", e.document, e.dossier_code, r.sealed, r.bytes, r.no,"
static const char seal_revision_sql[] =
    "UPDATE revision SET bytes = ?2, sealed = 1 WHERE entry = ?1 AND no = ?4";

bool sealing_revisions(struct store *store, int64_t from, int64_t to, int64_t *count,
                       struct fault *why)
{
    static const char sql[] =
        REVISIONS " r.rowid FROM revision r JOIN entry e ON e.number = r.entry"
                  " WHERE r.rowid BETWEEN ?1 AND ?2 AND r.sealed IS NULL ORDER BY r.rowid LIMIT 1";
    const struct sealing revisions = {store, sql, seal_revision_sql, BODY_REVISION, count};
    return settle_rows(&revisions, from, to, why);
}

/* ---- one entry ---- */

static bool revisions_follow(struct store *store, int64_t entry, struct fault *why)
{
    static const char sql[] =
        REVISIONS " r.no FROM revision r JOIN entry e ON e.number = r.entry"
                  " WHERE r.no BETWEEN ?1 AND ?2 AND r.entry = ?3 AND r.sealed = 1"
                  " ORDER BY r.no LIMIT 1";
    int64_t count = 0;
    const struct sealing sealing = {store, sql, seal_revision_sql, BODY_REVISION, &count};
    for (int64_t no = 1;;) {
        auto_free(statement_rest) sqlite3_stmt *rows = store_statement(store, sql, why);
        bool found = false;
        if (!rows)
            return false;
        bind_number(rows, 1, no);
        bind_number(rows, 2, INT64_MAX);
        bind_number(rows, 3, entry);
        if (!database_next(store->database, rows, "look for revisions", &found, why))
            return false;
        if (!found)
            return true;
        no = sqlite3_column_int64(rows, REVISION) + 1;
        if (!settle(&sealing, rows, why))
            return false;
    }
}

bool sealing_follow(struct store *store, int64_t entry, struct fault *why)
{
    static const char document_sql[] = "SELECT document FROM entry WHERE number = ?";
    int64_t count = 0;
    int64_t document = 0;
    bool found = false;
    const struct sealing originals = {store, sealed_original_sql, seal_original_sql, BODY_ORIGINAL,
                                      &count};
    if (!store->vault.keys)
        return true;
    auto_free(statement_rest) sqlite3_stmt *find = store_statement(store, document_sql, why);
    if (!find)
        return false;
    bind_number(find, 1, entry);
    if (!database_next(store->database, find, "find an entry", &found, why))
        return false;
    document = found ? sqlite3_column_int64(find, 0) : 0;
    return settle_rows(&originals, document, document, why) && revisions_follow(store, entry, why);
}
