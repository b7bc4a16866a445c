/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite, opened as the spool needs it, and its failures as faults. */
#include "spool/database.h"

#include "base/metrics.h"
#include "base/text_stream.h"
#include "spool/wal_vfs.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern const char schema_1[] __asm__("_binary_gateway_spool_schema_sql_start");
extern const char schema_1_end[] __asm__("_binary_gateway_spool_schema_sql_end");
extern const char schema_2[] __asm__("_binary_gateway_spool_schema_2_sql_start");
extern const char schema_2_end[] __asm__("_binary_gateway_spool_schema_2_sql_end");
extern const char schema_3[] __asm__("_binary_gateway_spool_schema_3_sql_start");
extern const char schema_3_end[] __asm__("_binary_gateway_spool_schema_3_sql_end");
extern const char stuck[] __asm__("_binary_gateway_spool_stuck_sql_start");
extern const char stuck_end[] __asm__("_binary_gateway_spool_stuck_sql_end");
extern const char schema_4[] __asm__("_binary_gateway_spool_schema_4_sql_start");
extern const char schema_4_end[] __asm__("_binary_gateway_spool_schema_4_sql_end");
extern const char schema_5[] __asm__("_binary_gateway_spool_schema_5_sql_start");
extern const char schema_5_end[] __asm__("_binary_gateway_spool_schema_5_sql_end");

enum { TEXT_SIZE = 64 };

/* SQLite knows a full disk, but not a quota or a limit on a file's size. */
static bool is_out_of_room(sqlite3 *database)
{
    int error = sqlite3_system_errno(database);
    if (error == 0) /* it is not kept where a commit fails */
        error = errno;
    return error == EDQUOT || error == EFBIG;
}

bool database_met_damage(sqlite3 *database)
{
    int primary = sqlite3_errcode(database) & 0xFF;
    return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

bool database_fault(sqlite3 *database, const char *doing, struct fault *why)
{
    int code = sqlite3_extended_errcode(database);
    int primary = code & 0xFF;
    bool may_pass = primary == SQLITE_FULL || primary == SQLITE_BUSY || primary == SQLITE_LOCKED ||
                    (code == SQLITE_IOERR_WRITE && is_out_of_room(database));
    bool is_damage = primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
    if (is_damage)
        metrics_add(metrics_counter("lienthong_spool_damaged_total",
                                    "calls that met a damaged page of the spool or of its index",
                                    NULL),
                    1);
    /* SQLite's message can quote a value that broke a rule; its code's name cannot. */
    (void)fault_set(why, may_pass ? FAULT_RETRY : FAULT_BROKEN, "spool: %s: %s (%d)%s", doing,
                    sqlite3_errstr(code), code, is_damage ? "; see lienthong spool repair" : "");
    why->is_damage = is_damage;
    return false;
}

void database_close(sqlite3 *database)
{
    (void)sqlite3_close_v2(database); /* with statements left it ends when they do */
}

ENDS_WITH_SCOPE(sqlite3 *, database_close)

static bool sync_path(const char *path, int flags, struct fault *why)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | flags);
    bool is_synced = file >= 0 && fsync(file) == 0;
    if (!is_synced)
        (void)fault_set(why, FAULT_BROKEN, "%s: %s", path, strerror(errno));
    if (file >= 0)
        (void)close(file); /* fsync has told all that could fail */
    return is_synced;
}

void database_remove(const char *file)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        char *name = NULL;
        if (asprintf(&name, "%s%s", file, endings[i]) < 0)
            continue;
        (void)unlink(name); /* not all of them are there */
        free(name);
    }
}

bool database_settle(const char *file, struct fault *why)
{
    const char *name = strrchr(file, '/');
    auto_free(free) char *folder =
        name ? strndup(file, name == file ? 1 : (size_t)(name - file)) : strdup(".");
    if (!folder)
        return fault_memory(why);
    return sync_path(file, 0, why) && sync_path(folder, O_DIRECTORY, why);
}

