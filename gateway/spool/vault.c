/* SPDX-License-Identifier: Apache-2.0 */
/* Data keys, wrapped by master keys, and the bodies under them. */
#include "spool/vault.h"

#include "spool/reader.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

enum {
    KEY_NO_SIZE = sizeof(int64_t), /* before a sealed body */
    PROOF_TEXT_SIZE = 16,
    PROOF_SIZE = PROOF_TEXT_SIZE + SEAL_OVERHEAD,
    OWNER_IDENTITY_SIZE = sizeof(int64_t) + SHA256_SIZE,
    PLACE_IDENTITY_SIZE = 1 + 2 * sizeof(int64_t)
};
static const char proof_text[PROOF_TEXT_SIZE + 1] = "lienthong master";

/* ---- master keys ---- */

static bool accept_master(const struct vault *vault, sqlite3_stmt *row, struct fault *why)
{
    const char *id = (const char *)sqlite3_column_text(row, 0);
    char text[PROOF_TEXT_SIZE];
    if (!id)
        return fault_set(why, FAULT_BROKEN, "spool: a master key has no id");
    if (!vault->keys)
        return fault_set(why, FAULT_BROKEN,
                         "spool: bodies are sealed under the master key %s, and "
                         "spool.encryption.key_file is not set",
                         id);
    const uint8_t *key = keyring_find(vault->keys, id);
    if (!key)
        return fault_set(why, FAULT_BROKEN,
                         "spool: bodies are sealed under the master key %s, which is not in the "
                         "file of spool.encryption.key_file",
                         id);
    const struct seal seal = {key, id, strlen(id)};
    if (sqlite3_column_bytes(row, 1) == PROOF_SIZE &&
        seal_open(&seal, sqlite3_column_blob(row, 1), PROOF_SIZE, text) &&
        memcmp(text, proof_text, PROOF_TEXT_SIZE) == 0)
        return true;
    return fault_set(why, FAULT_BROKEN,
                     "spool: the master key %s of spool.encryption.key_file is not the one that "
                     "bodies are sealed under",
                     id);
}

static bool accept_masters(const struct vault *vault, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *rows =
        database_prepare(vault->database, "SELECT id, proof FROM master_key ORDER BY no", why);
    if (!rows)
        return false;
    for (bool found;;) {
        if (!database_next(vault->database, rows, "read master keys", &found, why))
            return false;
        if (!found)
            return true;
        if (!accept_master(vault, rows, why))
            return false;
    }
}

static bool take_into_use(struct vault *vault, struct fault *why)
{
    const char *id = keyring_current(vault->keys);
    const struct seal seal = {keyring_find(vault->keys, id), id, strlen(id)};
    uint8_t proof[PROOF_SIZE];
    bool found = false;
    auto_free(sqlite3_finalize) sqlite3_stmt *add =
        database_prepare(vault->database,
                         "INSERT INTO master_key (id, proof) VALUES (?, ?)"
                         " ON CONFLICT (id) DO UPDATE SET id = excluded.id RETURNING no",
                         why);
    if (!add)
        return false;
    seal_close(&seal, proof_text, PROOF_TEXT_SIZE, proof);
    bind_text(add, 1, id);
    bind_bytes(add, 2, proof, sizeof proof);
    if (!database_next(vault->database, add, "take a master key into use", &found, why))
        return false;
    vault->master = sqlite3_column_int64(add, 0);
    /* Only behind its row is it committed. */
    return database_next(vault->database, add, "take a master key into use", &found, why);
}

bool vault_open(struct vault *vault, sqlite3 *database, struct statement_cache *kept,
                bool is_writer, struct fault *why)
{
    *vault = (struct vault){.database = database, .kept = kept, .keys = keyring_served()};
    if (!accept_masters(vault, why))
        return false;
    if (!vault->keys || !is_writer)
        return true;
    /* What is freed may have been plain, or a key. */
    return database_run(database, "PRAGMA secure_delete = ON", why) && take_into_use(vault, why);
}

/* ---- data keys ---- */

/* One data key, wiped when its scope ends. */
struct data_key {
    int64_t no;
    uint8_t key[SEAL_KEY_SIZE];
    bool is_damaged; /**< it is not there, or does not open under its master key */
};

static void end_data_key(struct data_key *key)
{
    sodium_memzero(key->key, sizeof key->key);
}
#define auto_key __attribute__((cleanup(end_data_key))) struct data_key

static void identify_owner(int64_t owner, const char *code, uint8_t identity[OWNER_IDENTITY_SIZE])
{
    memcpy(identity, &owner, sizeof owner);
    digest_sha256(code ? code : "", code ? strlen(code) : 0, identity + sizeof owner);
}

