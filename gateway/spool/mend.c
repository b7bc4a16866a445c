/* SPDX-License-Identifier: Apache-2.0 */
/* A mended entry: its row holds the event that came out of a revision, and what it is known by
 * follows.  The original stays as it is, and the ids that it had before are remembered, so that
 * what comes again in its old shape is still a repeat. */
#include "spool/sealing.h"

#include <string.h>

/* The partner's name and the id that the entry has; the caller owns both. */
struct holder {
    char *partner;
    char *native_id; /* NULL: none was read */
};

static void end_holder(struct holder *holder)
{
    free(holder->partner);
    free(holder->native_id);
}

static bool read_holder(struct store *store, int64_t entry, struct holder *holder,
                        struct fault *why)
{
    static const char sql[] = "SELECT (SELECT text FROM name WHERE no = partner), native_id"
                              " FROM entry WHERE number = ?";
    auto_free(statement_rest) sqlite3_stmt *find = store_statement(store, sql, why);
    bool found = false;
    if (!find)
        return false;
    bind_number(find, 1, entry);
    if (!database_next(store->database, find, "find an entry", &found, why))
        return false;
    const char *partner = (const char *)sqlite3_column_text(find, 0);
    const char *native_id = (const char *)sqlite3_column_text(find, 1);
    if (!found || !partner)
        return fault_set(why, FAULT_BROKEN, "spool: an entry is damaged: it has no partner");
    holder->partner = strdup(partner);
    holder->native_id = native_id ? strdup(native_id) : NULL;
    return (holder->partner && (!native_id || holder->native_id)) || fault_memory(why);
}

/* The entry that is known by a key; 0: none is. */
static bool find_known(struct store *store, const uint8_t key[SHORT_DIGEST_SIZE], int64_t *entry,
                       struct fault *why)
{
    static const char sql[] = "SELECT number FROM dedupe WHERE key = ?";
    auto_free(statement_rest) sqlite3_stmt *find = store_statement(store, sql, why);
    bool found = false;
    if (!find)
        return false;
    bind_bytes(find, 1, key, SHORT_DIGEST_SIZE);
    if (!database_next(store->database, find, "look for an id", &found, why))
        return false;
    *entry = found ? sqlite3_column_int64(find, 0) : 0;
    return true;
}

bool mend_check(struct store *store, int64_t entry, const struct spool_item *item,
                struct fault *why)
{
    __attribute__((cleanup(end_holder))) struct holder holder = {NULL, NULL};
    uint8_t key[SHORT_DIGEST_SIZE];
    int64_t known = 0;
    if (!item->event || item->cause)
        return fault_set(why, FAULT_REFUSE, "spool: the revision gives no event");
    if (!item->native_id)
        return true;
    if (!read_holder(store, entry, &holder, why))
        return false;
    dedupe_key(holder.partner, item->native_id, item->native_id_size, NULL, key);
    if (!find_known(store, key, &known, why))
        return false;
    return known == 0 || known == entry ||
           fault_set(why, FAULT_REFUSE, "spool: another entry has the id that the revision gives");
}

static bool keep_former_id(struct store *store, int64_t entry, const struct holder *holder,
                           const struct spool_item *item, struct fault *why)
{
    static const char sql[] = "INSERT INTO former_id VALUES (?, ?) ON CONFLICT DO NOTHING";
    bool is_same = holder->native_id && item->native_id &&
                   strlen(holder->native_id) == item->native_id_size &&
                   memcmp(holder->native_id, item->native_id, item->native_id_size) == 0;
    if (!holder->native_id || is_same)
        return true;
    auto_free(statement_rest) sqlite3_stmt *add = store_statement(store, sql, why);
    if (!add)
        return false;
    bind_number(add, 1, entry);
    bind_text(add, 2, holder->native_id);
    return database_step(store->database, add, "keep a former id", why);
}

/* What was known by this id before, which can only be itself, stays known by its old content: that
 * is what its sender may repeat. */
