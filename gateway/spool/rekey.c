/* SPDX-License-Identifier: Apache-2.0 */
/* From one master key to the next, and from plain to sealed: a walk over everything, in steps that
 * are a group each.  Every step can be done twice, so nothing has to be remembered between them. */
#include "spool/encryption.h"

#include "spool/sealing.h"
#include "spool/writer.h"

enum { ROWS_STEP = 200, KEYS_STEP = 500 };

/* One walk along the numbers of a table. */
struct walk {
    int64_t next, last; /* numbers that are still to be looked at */
    int64_t count;      /* what was changed */
    int64_t damaged;
};

typedef bool (*walk_step)(struct store *store, void *arguments, struct fault *why);

static bool step_entries(struct store *store, void *arguments, struct fault *why)
{
    struct walk *walk = arguments;
    return sealing_entries(store, walk->next, walk->next + ROWS_STEP - 1, &walk->count, why);
}

static bool step_revisions(struct store *store, void *arguments, struct fault *why)
{
    struct walk *walk = arguments;
    return sealing_revisions(store, walk->next, walk->next + ROWS_STEP - 1, &walk->count, why);
}

static bool step_arrivals(struct store *store, void *arguments, struct fault *why)
{
    struct walk *walk = arguments;
    return sealing_arrivals(store, walk->next, walk->next + ROWS_STEP - 1, &walk->count, why);
}

/* One that does not open is for `spool check` to tell: it must not keep the others under the old
 * master key, nor fail those who are in the same group. */
static bool wrap_one(struct store *store, sqlite3_stmt *row, struct walk *walk, struct fault *why)
{
    static const char sql[] = "UPDATE data_key SET master = ?2, wrapped = ?3 WHERE no = ?1";
    uint8_t wrapped[WRAPPED_SIZE];
    struct fault damage;
    auto_free(statement_rest) sqlite3_stmt *update = store_statement(store, sql, why);
    if (!update)
        return false;
    if (!vault_rewrap(&store->vault, row, wrapped, &damage)) {
        walk->damaged++;
        return true;
    }
    walk->count++;
    bind_number(update, 1, sqlite3_column_int64(row, 0));
    bind_number(update, 2, store->vault.master);
    bind_bytes(update, 3, wrapped, sizeof wrapped);
    return database_step(store->database, update, "wrap a key", why);
}

static bool step_keys(struct store *store, void *arguments, struct fault *why)
{
    static const char sql[] =
        "SELECT " VAULT_KEY_COLUMNS " FROM data_key k WHERE k.no BETWEEN ?1 AND ?2"
        " AND k.master <> ?3 AND k.shredded_at IS NULL ORDER BY k.no LIMIT 1";
    struct walk *walk = arguments;
    int64_t end = walk->next + KEYS_STEP - 1;
    for (int64_t at = walk->next; at <= end;) {
        auto_free(statement_rest) sqlite3_stmt *rows = store_statement(store, sql, why);
        bool found = false;
        if (!rows)
            return false;
        bind_number(rows, 1, at);
        bind_number(rows, 2, end);
        bind_number(rows, 3, store->vault.master);
        if (!database_next(store->database, rows, "look for keys", &found, why))
            return false;
        if (!found)
            return true;
        at = sqlite3_column_int64(rows, 0) + 1;
        if (!wrap_one(store, rows, walk, why))
            return false;
    }
    return true;
}

static const struct {
    const char *last_sql; /* first and last number that there is */
    const char *first_sql;
    walk_step step;
    int64_t size;
    bool wraps;
} walks[] = {
    {"SELECT max(number) FROM entry", "SELECT min(number) FROM entry", step_entries, ROWS_STEP,
     false},
    {"SELECT max(rowid) FROM revision", "SELECT min(rowid) FROM revision", step_revisions,
     ROWS_STEP, false},
    {"SELECT max(number) FROM arrival", "SELECT min(number) FROM arrival", step_arrivals, ROWS_STEP,
     false},
    {"SELECT max(no) FROM data_key", "SELECT min(no) FROM data_key", step_keys, KEYS_STEP, true},
};

/* What is added from now on is sealed, and under the current key. */
struct limits {
    size_t walk;
    int64_t first, last;
};

static bool work_limits(struct store *store, void *arguments, struct fault *why)
{
    struct limits *limits = arguments;
    return database_number(store->database, walks[limits->walk].first_sql, &limits->first, why) &&
           database_number(store->database, walks[limits->walk].last_sql, &limits->last, why);
}

/* A group that fails has changed nothing; then neither is anything counted. */
static bool run_walk(struct spool *spool, size_t index, struct spool_rekeyed *done,
                     struct fault *why)
{
    struct limits limits = {.walk = index};
    if (!writer_do(spool, work_limits, &limits, why))
        return false;
    struct walk walk = {.next = limits.first, .last = limits.last};
    for (; walk.next <= walk.last && walk.last > 0; walk.next += walks[index].size)
        if (!writer_goes_on(spool, why) || !writer_do(spool, walks[index].step, &walk, why))
            return false;
    *(walks[index].wraps ? &done->wrapped : &done->sealed) += walk.count;
    done->damaged += walk.damaged;
    return true;
}

static bool work_retire(struct store *store, void *arguments, struct fault *why)
{
    static const char sql[] = "DELETE FROM master_key WHERE no <> ?1 AND NOT EXISTS"
                              " (SELECT 1 FROM data_key k WHERE k.master = master_key.no"
                              " AND k.shredded_at IS NULL)";
    int64_t *retired = arguments;
    store->wants_short_log = true;
    if (!store_run(store, sql, &store->vault.master, 1, why))
        return false;
    *retired = sqlite3_changes64(store->database);
    return true;
}

bool spool_rekey(struct spool *spool, struct spool_rekeyed *done, struct fault *why)
{
    *done = (struct spool_rekeyed){0};
    if (!keyring_served())
        return fault_set(why, FAULT_REFUSE,
                         "spool: spool.encryption.key_file is not set: there is no key to seal by");
    for (size_t i = 0; i < sizeof walks / sizeof walks[0]; i++)
        if (!run_walk(spool, i, done, why))
            return false;
    return writer_do(spool, work_retire, &done->retired, why);
}
