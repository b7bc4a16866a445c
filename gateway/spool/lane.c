/* SPDX-License-Identifier: Apache-2.0 */
/* Lanes: one dossier toward Kafka.  A DEAD entry holds back what comes behind it in its lane, as
 * PARKED, until a person releases or discards it. */
#include "spool/store.h"

#include <string.h>

/* A dossier that is not named is the entry's own. */
const char lane_stale_sql[] =
    "SELECT 1 FROM entry INDEXED BY entry_by_dossier WHERE dossier_key = ifnull(?2,"
    " (SELECT dossier_key FROM entry WHERE number = ?1)) AND dossier_code = ifnull(?3,"
    " (SELECT dossier_code FROM entry WHERE number = ?1)) AND number > ?1 AND state IN (0, 4)"
    " LIMIT 1";

/* What the decisions below need of an entry. */
struct subject {
    int64_t entry;
    int64_t number; /* under which it is or was to be published */
    enum entry_state state;
    bool has_lane;
    bool has_event; /* one that is as it was stored */
    int64_t key;
    char *code;
};

static void end_subject(struct subject *subject)
{
    free(subject->code);
}

bool lane_is_blocked(struct store *store, int64_t key, const char *code, bool *blocked,
                     struct fault *why)
{
    sqlite3_stmt *find = store->statements.in_the_way;
    bind_number(find, 1, key);
    bind_text(find, 2, code);
    bool done = database_next(store->database, find, "look along the lane", blocked, why);
    (void)sqlite3_reset(find);
    return done;
}

static bool read_subject(struct store *store, const char *sql, int64_t number,
                         struct subject *subject, struct fault *why)
{
    auto_free(statement_rest) sqlite3_stmt *find = store_statement(store, sql, why);
    bool found = false;
    if (!find)
        return false;
    bind_number(find, 1, number);
    if (!database_next(store->database, find, "find an entry", &found, why))
        return false;
    if (!found)
        return fault_set(why, FAULT_REFUSE, "spool: there is no such entry");
    const char *code = (const char *)sqlite3_column_text(find, 5);
    *subject = (struct subject){
        .entry = sqlite3_column_int64(find, 0),
        .number = sqlite3_column_int64(find, 1),
        .state = (enum entry_state)sqlite3_column_int(find, 2),
        .has_event = sqlite3_column_type(find, 3) != SQLITE_NULL && column_is_whole(find, 3, 6),
        .has_lane = sqlite3_column_type(find, 4) != SQLITE_NULL && code,
        .key = sqlite3_column_int64(find, 4),
        .code = code ? strdup(code) : NULL,
    };
    return !code || subject->code || fault_memory(why);
}

#define SUBJECT                                                                                    \
    "SELECT number, ifnull(released, number), state, event, dossier_key, dossier_code,"            \
    " event_digest FROM entry "

static bool change(struct store *store, const char *sql, const struct subject *subject,
                   const char *const texts[2], struct fault *why)
{
    auto_free(statement_rest) sqlite3_stmt *update = store_statement(store, sql, why);
    if (!update)
        return false;
    /* Statements use what they need of these; the others do not exist in them. */
    bind_number(update, 1, subject->entry);
    bind_number(update, 2, subject->number);
    bind_number(update, 3, subject->key);
    bind_text(update, 4, subject->code);
    bind_text(update, 5, texts[0]);
    bind_text(update, 6, texts[1]);
    return database_step(store->database, update, "change entries", why);
}

static const char *const no_texts[2] = {NULL, NULL};

/* ---- what a lane holds back ---- */

