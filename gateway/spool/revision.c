/* SPDX-License-Identifier: Apache-2.0 */
/* Mended documents: kept beside their entry, each with who wrote it, why, and who approved it. */
#include "spool/revision.h"

#include "spool/body.h"
#include "spool/row.h"

#include <string.h>

void revision_facts_end(struct revision_facts *facts)
{
    free(facts->author);
}

bool revision_find(struct store *store, int64_t entry, int32_t no, struct revision_facts *facts,
                   struct fault *why)
{
    static const char sql[] =
        "SELECT state, author, sha256, NOT EXISTS (SELECT 1 FROM revision n WHERE n.entry = ?1 AND"
        " n.no > ?2 AND n.state <> 3) FROM revision WHERE entry = ?1 AND no = ?2";
    auto_free(statement_rest) sqlite3_stmt *find = store_statement(store, sql, why);
    bool found = false;
    if (!find)
        return false;
    bind_number(find, 1, entry);
    bind_number(find, 2, no);
    if (!database_next(store->database, find, "find a revision", &found, why))
        return false;
    if (!found)
        return fault_set(why, FAULT_REFUSE, "spool: there is no such revision");
    const char *author = (const char *)sqlite3_column_text(find, 1);
    if (!author || sqlite3_column_bytes(find, 2) != SHA256_SIZE)
        return fault_set(why, FAULT_BROKEN, "spool: a revision is damaged");
    facts->state = (enum revision_state)sqlite3_column_int(find, 0);
    facts->author = strdup(author);
    memcpy(facts->sha256, sqlite3_column_blob(find, 2), SHA256_SIZE);
    facts->is_newest = sqlite3_column_int(find, 3);
    return facts->author || fault_memory(why);
}

static bool next_number(struct store *store, int64_t entry, int32_t *no, struct fault *why)
{
    static const char sql[] = "SELECT ifnull(max(no), 0) + 1 FROM revision WHERE entry = ?";
    auto_free(statement_rest) sqlite3_stmt *find = store_statement(store, sql, why);
    bool found = false;
    if (!find)
        return false;
    bind_number(find, 1, entry);
    if (!database_next(store->database, find, "count revisions", &found, why))
        return false;
    *no = sqlite3_column_int(find, 0);
    return true;
}

/* Under the key of its entry's dossier, as far as it is in the lane of one. */
static bool seal(struct store *store, int64_t entry, int32_t no, struct stored_body *body,
                 struct fault *why)
{
    static const char sql[] = "SELECT iif(dossier_key IS NULL, NULL, dossier_code), document,"
                              " dossier_code FROM entry WHERE number = ?";
    auto_free(statement_rest) sqlite3_stmt *find = store_statement(store, sql, why);
    bool found = false;
    if (!find)
        return false;
    bind_number(find, 1, entry);
    if (!database_next(store->database, find, "find an entry", &found, why))
        return false;
    const struct vault_owner owner = {(const char *)sqlite3_column_text(find, 0),
                                      sqlite3_column_int64(find, 1),
                                      (const char *)sqlite3_column_text(find, 2)};
    const struct body_place place = {BODY_REVISION, entry, no};
    return vault_seal(&store->vault, &owner, &place, body, why);
}

static bool insert(struct store *store, const struct spool_deed *deed, int32_t no,
                   const struct body *body, struct fault *why)
{
    static const char sql[] =
        "INSERT INTO revision VALUES (?, ?, ?, ?, ?, ?, NULL, 0, ?, ?, ?, nullif(?, 0))";
    const struct spool_record *record = &deed->record;
    uint8_t digest[SHA256_SIZE];
    auto_body stored = {.bytes = body->bytes, .size = body->size};
    auto_free(statement_rest) sqlite3_stmt *add = store_statement(store, sql, why);
    if (!add || !seal(store, deed->entry, no, &stored, why))
        return false;
    digest_sha256(deed->bytes, deed->size, digest);
    bind_number(add, 1, deed->entry);
    bind_number(add, 2, no);
    bind_number(add, 3, record->at_ms);
    bind_number(add, 4, REVISION_PROPOSED);
    bind_text(add, 5, record->actor.name ? record->actor.name : "");
    bind_text(add, 6, record->reason ? record->reason : "");
    bind_bytes(add, 7, digest, sizeof digest);
    if (body->packed_from)
        bind_number(add, 8, (int64_t)body->packed_from);
    bind_bytes(add, 9, stored.bytes, stored.size);
    bind_number(add, 10, stored.is_sealed ? SEALED_YES : SEALED_NOT);
    return database_step(store->database, add, "store a revision", why);
}

bool revision_add(struct store *store, const struct spool_deed *deed, int32_t *no,
                  struct fault *why)
{
    struct body body = {0};
    const struct file_uses uses = {deed->entry, false, deed->files, deed->file_count};
    int32_t next;
    if (!next_number(store, deed->entry, &next, why) ||
        !body_pack(deed->bytes, deed->size, store->compress_above_bytes, &body, why))
        return false;
    bool is_added = insert(store, deed, next, &body, why) && store_file_uses(store, &uses, why);
    body_release(&body);
    if (is_added)
        *no = next;
    return is_added;
}

