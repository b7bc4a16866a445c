/* SPDX-License-Identifier: Apache-2.0 */
/* What is old and done goes, a whole document at a time, since its first row holds the original for
 * all of its items.  The walk is in the order of arrival and ends at the first entry that is not
 * old; what waits, or waits for a person, is passed over, and so is what a wrong clock dated ahead.
 */
#include "spool/store.h"

#include <string.h>

enum { PASSED_OVER_MOST = 10000 }; /* rows in one transaction */

/* The rows of one document: their numbers follow one another. */
struct group {
    int64_t first, last;
    int64_t partner, received_at;
    int64_t count;
    bool is_done;
};

struct groups {
    struct group *items;
    size_t count;
};

static const char walk_sql[] =
    "SELECT number, document, partner, received_at,"
    /* published, under its own number or a later one, or ended by a person */
    " (state = 0 AND number <= ?2) OR (state = 4 AND released <= ?2) OR state = 3"
    " FROM entry WHERE number > ?1 ORDER BY number";

/* Adds the row at hand to its document's group. */
static void take_row(sqlite3_stmt *rows, struct groups *groups)
{
    int64_t number = sqlite3_column_int64(rows, 0);
    int64_t document = sqlite3_column_int64(rows, 1);
    bool is_done = sqlite3_column_int(rows, 4);
    struct group *group = groups->count ? &groups->items[groups->count - 1] : NULL;
    if (!group || group->first != document) {
        group = &groups->items[groups->count++];
        *group = (struct group){.first = document,
                                .partner = sqlite3_column_int64(rows, 2),
                                .received_at = sqlite3_column_int64(rows, 3),
                                .is_done = true};
    }
    group->last = number;
    group->count++;
    group->is_done = group->is_done && is_done;
}

/* Up to `limit` documents from the cursor on; all of their rows. */
static bool walk(struct store *store, struct pruning *pruning, size_t limit, struct groups *groups,
                 struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *rows =
        database_prepare(store->database, walk_sql, why);
    if (!rows)
        return false;
    bind_number(rows, 1, pruning->cursor);
    bind_number(rows, 2, store->counters.watermark);
    for (size_t passed_over = 0;;) {
        bool found;
        if (!database_next(store->database, rows, "look for what is old", &found, why))
            return false;
        enum prune_age age =
            found ? prune_age(pruning, sqlite3_column_int64(rows, 3)) : PRUNE_YOUNG;
        pruning->has_more = age != PRUNE_YOUNG;
        if (age == PRUNE_YOUNG)
            return true;
        bool is_new = groups->count == 0 ||
                      groups->items[groups->count - 1].first != sqlite3_column_int64(rows, 1);
        passed_over += age == PRUNE_AHEAD;
        if ((is_new && groups->count == limit) || passed_over > PASSED_OVER_MOST)
            return true;
        if (age == PRUNE_OLD)
            take_row(rows, groups);
        pruning->cursor = sqlite3_column_int64(rows, 0);
    }
}

static bool drop_key(struct store *store, sqlite3_stmt *drop, const uint8_t *key, int64_t number,
                     struct fault *why)
{
    bind_bytes(drop, 1, key, SHORT_DIGEST_SIZE);
    bind_number(drop, 2, number);
    return database_step(store->database, drop, "forget an id", why);
}

/* An entry is known by its id or, when it is a conflict, by its id and content. */
static bool drop_keys(struct store *store, sqlite3_stmt *row, sqlite3_stmt *drop, struct fault *why)
{
    int64_t number = sqlite3_column_int64(row, 0);
    const void *native_id = sqlite3_column_text(row, 1);
    size_t size = (size_t)sqlite3_column_bytes(row, 1);
    const char *partner = (const char *)sqlite3_column_text(row, 2);
    const uint8_t *content = sqlite3_column_blob(row, 3);
    uint8_t key[SHORT_DIGEST_SIZE];
    if (!native_id || !partner || !content)
        return true;
    dedupe_key(partner, native_id, size, NULL, key);
    if (!drop_key(store, drop, key, number, why))
        return false;
    dedupe_key(partner, native_id, size, content, key);
    return drop_key(store, drop, key, number, why);
}

