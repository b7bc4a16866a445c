/* SPDX-License-Identifier: Apache-2.0 */
/* Saved rows become a spool again: rebuild.sql, and what it needs of the program. */
#include "spool/rebuild.h"

#include "spool/chain.h"
#include "spool/leap.h"

#include <string.h>

extern const char rebuild_sql[] __asm__("_binary_gateway_spool_rebuild_sql_start");
extern const char rebuild_sql_end[] __asm__("_binary_gateway_spool_rebuild_sql_end");

/* ---- functions ---- */

static void body_is_whole(sqlite3_context *context, int count, sqlite3_value **values)
{
    uint8_t digest[SHORT_DIGEST_SIZE];
    (void)count;
    const void *bytes = sqlite3_value_blob(values[0]);
    short_digest(bytes, (size_t)sqlite3_value_bytes(values[0]), digest);
    const void *stored = sqlite3_value_blob(values[1]);
    bool is_whole = stored && sqlite3_value_bytes(values[1]) == SHORT_DIGEST_SIZE &&
                    memcmp(stored, digest, sizeof digest) == 0;
    sqlite3_result_int(context, is_whole);
}

static void digest_of(sqlite3_context *context, int count, sqlite3_value **values)
{
    uint8_t digest[SHA256_SIZE];
    (void)count;
    const void *bytes = sqlite3_value_blob(values[0]);
    digest_sha256(bytes, (size_t)sqlite3_value_bytes(values[0]), digest);
    sqlite3_result_blob(context, digest, sqlite3_value_int(values[1]), SQLITE_TRANSIENT);
}

static void handoff_key(sqlite3_context *context, int count, sqlite3_value **values)
{
    uint8_t key[SHORT_DIGEST_SIZE];
    (void)count;
    const char *partner = (const char *)sqlite3_value_text(values[0]);
    const char *id = (const char *)sqlite3_value_text(values[1]);
    bool is_of_content = sqlite3_value_bytes(values[2]) == SHA256_SIZE;
    if (!partner || !id) {
        sqlite3_result_null(context);
        return;
    }
    dedupe_key(partner, id, (size_t)sqlite3_value_bytes(values[1]),
               is_of_content ? sqlite3_value_blob(values[2]) : NULL, key);
    sqlite3_result_blob(context, key, sizeof key, SQLITE_TRANSIENT);
}

static bool add_functions(sqlite3 *database, struct fault *why)
{
    static const struct {
        const char *name;
        int count;
        void (*function)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {
        {"body_is_whole", 2, body_is_whole},
        {"digest_of", 2, digest_of},
        {"handoff_key", 3, handoff_key},
    };
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (sqlite3_create_function(database, functions[i].name, functions[i].count,
                                    SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, functions[i].function,
                                    NULL, NULL) != SQLITE_OK)
            return database_fault(database, "add a function", why);
    return true;
}

/* ---- numbers ---- */

/* Where the copy of the watermark is lost, the places of what was published say it. */
static bool find_watermark(sqlite3 *database, struct fault *why)
{
    int64_t copy;
    int64_t placed;
    if (!database_get_number(database, "watermark", &copy, why) ||
        !database_number(database, "SELECT max(last) FROM placement", &placed, why))
        return false;
    int64_t watermark = copy > placed ? copy : placed;
    if (!database_run(database, "CREATE TEMP TABLE fact (name TEXT PRIMARY KEY, value INTEGER)",
                      why))
        return false;
    auto_free(sqlite3_finalize) sqlite3_stmt *add =
        database_prepare(database, "INSERT INTO fact VALUES ('watermark', ?)", why);
    if (!add)
        return false;
    bind_number(add, 1, watermark);
    return database_step(database, add, "note a fact", why) &&
           (watermark == copy || database_set_number(database, "watermark", watermark, why));
}

static int64_t highest(const int64_t *numbers, size_t count)
{
    int64_t highest = 0;
    for (size_t i = 0; i < count; i++)
        highest = numbers[i] > highest ? numbers[i] : highest;
    return highest;
}

static bool leap(sqlite3 *database, const struct rebuild_options *options, struct fault *why)
{
    enum { COUNT = 7 };
    int64_t numbers[COUNT] = {options->above};
    int64_t arrivals[2];
    if (!database_get_number(database, "last_number", &numbers[1], why) ||
        !database_get_number(database, "watermark", &numbers[2], why) ||
        !database_number(database, "SELECT max(number) FROM entry", &numbers[3], why) ||
        !database_number(database, "SELECT max(number) FROM released", &numbers[4], why) ||
        !database_number(database, "SELECT max(number) FROM notice", &numbers[5], why) ||
        !database_number(database, "SELECT max(last) FROM tally", &numbers[6], why) ||
        !database_get_number(database, "last_arrival", &arrivals[0], why) ||
        !database_number(database, "SELECT max(number) FROM arrival", &arrivals[1], why))
        return false;
    int64_t by = options->is_end_known ? 0 : NUMBER_LEAP;
    return database_set_number(database, "last_number", highest(numbers, COUNT) + by, why) &&
           database_set_number(database, "last_arrival", highest(arrivals, 2) + by, why);
}

/* The head of the record of acts is its last entry; where more is lost, nobody can tell. */
static bool mend_audit_head(sqlite3 *database, struct fault *why)
{
    struct audit_head head;
    bool found = false;
    if (!audit_head_read(database, &head, why))
        return false;
    if (head.number > 0)
        return true;
    auto_free(sqlite3_finalize) sqlite3_stmt *last = database_prepare(
        database, "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1", why);
    if (!last || !database_next(database, last, "read the record's end", &found, why))
        return false;
    if (!found || sqlite3_column_bytes(last, 1) != AUDIT_HASH_SIZE)
        return true;
    head.number = sqlite3_column_int64(last, 0);
    memcpy(head.hash, sqlite3_column_blob(last, 1), sizeof head.hash);
    return database_set(database, "audit_head", &head, sizeof head, why);
}

bool rebuild_spool(sqlite3 *database, const struct rebuild_options *options, struct fault *why)
{
    return add_functions(database, why) && database_run(database, "BEGIN", why) &&
           find_watermark(database, why) &&
           database_run_linked(database, rebuild_sql, rebuild_sql_end, why) &&
           database_find_stuck(database, why) && leap(database, options, why) &&
           mend_audit_head(database, why) && database_run(database, "COMMIT", why);
}