/* The key of a row of VAULT_KEY_COLUMNS. */
static bool unwrap(const struct vault *vault, sqlite3_stmt *row, struct data_key *key,
                   struct fault *why)
{
    uint8_t identity[OWNER_IDENTITY_SIZE];
    const char *id = (const char *)sqlite3_column_text(row, 3);
    const uint8_t *master = id && vault->keys ? keyring_find(vault->keys, id) : NULL;
    key->no = sqlite3_column_int64(row, 0);
    if (sqlite3_column_type(row, 5) != SQLITE_NULL)
        return fault_set(why, FAULT_REFUSE, SPOOL_SHREDDED);
    if (!master)
        return fault_set(why, FAULT_RETRY, "spool: key %" PRId64 ": its master key %s is not here",
                         key->no, id ? id : "?");
    identify_owner(sqlite3_column_int64(row, 1), (const char *)sqlite3_column_text(row, 2),
                   identity);
    const struct seal seal = {master, identity, sizeof identity};
    key->is_damaged = sqlite3_column_bytes(row, 4) != WRAPPED_SIZE ||
                      !seal_open(&seal, sqlite3_column_blob(row, 4), WRAPPED_SIZE, key->key);
    return !key->is_damaged ||
           fault_set(why, FAULT_BROKEN, "spool: key %" PRId64 " is damaged", key->no);
}

static void wrap(const struct vault *vault, const struct data_key *key, int64_t owner,
                 const char *code, uint8_t wrapped[WRAPPED_SIZE])
{
    uint8_t identity[OWNER_IDENTITY_SIZE];
    identify_owner(owner, code, identity);
    const struct seal seal = {keyring_find(vault->keys, keyring_current(vault->keys)), identity,
                              sizeof identity};
    seal_close(&seal, key->key, sizeof key->key, wrapped);
}

bool vault_rewrap(const struct vault *vault, sqlite3_stmt *row, uint8_t *wrapped, struct fault *why)
{
    auto_key key = {0};
    if (!unwrap(vault, row, &key, why))
        return false;
    wrap(vault, &key, sqlite3_column_int64(row, 1), (const char *)sqlite3_column_text(row, 2),
         wrapped);
    return true;
}

bool vault_proves(const struct vault *vault, sqlite3_stmt *row, struct fault *why)
{
    auto_key key = {0};
    return unwrap(vault, row, &key, why) || why->kind == FAULT_REFUSE;
}

/* The whole key that the owner has, of a shredded dossier the one that it got since. */
static bool find_own(const struct vault *vault, const struct vault_owner *owner,
                     struct data_key *key, bool *found, struct fault *why)
{
    static const char of_dossier[] =
        "SELECT " VAULT_KEY_COLUMNS " FROM data_key k WHERE k.dossier_key = ?1"
        " AND k.dossier_code = ?2 AND k.owner IS NULL AND k.shredded_at IS NULL"
        " ORDER BY k.no DESC LIMIT 1";
    static const char of_owner[] =
        "SELECT " VAULT_KEY_COLUMNS " FROM data_key k WHERE k.owner = ?1";
    const char *code = owner->dossier_code;
    auto_free(statement_rest) sqlite3_stmt *find =
        database_statement(vault->database, vault->kept, code ? of_dossier : of_owner, why);
    if (!find)
        return false;
    bind_number(find, 1, code ? dossier_key(code) : owner->owner);
    if (code)
        bind_text(find, 2, code);
    if (!database_next(vault->database, find, "look for a key", found, why))
        return false;
    if (!*found || unwrap(vault, find, key, why))
        return true;
    /* A damaged key must not keep a dossier's next documents out: they get another. */
    *found = false;
    return code != NULL;
}

static bool make(const struct vault *vault, const struct vault_owner *owner, struct data_key *key,
                 struct fault *why)
{
    static const char sql[] = "INSERT INTO data_key (master, owner, dossier_key, dossier_code,"
                              " wrapped) VALUES (?, ?, ?, ?, ?)";
    uint8_t wrapped[WRAPPED_SIZE];
    const char *code = owner->dossier_code ? owner->dossier_code : owner->about;
    auto_free(statement_rest) sqlite3_stmt *add =
        database_statement(vault->database, vault->kept, sql, why);
    if (!add)
        return false;
    randombytes_buf(key->key, sizeof key->key);
    wrap(vault, key, owner->dossier_code ? 0 : owner->owner, code, wrapped);
    bind_number(add, 1, vault->master);
    if (!owner->dossier_code)
        bind_number(add, 2, owner->owner);
    if (code)
        bind_number(add, 3, dossier_key(code));
    bind_text(add, 4, code);
    bind_bytes(add, 5, wrapped, sizeof wrapped);
    if (!database_step(vault->database, add, "store a key", why))
        return false;
    key->no = sqlite3_last_insert_rowid(vault->database);
    return true;
}

