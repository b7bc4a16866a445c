/* SPDX-License-Identifier: Apache-2.0 */
/* The file by which entries are found: how it is opened and laid out. */
#include "spool/facet.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERSION = 1 };

/* It can be made again, so a commit need not wait for the disk; what is there stays whole. */
static const char settings[] = "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;"
                               "PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384;"
                               "PRAGMA temp_store = MEMORY";
static const char tables[] =
    "BEGIN IMMEDIATE; DROP TABLE IF EXISTS facet; DROP TABLE IF EXISTS setting;"
    "CREATE TABLE facet (key INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (key, number))"
    " WITHOUT ROWID;"
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
    "PRAGMA user_version = 1; COMMIT";

ENDS_WITH_SCOPE(sqlite3 *, database_close)

int64_t facet_key(enum find_by by, const char *value)
{
    const uint8_t kind = (uint8_t)by;
    uint8_t digest[SHA256_SIZE];
    int64_t key;
    digest_hmac(&kind, sizeof kind, value, strlen(value), digest);
    memcpy(&key, digest, sizeof key);
    return key;
}

void facet_spool(const uint8_t receipt_key[SHA256_SIZE], uint8_t spool[SHORT_DIGEST_SIZE])
{
    short_digest(receipt_key, SHA256_SIZE, spool);
}

char *facet_file(const char *spool_file, struct fault *why)
{
    char *file = NULL;
    if (asprintf(&file, "%s.find", spool_file) >= 0)
        return file;
    (void)fault_memory(why);
    return NULL;
}

static sqlite3 *open_file(const char *file, int flags, struct fault *why)
{
    sqlite3 *facets = NULL;
    if (sqlite3_open_v2(file, &facets, flags | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK) {
        (void)sqlite3_busy_timeout(facets, DATABASE_BUSY_MS);
        return facets;
    }
    (void)fault_set(why, FAULT_BROKEN, "%s: it does not open", file);
    database_close(facets);
    return NULL;
}

static bool make_tables(sqlite3 *facets, struct fault *why)
{
    int64_t version = 0;
    return database_number(facets, "PRAGMA user_version", &version, why) &&
           (version == VERSION || database_run(facets, tables, why));
}

static bool lay_out(sqlite3 *facets, struct fault *why)
{
    return database_run(facets, settings, why) && make_tables(facets, why);
}

/* The way that SQLite has for it; others may be reading. */
bool facet_reset(sqlite3 *facets, struct fault *why)
{
    (void)sqlite3_db_config(facets, SQLITE_DBCONFIG_RESET_DATABASE, 1, NULL);
    bool is_empty = database_run(facets, "VACUUM", why);
    (void)sqlite3_db_config(facets, SQLITE_DBCONFIG_RESET_DATABASE, 0, NULL);
    return is_empty && lay_out(facets, why);
}

sqlite3 *facet_open_writer(const char *file, struct fault *why)
{
    /* Nobody else need know who deals with what. */
    int created = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (created >= 0)
        (void)close(created); /* nothing was written */
    auto_free(database_close) sqlite3 *facets =
        open_file(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, why);
    if (!facets || (!lay_out(facets, why) && !(why->is_damage && facet_reset(facets, why))))
        return NULL;
    return steal(facets);
}

sqlite3 *facet_open_reader(const char *file, struct fault *why)
{
    int64_t version = 0;
    why->kind = FAULT_NONE;
    if (access(file, R_OK) != 0)
        return NULL;
    auto_free(database_close) sqlite3 *facets = open_file(file, SQLITE_OPEN_READONLY, why);
    bool is_open = facets && database_number(facets, "PRAGMA user_version", &version, why);
    why->kind = FAULT_NONE; /* without it, it only takes longer */
    if (!is_open || version != VERSION)
        return NULL;
    (void)sqlite3_db_config(facets, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return steal(facets);
}

bool facet_read_position(sqlite3 *facets, struct facet_position *position, struct fault *why)
{
    size_t size;
    if (!database_get(facets, "position", position, sizeof *position, &size, why))
        return false;
    if (size != sizeof *position)
        *position = (struct facet_position){.entry = 0};
    return true;
}
