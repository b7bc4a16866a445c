/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's transactions: their start and end, names, tallies, the watermark. */
#include "spool/store.h"

#include "base/clock.h"
#include "base/moment.h"
#include "spool/chain.h"
#include "spool/places.h"
#include "spool/repeat.h"

#include <string.h>

enum { VIETNAM_MS = 7 * 3600000, DAY_MS = 86400000 };

int64_t day_number(int64_t moment_ms)
{
    return (moment_ms + VIETNAM_MS) / DAY_MS;
}

bool day_of_date(int32_t date, int64_t *day, struct fault *why)
{
    char text[16];
    int64_t moment;
    int size = snprintf(text, sizeof text, "%08d", (int)date);
    if (!moment_read(text, (size_t)size, &moment, why))
        return fault_prefix(why, "day %d", (int)date);
    *day = day_number(moment);
    return true;
}

/* Each statement and where it is kept, so that making and ending them is one loop. */
static const struct {
    size_t offset;
    const char *sql;
} table[] = {
    {offsetof(struct statements, begin), "BEGIN IMMEDIATE"},
    {offsetof(struct statements, commit), "COMMIT"},
    {offsetof(struct statements, find_name), "SELECT no FROM name WHERE text = ?"},
    {offsetof(struct statements, add_name), "INSERT INTO name (text) VALUES (?)"},
    {offsetof(struct statements, find_repeat), REPEAT_SQL},
    {offsetof(struct statements, add_repeat), "INSERT INTO dedupe VALUES (?, ?, ?)"},
    {offsetof(struct statements, in_the_way), "SELECT 1 FROM entry WHERE dossier_key = ?1 AND "
                                              "dossier_code = ?2 AND state IN (1, 2) LIMIT 1"},
    {offsetof(struct statements, add_entry),
     "INSERT INTO entry (number, document, item, state, partner, adapter, media_type, event_type,"
     " received_at, occurred_at, due_at, schema_no, dossier_key, dossier_code, native_id, event_id,"
     " traceparent, cause, detail, sha256, event_digest, event, packed_from, original,"
     " event_sealed, original_sealed)"
     " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"},
    {offsetof(struct statements, add_reference),
     "INSERT INTO reference VALUES (?, ?, ?) ON CONFLICT DO NOTHING"},
    {offsetof(struct statements, add_shortened), "INSERT INTO shortened VALUES (?, ?)"},
    {offsetof(struct statements, add_signature), "INSERT INTO signature VALUES (?, ?)"},
    {offsetof(struct statements, add_tally),
     "INSERT INTO tally VALUES (?, ?, ?, ?, ?, ?, nullif(?, 0), nullif(?, 0))"
     " ON CONFLICT DO UPDATE SET first = ifnull(first, excluded.first),"
     " last = ifnull(excluded.last, last),"
     " received = received + excluded.received, refused = refused + excluded.refused,"
     " repeated = repeated + excluded.repeated, pruned = pruned + excluded.pruned"},
    {offsetof(struct statements, add_placement),
     "INSERT OR REPLACE INTO placement VALUES (?, ?, ?, ?)"},
    {offsetof(struct statements, add_notice),
     "INSERT INTO notice (number, at, topic, schema_no, key, datum_digest, datum)"
     " VALUES (?, ?, ?, ?, ?, ?, ?)"},
    {offsetof(struct statements, find_position),
     "SELECT next FROM position WHERE topic = ? AND kafka_partition = ?"},
    {offsetof(struct statements, add_position),
     "INSERT INTO position VALUES (?, ?, ?)"
     " ON CONFLICT DO UPDATE SET next = max(next, excluded.next)"},
    {offsetof(struct statements, add_arrival),
     "INSERT INTO arrival (number, arrived_at, kafka_partition, kafka_offset, occurred_at, due_at,"
     " schema_no, source, event_type, directory, dossier_key, dossier_code, event_id, traceparent,"
     " event_digest, event, sealed) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"},
    {offsetof(struct statements, add_delivery),
     "INSERT INTO delivery (number, partner, state, lane, urgency, since, next_at, attempts,"
     " last_at, last_status, agency, reason, cause) VALUES (?, ?, ?, ?, ?, ?6, ?6, 0, 0, 0, ?, ?,"
     " ?)"},
    {offsetof(struct statements, find_delivery),
     "SELECT partner, state, lane FROM delivery WHERE number = ?"},
    {offsetof(struct statements, settle_delivery),
     "UPDATE delivery SET state = ?2, attempts = attempts + ?3, next_at = ifnull(?4, next_at),"
     " since = ifnull(?5, since), last_at = ifnull(?6, last_at),"
     " last_status = ifnull(?7, last_status), cause = iif(?8, ?9, cause),"
     " detail = ifnull(?10, iif(?8, NULL, detail)),"
     " document_sha256 = ifnull(?11, document_sha256) WHERE number = ?1"},
    {offsetof(struct statements, reroute_delivery),
     "UPDATE delivery SET partner = ?2, state = 1, agency = ?3, since = ?4, next_at = ?5,"
     " cause = NULL, detail = NULL WHERE number = ?1"},
    {offsetof(struct statements, first_in_lane),
     "SELECT number, state FROM delivery INDEXED BY delivery_undone"
     " WHERE partner = ?1 AND lane = ?2 AND state < 3 ORDER BY number LIMIT 1"},
    {offsetof(struct statements, next_head_in_lane),
     "SELECT number, state FROM delivery INDEXED BY delivery_undone WHERE partner = ?1 AND"
     " lane = ?2 AND state < 3 AND state <> 1 AND number > ?3 ORDER BY number LIMIT 1"},
    {offsetof(struct statements, set_delivery_state),
     "UPDATE delivery SET state = ?2, since = iif(?2 = 0, ?3, since),"
     " next_at = iif(?2 = 0, min(next_at, ?3), next_at) WHERE number = ?1"},
    {offsetof(struct statements, end_of_trail),
     "SELECT count(*), ifnull(max(line), 0) FROM trail WHERE delivery = ?"},
    {offsetof(struct statements, cut_trail),
     "DELETE FROM trail WHERE delivery = ?1 AND line = (SELECT min(line) FROM trail"
     " WHERE delivery = ?1 AND line > ?2)"},
    {offsetof(struct statements, add_trail),
     "INSERT INTO trail VALUES (?1, ?2, ?3, ?4, ?5, CASE WHEN ?6 IS NULL THEN ?7"
     " WHEN ?7 IS NULL THEN ?6 ELSE ?6 || ': ' || ?7 END)"},
    {offsetof(struct statements, set_audit_head),
     "INSERT OR REPLACE INTO setting VALUES ('audit_head', ?)"},
    {offsetof(struct statements, add_file_use),
     "INSERT INTO file_use VALUES (?, ?, ?) ON CONFLICT DO NOTHING"},
    {offsetof(struct statements, add_shift),
     "INSERT INTO delivery_sum (partner, waiting, parked, dead, discarded, delivered, pruned)"
     " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET waiting = waiting + excluded.waiting,"
     " parked = parked + excluded.parked, dead = dead + excluded.dead,"
     " discarded = discarded + excluded.discarded, delivered = delivered + excluded.delivered,"
     " pruned = pruned + excluded.pruned"},
};
enum { STATEMENT_COUNT = sizeof table / sizeof table[0] };