static bool find_by_number(const struct vault *vault, int64_t no, struct data_key *key,
                           struct fault *why)
{
    static const char sql[] = "SELECT " VAULT_KEY_COLUMNS " FROM data_key k WHERE k.no = ?";
    auto_free(statement_rest) sqlite3_stmt *find =
        database_statement(vault->database, vault->kept, sql, why);
    bool found = false;
    if (!find)
        return false;
    bind_number(find, 1, no);
    if (!database_next(vault->database, find, "look for a key", &found, why))
        return false;
    key->is_damaged = !found;
    if (!found)
        return fault_set(why, FAULT_BROKEN, "spool: key %" PRId64 " is not there", no);
    return unwrap(vault, find, key, why);
}

bool vault_holds(const struct vault *vault, const struct vault_owner *owner, int64_t key,
                 bool *holds, struct fault *why)
{
    auto_key own = {0};
    bool found = false;
    if (!find_own(vault, owner, &own, &found, why))
        return false;
    *holds = found && own.no == key;
    return true;
}

/* ---- bodies ---- */

static void identify_place(const struct body_place *place, uint8_t identity[PLACE_IDENTITY_SIZE])
{
    identity[0] = (uint8_t)place->kind;
    memcpy(identity + 1, &place->number, sizeof place->number);
    memcpy(identity + 1 + sizeof place->number, &place->revision, sizeof place->revision);
}

int64_t vault_key_of(const void *sealed, size_t size)
{
    int64_t no = 0;
    if (sealed && size >= KEY_NO_SIZE + SEAL_OVERHEAD)
        memcpy(&no, sealed, sizeof no);
    return no;
}

bool vault_seal(struct vault *vault, const struct vault_owner *owner,
                const struct body_place *place, struct stored_body *body, struct fault *why)
{
    auto_key key = {0};
    uint8_t identity[PLACE_IDENTITY_SIZE];
    bool found = false;
    if (!vault->keys)
        return true;
    if (!find_own(vault, owner, &key, &found, why) || (!found && !make(vault, owner, &key, why)))
        return false;
    uint8_t *sealed = malloc(KEY_NO_SIZE + body->size + SEAL_OVERHEAD);
    if (!sealed)
        return fault_memory(why);
    identify_place(place, identity);
    const struct seal seal = {key.key, identity, sizeof identity};
    memcpy(sealed, &key.no, KEY_NO_SIZE);
    seal_close(&seal, body->bytes, body->size, sealed + KEY_NO_SIZE);
    *body = (struct stored_body){.bytes = sealed,
                                 .size = KEY_NO_SIZE + body->size + SEAL_OVERHEAD,
                                 .is_sealed = true,
                                 .owned = sealed};
    return true;
}

char *vault_unseal(const struct vault *vault, const struct body_place *place,
                   const struct stored_body *sealed, size_t *size, bool *is_damaged,
                   struct fault *why)
{
    auto_key key = {0};
    uint8_t identity[PLACE_IDENTITY_SIZE];
    int64_t no = vault_key_of(sealed->bytes, sealed->size);
    *is_damaged = no == 0;
    if (*is_damaged) {
        (void)fault_set(why, FAULT_BROKEN, "spool: a sealed body is damaged");
        return NULL;
    }
    if (!find_by_number(vault, no, &key, why)) {
        *is_damaged = key.is_damaged;
        return NULL;
    }
    size_t opened = sealed->size - KEY_NO_SIZE - SEAL_OVERHEAD;
    auto_free(free) char *bytes = malloc(opened + 1);
    if (!bytes) {
        (void)fault_memory(why);
        return NULL;
    }
    identify_place(place, identity);
    const struct seal seal = {key.key, identity, sizeof identity};
    *is_damaged = !seal_open(&seal, (const uint8_t *)sealed->bytes + KEY_NO_SIZE,
                             sealed->size - KEY_NO_SIZE, bytes);
    if (*is_damaged) {
        (void)fault_set(why, FAULT_BROKEN, "spool: a sealed body does not open under its key");
        return NULL;
    }
    bytes[opened] = '\0';
    *size = opened;
    return steal(bytes);
}