static bool forget_ids(struct store *store, const struct group *group, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(
        store->database,
        "SELECT number, native_id, (SELECT text FROM name WHERE no = partner), sha256"
        " FROM entry WHERE number BETWEEN ?1 AND ?2 UNION ALL"
        " SELECT e.number, f.native_id, (SELECT text FROM name WHERE no = e.partner), e.sha256"
        " FROM former_id f JOIN entry e ON e.number = f.number WHERE f.number BETWEEN ?1 AND ?2",
        why);
    if (!rows)
        return false;
    auto_free(sqlite3_finalize) sqlite3_stmt *drop =
        database_prepare(store->database, "DELETE FROM dedupe WHERE key = ? AND number = ?", why);
    if (!drop)
        return false;
    bind_number(rows, 1, group->first);
    bind_number(rows, 2, group->last);
    for (bool found;;) {
        if (!database_next(store->database, rows, "read what is old", &found, why))
            return false;
        if (!found)
            return true;
        if (!drop_keys(store, rows, drop, why))
            return false;
    }
}

static bool delete_group(struct store *store, const struct group *group, struct fault *why)
{
    static const char *const deletions[] = {
        "DELETE FROM released WHERE entry BETWEEN ?1 AND ?2",
        "DELETE FROM reference WHERE number BETWEEN ?1 AND ?2",
        "DELETE FROM shortened WHERE number BETWEEN ?1 AND ?2",
        "DELETE FROM signature WHERE number BETWEEN ?1 AND ?2",
        "DELETE FROM file_use WHERE is_arrival = 0 AND number BETWEEN ?1 AND ?2",
        "DELETE FROM revision WHERE entry BETWEEN ?1 AND ?2",
        "DELETE FROM mended WHERE number BETWEEN ?1 AND ?2",
        "DELETE FROM former_id WHERE number BETWEEN ?1 AND ?2",
        "DELETE FROM data_key WHERE owner BETWEEN ?1 AND ?2",
        /* the dossier's, with its last entry and arrival */
        "DELETE FROM data_key WHERE owner IS NULL AND dossier_key IN (SELECT dossier_key FROM entry"
        " WHERE number BETWEEN ?1 AND ?2 AND dossier_key IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM"
        " entry o INDEXED BY entry_by_dossier WHERE o.dossier_key = data_key.dossier_key"
        " AND o.number NOT BETWEEN ?1 AND ?2) AND NOT EXISTS (SELECT 1 FROM arrival a"
        " INDEXED BY arrival_by_dossier WHERE a.dossier_key = data_key.dossier_key)",
        "DELETE FROM entry WHERE number BETWEEN ?1 AND ?2",
    };
    if (!forget_ids(store, group, why))
        return false;
    for (size_t i = 0; i < sizeof deletions / sizeof deletions[0]; i++) {
        auto_free(sqlite3_finalize) sqlite3_stmt *deletion =
            database_prepare(store->database, deletions[i], why);
        if (!deletion)
            return false;
        bind_number(deletion, 1, group->first);
        bind_number(deletion, 2, group->last);
        if (!database_step(store->database, deletion, "delete what is old", why))
            return false;
    }
    struct tally *tally = store_tally(store, group->partner, group->received_at, why);
    if (!tally)
        return false;
    tally->pruned += group->count;
    return true;
}

/* Places of transactions of which no published number is left. */
static bool drop_places(struct store *store, struct pruning *pruning, int64_t limit,
                        struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *drop = database_prepare(
        store->database,
        "DELETE FROM placement WHERE last IN (SELECT last FROM placement WHERE last < min("
        " ifnull((SELECT number FROM entry WHERE state = 0 ORDER BY number LIMIT 1), ?1 + 1),"
        " ifnull((SELECT r.number FROM released r JOIN entry e ON e.number = r.entry"
        "  WHERE e.released = r.number AND e.state = 4 ORDER BY r.number LIMIT 1), ?1 + 1))"
        " ORDER BY last LIMIT ?2)",
        why);
    if (!drop)
        return false;
    bind_number(drop, 1, store->counters.watermark);
    bind_number(drop, 2, limit);
    if (!database_step(store->database, drop, "forget places", why))
        return false;
    pruning->has_more |= sqlite3_changes64(store->database) == limit;
    return true;
}

bool prune_some(struct store *store, struct pruning *pruning, int64_t limit, struct fault *why)
{
    struct groups groups = {0};
    auto_free(free) struct group *items = calloc((size_t)limit, sizeof *items);
    if (!items)
        return fault_memory(why);
    groups.items = items;
    if (!walk(store, pruning, (size_t)limit, &groups, why))
        return false;
    for (size_t i = 0; i < groups.count; i++) {
        if (!groups.items[i].is_done)
            continue;
        if (!delete_group(store, &groups.items[i], why))
            return false;
        pruning->count += groups.items[i].count;
    }
    if (!drop_places(store, pruning, limit, why))
        return false;
    /* A number that is gone from the rows must still never be given again. */
    return database_set_number(store->database, "last_number", store->counters.last_number, why);
}
