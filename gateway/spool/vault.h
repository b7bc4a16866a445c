/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_VAULT_H
#define SPOOL_VAULT_H

#include "base/keyring.h"
#include "base/seal.h"
#include "spool/database.h"

/**
 * Data keys: one for each dossier, and one for each document or arrival that is of no dossier or of
 * several.  They lie in the spool, each wrapped by a master key of the key file.  What belongs to a
 * dossier is sealed by its key: whoever destroys that has destroyed all of it.
 */
struct vault {
    sqlite3 *database;
    struct statement_cache *kept;
    const struct keyring *keys; /* NULL: nothing is sealed, and nothing here can be opened */
    int64_t master;             /* number of the current one, of a writer's vault */
};

/** Whether a body is sealed, as its row says; the column's value. */
enum sealed_state { SEALED_NOT, SEALED_YES, SEALED_SHREDDED };

/** Whose key: the dossier's; or, without a lane's code, that of the document or arrival. */
struct vault_owner {
    const char *dossier_code; /**< NULL: `owner`'s own */
    int64_t owner;     /**< number of the document's first entry, or -(number of an arrival) */
    const char *about; /**< without dossier_code, the dossier that it is about all the same:
                            shredding that takes this key too; NULL: none, or several */
};

/** What a body is: part of what is authenticated, so that no row's body opens in another. */
enum body_kind { BODY_ORIGINAL = 'o', BODY_EVENT = 'e', BODY_REVISION = 'r', BODY_ARRIVAL = 'a' };
struct body_place {
    enum body_kind kind;
    int64_t number;   /**< of the entry or the arrival */
    int64_t revision; /**< of a revision, else 0 */
};

/** A body as it is stored; `bytes` is heap of `owned` when it is sealed, else borrowed. */
struct stored_body {
    const void *bytes;
    size_t size;
    bool is_sealed;
    void *owned;
};

static inline void stored_body_end(struct stored_body *body)
{
    free(body->owned);
    body->owned = NULL;
}
#define auto_body __attribute__((cleanup(stored_body_end))) struct stored_body

/**
 * Opens it on one connection with the keys that the process serves.  FAULT_BROKEN when something
 * here is sealed under a master key that is not among them, or is another under the same id: the
 * text names the id.  A writer's takes the current key into use.
 */
bool vault_open(struct vault *vault, sqlite3 *database, struct statement_cache *kept,
                bool is_writer, struct fault *why) __attribute__((warn_unused_result));

/** Of a writer's, in a transaction: seals the body that is given as it is, when there are keys. */
bool vault_seal(struct vault *vault, const struct vault_owner *owner,
                const struct body_place *place, struct stored_body *body, struct fault *why)
    __attribute__((warn_unused_result));

/**
 * The bytes of a sealed body, which the caller owns, with a NUL behind them.  FAULT_REFUSE when its
 * key was destroyed.  When it will never open, because it is damaged, of another row, or its key
 * is,
 * `*is_damaged` is true; it is false when memory or the database failed, or its master key is not
 * here: such a body may be well.
 */
char *vault_unseal(const struct vault *vault, const struct body_place *place,
                   const struct stored_body *sealed, size_t *size, bool *is_damaged,
                   struct fault *why) __attribute__((warn_unused_result));

/** Whether that key is the owner's. */
bool vault_holds(const struct vault *vault, const struct vault_owner *owner, int64_t key,
                 bool *holds, struct fault *why) __attribute__((warn_unused_result));

/** The number of the key that a sealed body is under; 0 when it is too short to say. */
int64_t vault_key_of(const void *sealed, size_t size);

/** Puts the wrapped key of the row at hand (no, owner, dossier_code, master's id, wrapped) under
 * the current master key: `wrapped` has room for WRAPPED_SIZE bytes. */
enum { WRAPPED_SIZE = SEAL_KEY_SIZE + SEAL_OVERHEAD };
bool vault_rewrap(const struct vault *vault, sqlite3_stmt *row, uint8_t *wrapped, struct fault *why)
    __attribute__((warn_unused_result));
/** What vault_rewrap and vault_proves read of a data_key k. */
#define VAULT_KEY_COLUMNS                                                                          \
    "k.no, ifnull(k.owner, 0), k.dossier_code,"                                                    \
    " (SELECT id FROM master_key WHERE no = k.master), k.wrapped, k.shredded_at"
/** Whether the key of the row at hand opens, or is shredded: FAULT_BROKEN when it does not. */
bool vault_proves(const struct vault *vault, sqlite3_stmt *row, struct fault *why)
    __attribute__((warn_unused_result));

#endif