static sqlite3_stmt **statement_at(struct statements *statements, size_t index)
{
    return (sqlite3_stmt **)(void *)((char *)statements + table[index].offset);
}

static bool prepare_all(struct store *store, struct fault *why)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_stmt *statement = database_prepare(store->database, table[i].sql, why);
        if (!statement)
            return false;
        *statement_at(&store->statements, i) = statement;
    }
    return true;
}

/* Pruned entries leave no trace but the setting, so the number that was given last is the highest
 * of all that is left and of what the setting says. */
static bool recover_counters(sqlite3 *database, struct counters *counters, struct fault *why)
{
    int64_t pruned_to;
    int64_t stored;
    if (!database_get_number(database, "watermark", &counters->watermark, why) ||
        !database_get_number(database, "last_number", &pruned_to, why) ||
        !database_number(database,
                         "SELECT max(ifnull((SELECT max(number) FROM entry), 0),"
                         " ifnull((SELECT max(number) FROM released), 0),"
                         " ifnull((SELECT max(number) FROM notice), 0))",
                         &stored, why) ||
        !database_number(database,
                         "SELECT count(*) FROM entry INDEXED BY entry_in_the_way"
                         " WHERE state IN (1, 2) AND state = 1",
                         &counters->parked, why) ||
        !database_number(database,
                         "SELECT count(*) FROM entry INDEXED BY entry_in_the_way"
                         " WHERE state IN (1, 2) AND state = 2",
                         &counters->dead, why))
        return false;
    counters->last_number = stored > pruned_to ? stored : pruned_to;
    if (counters->watermark > counters->last_number)
        counters->last_number = counters->watermark;
    return true;
}