static bool read_jam(struct store *store, const struct subject *lane, struct jam *jam,
                     struct fault *why)
{
    static const char sql[] =
        "SELECT ifnull(min(number) FILTER (WHERE state = 2), 0), count(*) FILTER (WHERE state = 1)"
        " FROM entry INDEXED BY entry_in_the_way"
        " WHERE dossier_key = ?1 AND dossier_code = ?2 AND state IN (1, 2)";
    auto_free(statement_rest) sqlite3_stmt *find = store_statement(store, sql, why);
    bool found = false;
    if (!find)
        return false;
    bind_number(find, 1, lane->key);
    bind_text(find, 2, lane->code);
    if (!database_next(store->database, find, "look along the lane", &found, why))
        return false;
    *jam = (struct jam){sqlite3_column_int64(find, 0), sqlite3_column_int64(find, 1)};
    return true;
}

/* Before a lane changes, what it holds is taken off its failure; afterwards it is put on again. */
static bool hold(struct store *store, const struct subject *lane, int sign, struct fault *why)
{
    struct jam jam;
    return !lane->has_lane || (read_jam(store, lane, &jam, why) &&
                               failure_hold(store, false, &jam, sign * jam.parked, why));
}

/* Into the list of what is stuck, as PARKED. */
static bool add_parked(struct store *store, int64_t number, int64_t due_at_ms, struct fault *why)
{
    static const char sql[] = "INSERT INTO stuck VALUES (0, ?1, NULL, ?2)";
    return store_run(store, sql, (const int64_t[]){number, due_at_ms}, 2, why);
}

bool lane_note_parked(struct store *store, int64_t number, const char *code, int64_t due_at_ms,
                      struct fault *why)
{
    static const char sql[] =
        "SELECT number FROM entry INDEXED BY entry_in_the_way WHERE dossier_key = ?1 AND"
        " dossier_code = ?2 AND state IN (1, 2) AND state = 2 ORDER BY number LIMIT 1";
    auto_free(statement_rest) sqlite3_stmt *find = store_statement(store, sql, why);
    bool found = false;
    if (!find)
        return false;
    bind_number(find, 1, dossier_key(code));
    bind_text(find, 2, code);
    if (!database_next(store->database, find, "look along the lane", &found, why))
        return false;
    const struct jam jam = {.dead = found ? sqlite3_column_int64(find, 0) : 0};
    return failure_hold(store, false, &jam, 1, why) && add_parked(store, number, due_at_ms, why);
}

/* ---- burying ---- */

static bool park_behind(struct store *store, const struct subject *subject, struct fault *why)
{
#define BEHIND                                                                                     \
    " WHERE dossier_key = ?3 AND dossier_code = ?4 AND ((state = 0 AND number > ?2)"               \
    " OR (state = 4 AND released > ?2))"
    if (!subject->has_lane)
        return true;
    if (!change(store, "INSERT INTO stuck SELECT 0, number, NULL, due_at FROM entry" BEHIND,
                subject, no_texts, why) ||
        !change(store, "UPDATE entry SET state = 1" BEHIND, subject, no_texts, why))
        return false;
    store->counters.parked += sqlite3_changes64(store->database);
    return true;
}

/* A notice is of no lane, and nobody can mend it: it is kept, and passed over from now on. */
static bool bury_notice(struct store *store, int64_t number, const char *cause, bool *is_one,
                        struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *bury = database_prepare(
        store->database,
        "UPDATE notice SET cause = ?2 WHERE number = ?1 AND number > ?3 AND cause IS NULL", why);
    if (!bury)
        return false;
    bind_number(bury, 1, number);
    bind_text(bury, 2, cause);
    bind_number(bury, 3, store->counters.watermark);
    if (!database_step(store->database, bury, "bury a notice", why))
        return false;
    *is_one = sqlite3_changes64(store->database) > 0;
    return !*is_one || store_find_last_next(store, why);
}