static bool know_by_id(struct store *store, int64_t entry, const struct holder *holder,
                       const struct spool_item *item, struct fault *why)
{
    static const char sql[] = "INSERT INTO dedupe VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
    uint8_t key[SHORT_DIGEST_SIZE];
    if (!item->native_id)
        return true;
    auto_free(statement_rest) sqlite3_stmt *add = store_statement(store, sql, why);
    if (!add)
        return false;
    dedupe_key(holder->partner, item->native_id, item->native_id_size, NULL, key);
    bind_bytes(add, 1, key, sizeof key);
    bind_bytes(add, 2, item->content_sha256, SHORT_DIGEST_SIZE);
    bind_number(add, 3, entry);
    return database_step(store->database, add, "remember an id", why);
}

static bool seal_event(struct store *store, int64_t entry, const struct spool_item *item,
                       struct stored_body *event, struct fault *why)
{
    static const char sql[] = "SELECT document FROM entry WHERE number = ?";
    const struct body_place place = {.kind = BODY_EVENT, .number = entry};
    auto_free(statement_rest) sqlite3_stmt *find = store_statement(store, sql, why);
    bool found = false;
    if (!find)
        return false;
    bind_number(find, 1, entry);
    if (!database_next(store->database, find, "find an entry", &found, why))
        return false;
    const struct vault_owner owner = {item->dossier_code, sqlite3_column_int64(find, 0), NULL};
    return vault_seal(&store->vault, &owner, &place, event, why);
}

static bool change_row(struct store *store, int64_t entry, const struct spool_item *item,
                       struct fault *why)
{
    static const char sql[] =
        "UPDATE entry SET event_type = ?2, occurred_at = ?3, due_at = ?4, schema_no = ?5,"
        " dossier_key = ?6, dossier_code = ?7, native_id = ?8, event_id = ?9, event_digest = ?10,"
        " event = ?11, event_sealed = nullif(?12, 0) WHERE number = ?1";
    uint8_t digest[SHORT_DIGEST_SIZE];
    int64_t event_type = 0;
    auto_body event = {.bytes = item->event, .size = item->event_size};
    auto_free(statement_rest) sqlite3_stmt *update = store_statement(store, sql, why);
    if (!update || !seal_event(store, entry, item, &event, why) ||
        (item->event_type && !store_name(store, item->event_type, &event_type, why)))
        return false;
    short_digest(event.bytes, event.size, digest);
    bind_number(update, 1, entry);
    if (item->event_type)
        bind_number(update, 2, event_type);
    bind_number(update, 3, item->occurred_at_ms);
    bind_number(update, 4, item->due_at_ms);
    bind_number(update, 5, item->schema_no);
    if (item->dossier_code)
        bind_number(update, 6, dossier_key(item->dossier_code));
    bind_text(update, 7, item->dossier_code);
    if (item->native_id)
        (void)sqlite3_bind_text64(update, 8, item->native_id, item->native_id_size, SQLITE_STATIC,
                                  SQLITE_UTF8);
    bind_bytes(update, 9, item->event_id, UUID_SIZE);
    bind_bytes(update, 10, digest, sizeof digest);
    bind_bytes(update, 11, event.bytes, event.size);
    bind_number(update, 12, event.is_sealed ? SEALED_YES : SEALED_NOT);
    return database_step(store->database, update, "mend an entry", why);
}

bool mend_row(struct store *store, int64_t entry, const struct spool_item *item, int32_t revision,
              struct fault *why)
{
    static const char note[] = "INSERT OR REPLACE INTO mended (number, revision) VALUES (?, ?)";
    static const char forget[] = "DELETE FROM reference WHERE number = ?";
    __attribute__((cleanup(end_holder))) struct holder holder = {NULL, NULL};
    const struct file_uses uses = {entry, false, item->files, item->file_count};
    return read_holder(store, entry, &holder, why) &&
           keep_former_id(store, entry, &holder, item, why) &&
           know_by_id(store, entry, &holder, item, why) && change_row(store, entry, item, why) &&
           sealing_follow(store, entry, why) &&
           store_run(store, note, (const int64_t[]){entry, revision}, 2, why) &&
           store_run(store, forget, &entry, 1, why) && store_reference(store, item, entry, why) &&
           store_file_uses(store, &uses, why);
}