bool revision_set(struct store *store, const struct spool_deed *deed, enum revision_state state,
                  struct fault *why)
{
    static const char sql[] =
        "UPDATE revision SET state = ?3, approver = iif(?3 = 1, ?4, approver),"
        " approved_at = iif(?3 = 1, ?5, approved_at) WHERE entry = ?1 AND no = ?2";
    auto_free(statement_rest) sqlite3_stmt *update = store_statement(store, sql, why);
    if (!update)
        return false;
    bind_number(update, 1, deed->entry);
    bind_number(update, 2, deed->revision);
    bind_number(update, 3, state);
    bind_text(update, 4, deed->record.actor.name ? deed->record.actor.name : "");
    bind_number(update, 5, deed->record.at_ms);
    return database_step(store->database, update, "change a revision", why);
}

/* ---- reading ---- */

/* A walk over the revisions of an entry. */
struct listing {
    struct spool_reader *reader;
    sqlite3_stmt *rows;
    int64_t entry;
    int32_t with; /* of this one the bytes are asked for */
    bool (*each)(void *own, const struct spool_revision *revision);
    void *own;
};

/* The bytes when they are asked for and whole; the caller owns them. */
static bool read_bytes(const struct listing *listing, struct spool_revision *revision, char **bytes,
                       struct fault *why)
{
    uint8_t digest[SHA256_SIZE];
    sqlite3_stmt *row = listing->rows;
    const struct kept_body kept = {
        .place = {BODY_REVISION, listing->entry, revision->no},
        .state = (enum sealed_state)sqlite3_column_int(row, 10),
        .stored = {.bytes = sqlite3_column_blob(row, 9),
                   .size = (size_t)sqlite3_column_bytes(row, 9)},
        .packed_from = (size_t)sqlite3_column_int64(row, 8),
    };
    *bytes = row_unpack(listing->reader, &kept, &revision->size, why);
    if (!*bytes)
        return false;
    digest_sha256(*bytes, revision->size, digest);
    if (memcmp(digest, revision->sha256, sizeof digest) != 0)
        return fault_set(why, FAULT_BROKEN, "spool: a revision is not what its digest says");
    revision->bytes = *bytes;
    return true;
}

static bool give_revision(const struct listing *listing, bool *goes_on, struct fault *why)
{
    sqlite3_stmt *row = listing->rows;
    auto_free(free) char *bytes = NULL;
    struct spool_revision revision = {
        .no = sqlite3_column_int(row, 0),
        .at_ms = sqlite3_column_int64(row, 1),
        .state = (enum revision_state)sqlite3_column_int(row, 2),
        .author = (const char *)sqlite3_column_text(row, 3),
        .reason = (const char *)sqlite3_column_text(row, 4),
        .approver = (const char *)sqlite3_column_text(row, 5),
        .approved_at_ms = sqlite3_column_int64(row, 6),
    };
    if (sqlite3_column_bytes(row, 7) != SHA256_SIZE)
        return fault_set(why, FAULT_BROKEN, "spool: a revision is damaged");
    memcpy(revision.sha256, sqlite3_column_blob(row, 7), SHA256_SIZE);
    if (revision.no == listing->with && !read_bytes(listing, &revision, &bytes, why))
        return false;
    *goes_on = listing->each(listing->own, &revision);
    return true;
}

bool spool_revisions(struct spool_reader *reader, int64_t entry, int32_t with,
                     bool (*each)(void *own, const struct spool_revision *revision), void *own,
                     struct fault *why)
{
    static const char sql[] =
        "SELECT no, at, state, author, reason, approver, approved_at, sha256, packed_from,"
        " iif(no = ?2, bytes, NULL), sealed FROM revision WHERE entry = ?1 ORDER BY no";
    auto_free(statement_rest) sqlite3_stmt *rows = row_statement(reader, sql, why);
    if (!rows)
        return false;
    bind_number(rows, 1, entry);
    bind_number(rows, 2, with);
    const struct listing listing = {reader, rows, entry, with, each, own};
    for (bool found, goes_on = true; goes_on;) {
        if (!database_next(reader->database, rows, "read revisions", &found, why))
            return false;
        if (!found)
            return true;
        if (!give_revision(&listing, &goes_on, why))
            return false;
    }
    return true;
}

bool spool_is_stale(struct spool_reader *reader, int64_t entry, const char *dossier_code,
                    bool *is_stale, struct fault *why)
{
    auto_free(statement_rest) sqlite3_stmt *find = row_statement(reader, lane_stale_sql, why);
    if (!find)
        return false;
    bind_number(find, 1, entry);
    if (dossier_code)
        bind_number(find, 2, dossier_key(dossier_code));
    bind_text(find, 3, dossier_code);
    return database_next(reader->database, find, "look along the lane", is_stale, why);
}