bool lane_bury(struct store *store, int64_t number, const char *cause, const char *detail,
               struct fault *why)
{
    bool is_notice = false;
    if (!bury_notice(store, number, cause, &is_notice, why))
        return false;
    if (is_notice)
        return true;
    __attribute__((cleanup(end_subject))) struct subject subject = {0};
    if (!read_subject(store,
                      SUBJECT "WHERE (number = ?1 AND released IS NULL) OR number ="
                              " (SELECT entry FROM released WHERE number = ?1)",
                      number, &subject, why))
        return false;
    if (subject.number != number || number <= store->counters.watermark ||
        (subject.state != ENTRY_READY && subject.state != ENTRY_RELEASED))
        return fault_set(why, FAULT_REFUSE, "spool: the entry is not waiting under that number");
    const char *const texts[2] = {cause, detail};
    if (!hold(store, &subject, -1, why) ||
        !change(store, "UPDATE entry SET state = 2, cause = ?5, detail = ?6 WHERE number = ?1",
                &subject, texts, why) ||
        !failure_add(store, false, subject.entry, why))
        return false;
    store->counters.dead++;
    return park_behind(store, &subject, why) && hold(store, &subject, 1, why) &&
           store_find_last_next(store, why);
}

/* ---- going on ---- */

/* The entry, which was PARKED, goes on under the next number. */
static bool renumber(struct store *store, int64_t entry, struct fault *why)
{
    struct subject subject = {.entry = entry, .number = ++store->counters.last_number};
    store->counters.parked--;
    return change(store, "INSERT INTO released (entry, number) VALUES (?1, ?2)", &subject, no_texts,
                  why) &&
           change(store, "UPDATE entry SET state = 4, released = ?2 WHERE number = ?1", &subject,
                  no_texts, why) &&
           change(store, "DELETE FROM stuck WHERE is_delivery = 0 AND number = ?1", &subject,
                  no_texts, why);
}

/* The oldest entry in the way of a lane: `*entry` 0 when there is none. */
static bool oldest_in_the_way(struct store *store, const struct subject *lane, int64_t *entry,
                              enum entry_state *state, struct fault *why)
{
    static const char sql[] =
        "SELECT number, state FROM entry INDEXED BY entry_in_the_way"
        " WHERE dossier_key = ?1 AND dossier_code = ?2 AND state IN (1, 2) ORDER BY number LIMIT 1";
    auto_free(statement_rest) sqlite3_stmt *find = store_statement(store, sql, why);
    bool found = false;
    if (!find)
        return false;
    bind_number(find, 1, lane->key);
    bind_text(find, 2, lane->code);
    if (!database_next(store->database, find, "look along the lane", &found, why))
        return false;
    *entry = found ? sqlite3_column_int64(find, 0) : 0;
    *state = found ? (enum entry_state)sqlite3_column_int(find, 1) : ENTRY_READY;
    return true;
}

/* Everything parked goes on, in its old order, up to the next dead one. */
static bool open_lane(struct store *store, const struct subject *lane, struct fault *why)
{
    for (;;) {
        int64_t entry;
        enum entry_state state;
        if (!lane->has_lane)
            return true;
        if (!oldest_in_the_way(store, lane, &entry, &state, why))
            return false;
        if (entry == 0 || state == ENTRY_DEAD)
            return true;
        if (!renumber(store, entry, why))
            return false;
    }
}

static bool read_dead(struct store *store, int64_t entry, struct subject *subject,
                      struct fault *why)
{
    if (!read_subject(store, SUBJECT "WHERE number = ?1", entry, subject, why))
        return false;
    return subject->state == ENTRY_DEAD ||
           fault_set(why, FAULT_REFUSE, "spool: the entry is not dead");
}

/* After an act on an entry that stood under `number`.  What went on has the highest number; when
 * nothing did, and this was the last, another is the last now. */
static bool note_last_next(struct store *store, int64_t last_number_before, int64_t number,
                           struct fault *why)
{
    if (store->counters.last_number > last_number_before) {
        store->counters.last_next = store->counters.last_number;
        return true;
    }
    return number < store->counters.last_next || store_find_last_next(store, why);
}