sqlite3_stmt *database_prepare(sqlite3 *database, const char *sql, struct fault *why)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
        SQLITE_OK)
        (void)database_fault(database, "prepare", why);
    return statement;
}

sqlite3_stmt *database_statement(sqlite3 *database, struct statement_cache *cache, const char *sql,
                                 struct fault *why)
{
    size_t place = 0;
    while (place < STATEMENT_CACHE && cache->kept[place].sql && cache->kept[place].sql != sql)
        place++;
    assert(place < STATEMENT_CACHE); /* there are not that many in the program */
    if (!cache->kept[place].statement) {
        cache->kept[place].statement = database_prepare(database, sql, why);
        cache->kept[place].sql = cache->kept[place].statement ? sql : NULL;
    }
    return cache->kept[place].statement;
}

void database_forget_statements(struct statement_cache *cache)
{
    for (size_t i = 0; i < STATEMENT_CACHE; i++)
        (void)sqlite3_finalize(cache->kept[i].statement); /* repeats the last step's code */
    *cache = (struct statement_cache){0};
}

bool database_run(sqlite3 *database, const char *sql, struct fault *why)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
        return database_fault(database, "run", why);
    return true;
}

bool database_step(sqlite3 *database, sqlite3_stmt *statement, const char *doing, struct fault *why)
{
    int code = sqlite3_step(statement);
    bool done = code == SQLITE_DONE || code == SQLITE_ROW || database_fault(database, doing, why);
    (void)sqlite3_reset(statement); /* repeats the step's code */
    return done;
}

bool database_next(sqlite3 *database, sqlite3_stmt *statement, const char *doing, bool *found,
                   struct fault *why)
{
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        (void)database_fault(database, doing, why);
        (void)sqlite3_reset(statement); /* repeats the step's code */
        return false;
    }
    *found = code == SQLITE_ROW;
    return true;
}

bool database_number(sqlite3 *database, const char *sql, int64_t *number, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *statement = database_prepare(database, sql, why);
    bool found = false;
    if (!statement || !database_next(database, statement, "count", &found, why))
        return false;
    *number = found ? sqlite3_column_int64(statement, 0) : 0;
    return true;
}

bool database_get(sqlite3 *database, const char *name, void *value, size_t limit, size_t *size,
                  struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *statement =
        database_prepare(database, "SELECT value FROM setting WHERE name = ?", why);
    bool found = false;
    if (!statement)
        return false;
    bind_text(statement, 1, name);
    if (!database_next(database, statement, "read a setting", &found, why))
        return false;
    size_t stored = found ? (size_t)sqlite3_column_bytes(statement, 0) : 0;
    if (stored > limit)
        return fault_set(why, FAULT_BROKEN, "spool: setting %s is damaged", name);
    if (stored > 0)
        memcpy(value, sqlite3_column_blob(statement, 0), stored);
    *size = stored;
    return true;
}

bool database_set(sqlite3 *database, const char *name, const void *value, size_t size,
                  struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *statement =
        database_prepare(database, "INSERT OR REPLACE INTO setting VALUES (?, ?)", why);
    if (!statement)
        return false;
    bind_text(statement, 1, name);
    bind_bytes(statement, 2, value, size);
    return database_step(database, statement, "store a setting", why);
}

bool database_get_number(sqlite3 *database, const char *name, int64_t *number, struct fault *why)
{
    int64_t stored = 0;
    size_t size;
    if (!database_get(database, name, &stored, sizeof stored, &size, why))
        return false;
    *number = size == sizeof stored ? stored : 0;
    return true;
}

bool database_set_number(sqlite3 *database, const char *name, int64_t number, struct fault *why)
{
    return database_set(database, name, &number, sizeof number, why);
}

void bind_number(sqlite3_stmt *statement, int place, int64_t number)
{
    (void)sqlite3_bind_int64(statement, place, number);
}

void bind_text(sqlite3_stmt *statement, int place, const char *text)
{
    (void)sqlite3_bind_text(statement, place, text, -1, SQLITE_STATIC);
}

