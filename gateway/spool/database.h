/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_DATABASE_H
#define SPOOL_DATABASE_H

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/fault.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** SQLite as the spool uses it: how its file is opened, and calls that report by fault. */

enum { DATABASE_VERSION = 5, DATABASE_BUSY_MS = 10000, SHORT_DIGEST_SIZE = 16 };

ENDS_WITH_SCOPE(sqlite3_stmt *, sqlite3_finalize)

/** The writer's connection: creates the file, sets WAL and synchronous=FULL, makes the tables, and
 * those that a file of an older version lacks.
 * FAULT_BROKEN when the file is damaged, foreign or of a newer version. */
sqlite3 *database_open_writer(const char *file, struct fault *why)
    __attribute__((warn_unused_result));

/** A read-only connection, which never checkpoints. */
sqlite3 *database_open_reader(const char *file, struct fault *why)
    __attribute__((warn_unused_result));

void database_close(sqlite3 *database);

/** Whether the last call on this one of several connections failed for a damaged page.  The end of
 * a statement that stood on a row hides it: where one connection is concerned, ask the fault. */
bool database_met_damage(sqlite3 *database);

/** A file that was made without syncs, and its name in its folder, are durable afterwards. */
bool database_settle(const char *file, struct fault *why) __attribute__((warn_unused_result));

/** Removes a file that nobody has open, and what SQLite keeps beside it; also when some of that is
 * not there. */
void database_remove(const char *file);

/** FAULT_RETRY for a full disk or a busy file, FAULT_BROKEN for the rest; is_damage when it was a
 * damaged page.  Returns false. */
bool database_fault(sqlite3 *database, const char *doing, struct fault *why);

/** Statements of one connection that are kept, by their text's address; the first ones asked for
 * stay. */
enum { STATEMENT_CACHE = 128 };
struct statement_cache {
    struct {
        const char *sql;
        sqlite3_stmt *statement;
    } kept[STATEMENT_CACHE];
};

static inline void statement_rest(sqlite3_stmt *statement)
{
    (void)sqlite3_reset(statement); /* repeats the last step's code */
    (void)sqlite3_clear_bindings(statement);
}
ENDS_WITH_SCOPE(sqlite3_stmt *, statement_rest)

/** A statement that is kept: leave it by auto_free(statement_rest), and do not ask for it again
 * while it is in use.  `sql` is a constant, whose address it is known by. */
sqlite3_stmt *database_statement(sqlite3 *database, struct statement_cache *cache, const char *sql,
                                 struct fault *why) __attribute__((warn_unused_result));
/** Before the connection is closed. */
void database_forget_statements(struct statement_cache *cache);

/** A statement that is the caller's to finalize. */
sqlite3_stmt *database_prepare(sqlite3 *database, const char *sql, struct fault *why)
    __attribute__((warn_unused_result));

bool database_run(sqlite3 *database, const char *sql, struct fault *why)
    __attribute__((warn_unused_result));

/** Runs a text that is linked into the program, from `sql` up to `end`, without a NUL. */
bool database_run_linked(sqlite3 *database, const char *sql, const char *end, struct fault *why)
    __attribute__((warn_unused_result));

/** Fills the tables `stuck` and `failure`, which are empty, from the rows of a writer's file. */
bool database_find_stuck(sqlite3 *database, struct fault *why) __attribute__((warn_unused_result));

/** Steps a statement that gives no row, and resets it. */
bool database_step(sqlite3 *database, sqlite3_stmt *statement, const char *doing, struct fault *why)
    __attribute__((warn_unused_result));

/** Steps to a row: `*found` says whether there was one.  The caller resets the statement; one that
 * failed is reset, since until then it takes no other values and repeats those that it had. */
bool database_next(sqlite3 *database, sqlite3_stmt *statement, const char *doing, bool *found,
                   struct fault *why) __attribute__((warn_unused_result));

/** The single number that `sql` gives; 0 for no row and for NULL. */
bool database_number(sqlite3 *database, const char *sql, int64_t *number, struct fault *why)
    __attribute__((warn_unused_result));

/** A setting's bytes into `value`, `*size` of them, at most `limit`; 0 when it is not set. */
bool database_get(sqlite3 *database, const char *name, void *value, size_t limit, size_t *size,
                  struct fault *why) __attribute__((warn_unused_result));
bool database_set(sqlite3 *database, const char *name, const void *value, size_t size,
                  struct fault *why) __attribute__((warn_unused_result));
bool database_get_number(sqlite3 *database, const char *name, int64_t *number, struct fault *why)
    __attribute__((warn_unused_result));
bool database_set_number(sqlite3 *database, const char *name, int64_t number, struct fault *why)
    __attribute__((warn_unused_result));

/* Binding cannot fail but for memory, and then the step after it fails too. */
void bind_number(sqlite3_stmt *statement, int place, int64_t number);
/** NULL is bound as NULL.  Borrowed until the statement is reset. */
void bind_text(sqlite3_stmt *statement, int place, const char *text);
void bind_bytes(sqlite3_stmt *statement, int place, const void *bytes, size_t size);

/** First half of the SHA-256 of `bytes`. */
void short_digest(const void *bytes, size_t size, uint8_t digest[SHORT_DIGEST_SIZE]);

/** Whether the bytes in one column of the row at hand are those that the short digest in another
 * was made of.  integrity_check misses most flipped bits; this does not. */
bool column_is_whole(sqlite3_stmt *row, int bytes, int digest);

/** What a dossier is found by: equal codes give equal keys; different ones may, so the code is
 * compared too. */
int64_t dossier_key(const char *code);

/** A failure's fingerprint is eight bytes outside and a number in the tables. */
int64_t failure_number(const uint8_t *fingerprint);

/** What a repeat is known by: the partner and the native id, and for a conflicting document its
 * content too (`content` NULL otherwise). */
void dedupe_key(const char *partner, const void *native_id, size_t size, const uint8_t *content,
                uint8_t key[SHORT_DIGEST_SIZE]);

#endif