static bool recover_deliveries(sqlite3 *database, struct counters *counters, struct fault *why)
{
    int64_t pruned_to;
    auto_free(sqlite3_finalize) sqlite3_stmt *sums = database_prepare(
        database,
        "SELECT sum(waiting), sum(parked), sum(dead), sum(discarded), sum(delivered),"
        " (SELECT max(number) FROM arrival) FROM delivery_sum",
        why);
    bool found = false;
    if (!sums || !database_get_number(database, "last_arrival", &pruned_to, why) ||
        !database_next(database, sums, "read the sums", &found, why))
        return false;
    for (int state = 0; state < DELIVERY_STATE_COUNT; state++)
        counters->deliveries[state] = sqlite3_column_int64(sums, state);
    counters->last_arrival = sqlite3_column_int64(sums, DELIVERY_STATE_COUNT);
    if (counters->last_arrival < pruned_to)
        counters->last_arrival = pruned_to;
    return true;
}

/* Looked for from the end, where it is soon found. */
bool store_find_last_next(struct store *store, struct fault *why)
{
    return database_number(
        store->database,
        "SELECT max(ifnull((SELECT number FROM entry WHERE state IN (0, 2) AND released IS NULL"
        " AND ifnull(event_sealed, 0) < 2"
        " ORDER BY number DESC LIMIT 1), 0), ifnull((SELECT r.number FROM released r JOIN entry e"
        " ON e.number = r.entry WHERE e.released = r.number AND e.state IN (2, 4)"
        " AND ifnull(e.event_sealed, 0) < 2"
        " ORDER BY r.number DESC LIMIT 1), 0), ifnull((SELECT number FROM notice"
        " WHERE cause IS NULL ORDER BY number DESC LIMIT 1), 0))",
        &store->counters.last_next, why);
}

static bool recover_record(struct store *store, struct fault *why)
{
    struct audit_head head;
    if (!audit_head_read(store->database, &head, why))
        return false;
    store->counters.audited = store->written_audited = head.number;
    memcpy(store->counters.audit_hash, head.hash, sizeof head.hash);
    return true;
}

bool store_open(struct store *store, sqlite3 *database, struct fault *why)
{
    store->database = database;
    /* The one before may have ended before it could cut what it had overwritten. */
    store->wants_short_log = keyring_served() != NULL;
    return vault_open(&store->vault, database, &store->kept, true, why) &&
           recover_record(store, why) && recover_counters(database, &store->counters, why) &&
           recover_deliveries(database, &store->counters, why) &&
           store_find_last_next(store, why) && prepare_all(store, why);
}

void store_forget_names(struct store *store)
{
    for (size_t i = 0; i < NAME_CACHE; i++) {
        free(store->names[i].text);
        store->names[i].text = NULL;
    }
}

void store_close(struct store *store)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        (void)sqlite3_finalize(*statement_at(&store->statements, i)); /* repeats the last code */
    database_forget_statements(&store->kept);
    store_forget_names(store);
    free(store->tallies);
    free(store->shifts);
}