void bind_bytes(sqlite3_stmt *statement, int place, const void *bytes, size_t size)
{
    (void)sqlite3_bind_blob64(statement, place, bytes, size, SQLITE_STATIC);
}

/* SQLite counts its memory under one lock for all threads, and nobody asks for the count. */
static void set_up(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* or it is counted: only slower */
}

static sqlite3 *open_file(const char *file, int flags, struct fault *why)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    sqlite3 *database = NULL;
    const char *vfs = NULL;
    (void)pthread_once(&once, set_up);
    if ((flags & SQLITE_OPEN_READWRITE) && !(vfs = wal_vfs(why)))
        return NULL;
    int code = sqlite3_open_v2(file, &database, flags | SQLITE_OPEN_NOMUTEX, vfs);
    if (code == SQLITE_OK) {
        (void)sqlite3_busy_timeout(database, DATABASE_BUSY_MS);
        return database;
    }
    int error = sqlite3_system_errno(database);
    (void)fault_set(why, FAULT_BROKEN, "%s: %s%s", file,
                    error ? strerrordesc_np(error) : sqlite3_errstr(code),
                    error == EACCES ? ": it is for root and the user as whom the daemon runs" : "");
    database_close(database);
    return NULL;
}

/* What each version added to the one before it. */
static const struct {
    const char *sql, *end;
} versions[DATABASE_VERSION] = {
    {schema_1, schema_1_end}, {schema_2, schema_2_end}, {schema_3, schema_3_end},
    {schema_4, schema_4_end}, {schema_5, schema_5_end},
};

bool database_run_linked(sqlite3 *database, const char *sql, const char *end, struct fault *why)
{
    auto_free(free) char *text = strndup(sql, (size_t)((uintptr_t)end - (uintptr_t)sql));
    return text ? database_run(database, text, why) : fault_memory(why);
}

bool database_find_stuck(sqlite3 *database, struct fault *why)
{
    return database_run_linked(database, stuck, stuck_end, why);
}

static bool add_version(sqlite3 *database, size_t index, struct fault *why)
{
    const bool brings_stuck = versions[index].sql == schema_3;
    return database_run_linked(database, versions[index].sql, versions[index].end, why) &&
           (!brings_stuck || database_find_stuck(database, why));
}

/* In one transaction: a file is of one version or of the other. */
static bool make_tables(sqlite3 *database, size_t from, struct fault *why)
{
    char version[TEXT_SIZE];
    (void)snprintf(version, sizeof version, "PRAGMA user_version = %d", DATABASE_VERSION);
    bool is_made = database_run(database, "BEGIN IMMEDIATE", why);
    for (size_t i = from; is_made && i < DATABASE_VERSION; i++)
        is_made = add_version(database, i, why);
    return is_made && database_run(database, version, why) && database_run(database, "COMMIT", why);
}

static bool accept_version(sqlite3 *database, const char *file, bool may_make, struct fault *why)
{
    int64_t version = 0;
    if (!database_number(database, "PRAGMA user_version", &version, why))
        return fault_prefix(why, "%s", file);
    if (version == DATABASE_VERSION)
        return true;
    if (may_make && version >= 0 && version < DATABASE_VERSION)
        return make_tables(database, (size_t)version, why) || fault_prefix(why, "%s", file);
    return fault_set(why, FAULT_BROKEN, "%s: a spool of version %d, and this program knows %d",
                     file, (int)version, DATABASE_VERSION);
}

/* The fingerprint of a kind, a cause, a partner and an adapter; each ends with its NUL, so that no
 * two can be read as one another. */
static void fingerprint(sqlite3_context *context, int count, sqlite3_value **values)
{
    uint8_t digest[SHORT_DIGEST_SIZE];
    struct text joined = {.bytes = NULL};
    size_t size = 0;
    int64_t short_one;
    for (int i = 0; i < count; i++) {
        const unsigned char *part = sqlite3_value_text(values[i]);
        text_say(&joined, part ? (const char *)part : "");
        text_put(&joined, '\0');
    }
    auto_free(free) char *text = text_take(&joined, &size);
    if (!text) {
        sqlite3_result_error_nomem(context);
        return;
    }
    short_digest(text, size, digest);
    memcpy(&short_one, digest, sizeof short_one);
    sqlite3_result_int64(context, short_one);
}