/* The entry, no longer DEAD, takes its place in its lane, or goes on when it has none. */
static bool enter_lane(struct store *store, int64_t entry, const struct subject *lane,
                       struct fault *why)
{
    static const char sql[] = "INSERT INTO stuck SELECT 0, number, NULL, due_at FROM entry"
                              " WHERE number = ?1";
    if (!change(store, "UPDATE entry SET state = 1 WHERE number = ?1",
                &(struct subject){.entry = entry}, no_texts, why) ||
        !store_run(store, sql, &entry, 1, why))
        return false;
    store->counters.parked++;
    return lane->has_lane ? open_lane(store, lane, why) : renumber(store, entry, why);
}

bool lane_release(struct store *store, int64_t entry, struct fault *why)
{
    __attribute__((cleanup(end_subject))) struct subject subject = {0};
    int64_t before = store->counters.last_number;
    if (!read_dead(store, entry, &subject, why))
        return false;
    if (!subject.has_event)
        return fault_set(why, FAULT_REFUSE,
                         "spool: the entry has no event that could be published");
    store->counters.dead--;
    return hold(store, &subject, -1, why) && failure_end(store, false, entry, why) &&
           enter_lane(store, entry, &subject, why) && hold(store, &subject, 1, why) &&
           note_last_next(store, before, subject.number, why);
}

bool lane_discard(struct store *store, int64_t entry, const char *reason, struct fault *why)
{
    __attribute__((cleanup(end_subject))) struct subject subject = {0};
    int64_t before = store->counters.last_number;
    const char *const texts[2] = {NULL, reason};
    if (!read_dead(store, entry, &subject, why))
        return false;
    if (!hold(store, &subject, -1, why) || !failure_end(store, false, entry, why) ||
        !change(store, "UPDATE entry SET state = 3, detail = ?6 WHERE number = ?1", &subject, texts,
                why))
        return false;
    store->counters.dead--;
    return open_lane(store, &subject, why) && hold(store, &subject, 1, why) &&
           note_last_next(store, before, subject.number, why);
}

/* ---- mending ---- */

static bool is_same_lane(const struct subject *one, const struct subject *other)
{
    return one->has_lane && other->has_lane && strcmp(one->code, other->code) == 0;
}

static bool lane_of(const struct spool_item *item, struct subject *lane, struct fault *why)
{
    if (!item->dossier_code)
        return true;
    lane->has_lane = true;
    lane->key = dossier_key(item->dossier_code);
    lane->code = strdup(item->dossier_code);
    return lane->code || fault_memory(why);
}

/* It leaves the lane that it stood in, if it had one, and takes its place by its first number in
 * the lane of its dossier. */
bool lane_mend(struct store *store, int64_t entry, const struct spool_item *item, int32_t revision,
               struct fault *why)
{
    __attribute__((cleanup(end_subject))) struct subject left = {0};
    __attribute__((cleanup(end_subject))) struct subject joined = {0};
    int64_t before = store->counters.last_number;
    if (!read_dead(store, entry, &left, why) || !mend_check(store, entry, item, why) ||
        !lane_of(item, &joined, why))
        return false;
    bool stays = is_same_lane(&left, &joined);
    if (!hold(store, &left, -1, why) || (!stays && !hold(store, &joined, -1, why)) ||
        !failure_end(store, false, entry, why) || !mend_row(store, entry, item, revision, why))
        return false;
    store->counters.dead--;
    return enter_lane(store, entry, &joined, why) && (stays || open_lane(store, &left, why)) &&
           hold(store, &left, 1, why) && (stays || hold(store, &joined, 1, why)) &&
           note_last_next(store, before, left.number, why);
}

bool lane_is_stale(struct store *store, int64_t entry, const char *dossier_code, bool *is_stale,
                   struct fault *why)
{
    auto_free(statement_rest) sqlite3_stmt *find = store_statement(store, lane_stale_sql, why);
    if (!find)
        return false;
    bind_number(find, 1, entry);
    if (dossier_code)
        bind_number(find, 2, dossier_key(dossier_code));
    bind_text(find, 3, dossier_code);
    return database_next(store->database, find, "look along the lane", is_stale, why);
}