sqlite3_stmt *store_statement(struct store *store, const char *sql, struct fault *why)
{
    return database_statement(store->database, &store->kept, sql, why);
}

bool store_run(struct store *store, const char *sql, const int64_t *numbers, int count,
               struct fault *why)
{
    auto_free(statement_rest) sqlite3_stmt *statement = store_statement(store, sql, why);
    if (!statement)
        return false;
    for (int i = 0; i < count; i++)
        bind_number(statement, i + 1, numbers[i]);
    return database_step(store->database, statement, "change rows", why);
}

bool store_begin(struct store *store, struct fault *why)
{
    store->tally_count = 0;
    store->shift_count = 0;
    return database_step(store->database, store->statements.begin, "begin", why);
}

static bool write_tallies(struct store *store, struct fault *why)
{
    sqlite3_stmt *add = store->statements.add_tally;
    for (size_t i = 0; i < store->tally_count; i++) {
        const struct tally *tally = &store->tallies[i];
        bind_number(add, 1, tally->day);
        bind_number(add, 2, tally->partner);
        bind_number(add, 3, tally->received);
        bind_number(add, 4, tally->refused);
        bind_number(add, 5, tally->repeated);
        bind_number(add, 6, tally->pruned);
        bind_number(add, 7, tally->first);
        bind_number(add, 8, tally->last);
        if (!database_step(store->database, add, "count", why))
            return false;
    }
    return true;
}

static bool write_shifts(struct store *store, struct fault *why)
{
    sqlite3_stmt *add = store->statements.add_shift;
    for (size_t i = 0; i < store->shift_count; i++) {
        const struct shift *shift = &store->shifts[i];
        bind_number(add, 1, shift->partner);
        for (int state = 0; state < DELIVERY_STATE_COUNT; state++) /* the columns' order too */
            bind_number(add, 2 + state, shift->states[state]);
        bind_number(add, 2 + DELIVERY_STATE_COUNT, shift->pruned);
        if (!database_step(store->database, add, "count deliveries", why))
            return false;
    }
    return true;
}

/* The head of the record is kept apart, so that a removed end shows. */
static bool write_audit_head(struct store *store, struct fault *why)
{
    struct audit_head head = {.number = store->counters.audited};
    sqlite3_stmt *set = store->statements.set_audit_head;
    if (head.number == store->written_audited)
        return true;
    memcpy(head.hash, store->counters.audit_hash, sizeof head.hash);
    bind_bytes(set, 1, &head, sizeof head);
    return database_step(store->database, set, "keep the record's head", why);
}

bool store_commit(struct store *store, struct fault *why)
{
    if (!write_tallies(store, why) || !write_shifts(store, why) || !write_audit_head(store, why) ||
        !database_step(store->database, store->statements.commit, "commit", why))
        return false;
    store->written_audited = store->counters.audited;
    return true;
}

void store_rollback(struct store *store)
{
    /* Some failures have rolled back by themselves already. */
    if (!sqlite3_get_autocommit(store->database))
        (void)sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
    store_forget_names(store);
}

static bool find_or_add_name(struct store *store, const char *text, int64_t *no, struct fault *why)
{
    bool found = false;
    sqlite3_stmt *find = store->statements.find_name;
    bind_text(find, 1, text);
    if (!database_next(store->database, find, "find a name", &found, why))
        return false;
    if (found)
        *no = sqlite3_column_int64(find, 0);
    (void)sqlite3_reset(find);
    if (found)
        return true;
    bind_text(store->statements.add_name, 1, text);
    if (!database_step(store->database, store->statements.add_name, "add a name", why))
        return false;
    *no = sqlite3_last_insert_rowid(store->database);
    return true;
}