static bool add_functions(sqlite3 *database, struct fault *why)
{
    enum { PARTS = 4 };
    return sqlite3_create_function(database, "failure_fingerprint", PARTS,
                                   SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, fingerprint, NULL,
                                   NULL) == SQLITE_OK ||
           database_fault(database, "add a function", why);
}

sqlite3 *database_open_writer(const char *file, struct fault *why)
{
    /* The page size must stand before the first table.  A WAL that a long reader made large is cut
     * back to 128 MiB afterwards.  The cache is 16 MiB at most: whenever a page of an index was
     * split, SQLite goes through all of it at the commit (balancing borrows a page number far
     * beyond the end, and what is beyond the end is then dropped), and the system's cache is near.
     */
    static const char settings[] = "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL;"
                                   "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
                                   "PRAGMA journal_size_limit = 134217728;"
                                   "PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY";
    /* What it holds is personal; the files beside it get the same rights. */
    int created = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (created >= 0)
        (void)close(created); /* nothing was written */
    auto_free(database_close) sqlite3 *database =
        open_file(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, why);
    if (!database || !database_run(database, settings, why) || !add_functions(database, why) ||
        !accept_version(database, file, true, why))
        return NULL;
    return steal(database);
}

sqlite3 *database_open_reader(const char *file, struct fault *why)
{
    auto_free(database_close) sqlite3 *database = open_file(file, SQLITE_OPEN_READONLY, why);
    if (!database)
        return NULL;
    (void)sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (!accept_version(database, file, false, why))
        return NULL;
    return steal(database);
}

void short_digest(const void *bytes, size_t size, uint8_t digest[SHORT_DIGEST_SIZE])
{
    uint8_t whole[SHA256_SIZE];
    digest_sha256(bytes, size, whole);
    memcpy(digest, whole, SHORT_DIGEST_SIZE);
}

bool column_is_whole(sqlite3_stmt *row, int bytes, int digest)
{
    uint8_t expected[SHORT_DIGEST_SIZE];
    const void *stored = sqlite3_column_blob(row, digest);
    if (!stored || sqlite3_column_bytes(row, digest) != SHORT_DIGEST_SIZE)
        return false;
    const void *content = sqlite3_column_blob(row, bytes);
    short_digest(content, (size_t)sqlite3_column_bytes(row, bytes), expected);
    return memcmp(stored, expected, sizeof expected) == 0;
}

int64_t dossier_key(const char *code)
{
    /* Codes are AGENCY-DAY-NUMBER.  What an agency takes in on a day lies side by side in the
     * index, so a group of inserts touches few of its pages. */
    const char *number = strrchr(code, '-');
    uint8_t day[SHORT_DIGEST_SIZE];
    uint8_t whole[SHORT_DIGEST_SIZE];
    uint32_t high;
    uint32_t low;
    short_digest(code, number ? (size_t)(number - code) : 0, day);
    short_digest(code, strlen(code), whole);
    memcpy(&high, day, sizeof high);
    memcpy(&low, whole, sizeof low);
    return (int64_t)((uint64_t)high << 32 | low);
}

int64_t failure_number(const uint8_t *fingerprint)
{
    uint64_t number = 0;
    for (size_t i = 0; i < sizeof number; i++)
        number = number << 8 | fingerprint[i];
    return (int64_t)number;
}

void dedupe_key(const char *partner, const void *native_id, size_t size, const uint8_t *content,
                uint8_t key[SHORT_DIGEST_SIZE])
{
    /* The partner's id is a key of its own length's worth, so no pair can be read as another. */
    uint8_t digest[SHA256_SIZE];
    digest_hmac(partner, strlen(partner), native_id, size, digest);
    if (content)
        digest_hmac(content, SHA256_SIZE, digest, sizeof digest, digest);
    memcpy(key, digest, SHORT_DIGEST_SIZE);
}