bool store_name(struct store *store, const char *text, int64_t *no, struct fault *why)
{
    size_t place = 0;
    for (; place < NAME_CACHE && store->names[place].text; place++) {
        if (strcmp(store->names[place].text, text) == 0) {
            *no = store->names[place].no;
            return true;
        }
    }
    if (!find_or_add_name(store, text, no, why))
        return false;
    if (place < NAME_CACHE) {
        store->names[place].text = strdup(text); /* without memory it is looked up again */
        store->names[place].no = *no;
    }
    return true;
}

struct tally *store_tally(struct store *store, int64_t partner, int64_t received_at_ms,
                          struct fault *why)
{
    int64_t day = day_number(received_at_ms);
    for (size_t i = 0; i < store->tally_count; i++)
        if (store->tallies[i].partner == partner && store->tallies[i].day == day)
            return &store->tallies[i];
    if (store->tally_count == store->tally_capacity) {
        size_t capacity = store->tally_capacity ? store->tally_capacity * 2 : 16;
        struct tally *larger = reallocarray(store->tallies, capacity, sizeof *larger);
        if (!larger) {
            (void)fault_memory(why);
            return NULL;
        }
        store->tallies = larger;
        store->tally_capacity = capacity;
    }
    struct tally *tally = &store->tallies[store->tally_count++];
    *tally = (struct tally){.day = day, .partner = partner};
    return tally;
}

struct shift *store_shift(struct store *store, int64_t partner, struct fault *why)
{
    for (size_t i = 0; i < store->shift_count; i++)
        if (store->shifts[i].partner == partner)
            return &store->shifts[i];
    if (store->shift_count == store->shift_capacity) {
        size_t capacity = store->shift_capacity ? store->shift_capacity * 2 : 16;
        struct shift *larger = reallocarray(store->shifts, capacity, sizeof *larger);
        if (!larger) {
            (void)fault_memory(why);
            return NULL;
        }
        store->shifts = larger;
        store->shift_capacity = capacity;
    }
    struct shift *shift = &store->shifts[store->shift_count++];
    *shift = (struct shift){.partner = partner};
    return shift;
}

bool store_count(struct store *store, int64_t partner, enum delivery_state state, int64_t by,
                 struct fault *why)
{
    struct shift *shift = store_shift(store, partner, why);
    if (!shift)
        return false;
    shift->states[state] += by;
    store->counters.deliveries[state] += by;
    return true;
}

bool store_notice(struct store *store, const struct spool_notice *notice, int64_t at_ms,
                  struct fault *why)
{
    sqlite3_stmt *add = store->statements.add_notice;
    uint8_t digest[SHORT_DIGEST_SIZE];
    int64_t topic;
    if (!store_name(store, notice->topic, &topic, why))
        return false;
    short_digest(notice->datum, notice->size, digest);
    store->counters.last_next = ++store->counters.last_number;
    bind_number(add, 1, store->counters.last_number);
    bind_number(add, 2, at_ms);
    bind_number(add, 3, topic);
    bind_number(add, 4, notice->schema_no);
    bind_text(add, 5, notice->key);
    bind_bytes(add, 6, digest, sizeof digest);
    bind_bytes(add, 7, notice->datum, notice->size);
    return database_step(store->database, add, "store a notice", why);
}

bool store_published(struct store *store, int64_t watermark, const struct spool_place *places,
                     size_t count, struct fault *why)
{
    if (watermark > store->counters.watermark) {
        if (!database_set_number(store->database, "watermark", watermark, why))
            return false;
        store->counters.watermark = watermark;
        /* Kafka can know more than a spool that was put back from a copy. */
        if (watermark > store->counters.last_number)
            store->counters.last_number = watermark;
    }
    if (count == 0)
        return true;
    size_t size = 0;
    auto_free(free) uint8_t *packed = places_pack(places, count, &size, why);
    if (!packed)
        return false;
    sqlite3_stmt *add = store->statements.add_placement;
    bind_number(add, 1, places[count - 1].number);
    bind_number(add, 2, places[0].number);
    bind_bytes(add, 3, packed, size);
    bind_number(add, 4, clock_now_ms());
    return database_step(store->database, add, "store places", why);
}
