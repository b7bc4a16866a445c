/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the journal: one read-only connection for one thread. */
#include "spool/reader.h"

#include "spool/body.h"
#include "spool/places.h"
#include "spool/row.h"

#include <inttypes.h>
#include <string.h>

static const char *const queries[] = {
    [QUERY_FIND] = "SELECT " ENTRY_COLUMNS ", e.event FROM entry e WHERE e.number = ?1",
    [QUERY_NEXT_OWN] = "SELECT " ENTRY_COLUMNS ", e.event FROM entry e WHERE e.number > ?1 AND"
                       " e.state IN (0, 2) AND e.released IS NULL AND ifnull(e.event_sealed, 0) < 2"
                       " ORDER BY e.number LIMIT ?2",
    [QUERY_NEXT_RELEASED] =
        "SELECT " ENTRY_COLUMNS ", e.event FROM released r JOIN entry e ON e.number = r.entry"
        " WHERE r.number > ?1 AND e.released = r.number AND e.state IN (2, 4)"
        " AND ifnull(e.event_sealed, 0) < 2"
        " ORDER BY r.number LIMIT ?2",
    [QUERY_NEXT_NOTICE] =
        "SELECT NULL, number, at, topic, schema_no, key, datum_digest, datum FROM notice"
        " WHERE number > ?1 AND cause IS NULL ORDER BY number LIMIT ?2",
    [QUERY_DOSSIER] = "SELECT " ENTRY_COLUMNS ", NULL FROM entry e WHERE e.dossier_key = ?3 AND"
                      " e.dossier_code = ?4 AND e.number > ?1 ORDER BY e.number LIMIT ?2",
    [QUERY_LIST] = "SELECT " ENTRY_COLUMNS
                   ", NULL FROM entry e WHERE e.number > ?1 ORDER BY e.number LIMIT ?2",
    [QUERY_BEHIND] = "SELECT number FROM entry INDEXED BY entry_in_the_way WHERE dossier_key = ?3"
                     " AND dossier_code = ?4 AND state IN (1, 2) AND state = 2"
                     " ORDER BY number LIMIT 1",
    [QUERY_WATERMARK] = "SELECT value FROM setting WHERE name = 'watermark'",
};

struct spool_reader *spool_reader_open(const char *file, struct fault *why)
{
    struct spool_reader *reader = calloc(1, sizeof *reader);
    size_t size;
    if (!reader) {
        (void)fault_memory(why);
        return NULL;
    }
    reader->database = database_open_reader(file, why);
    bool is_open = reader->database &&
                   database_get(reader->database, "receipt_key", reader->receipt_key,
                                sizeof reader->receipt_key, &size, why) &&
                   vault_open(&reader->vault, reader->database, &reader->kept, false, why);
    for (size_t i = 0; is_open && i < QUERY_COUNT; i++) {
        reader->queries[i] = database_prepare(reader->database, queries[i], why);
        is_open = reader->queries[i] != NULL;
    }
    if (is_open)
        return reader;
    spool_reader_close(reader);
    return NULL;
}

void spool_reader_close(struct spool_reader *reader)
{
    if (!reader)
        return;
    for (size_t i = 0; i < QUERY_COUNT; i++)
        (void)sqlite3_finalize(reader->queries[i]); /* repeats the last step's code */
    for (size_t i = 0; i < DELIVERY_QUERY_COUNT; i++)
        (void)sqlite3_finalize(reader->delivery_queries[i]); /* as above */
    database_forget_statements(&reader->kept);
    if (reader->facets)
        database_close(reader->facets);
    if (reader->database)
        database_close(reader->database);
    for (size_t i = 0; i < reader->name_count; i++)
        free(reader->names[i]);
    free(reader->names);
    free(reader->opened);
    free(reader);
}

const uint8_t *spool_reader_key(const struct spool_reader *reader)
{
    return reader->receipt_key;
}

/* Gives each row of a bound query to `each`. */
static bool give_rows(struct spool_reader *reader, enum query query, spool_each each, void *own,
                      int64_t *given, struct fault *why)
{
    sqlite3_stmt *rows = reader->queries[query];
    bool done = true;
    bool goes_on = true;
    bool found = false;
    while (goes_on && (done = database_next(reader->database, rows, "read entries", &found, why)) &&
           found) {
        struct spool_entry entry;
        done = row_read(reader, rows, &entry, why);
        if (!done)
            break;
        ++*given;
        goes_on = each(own, &entry);
    }
    (void)sqlite3_reset(rows); /* repeats the last step's code */
    return done;
}

bool spool_find(struct spool_reader *reader, int64_t entry, spool_each each, void *own,
                struct fault *why)
{
    int64_t given = 0;
    bind_number(reader->queries[QUERY_FIND], 1, entry);
    if (!row_watermark(reader, why) || !give_rows(reader, QUERY_FIND, each, own, &given, why))
        return false;
    return given > 0 || fault_set(why, FAULT_REFUSE, "spool: there is no such entry");
}

bool spool_received_at(struct spool_reader *reader, int64_t number, int64_t *received_at_ms,
                       struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *find = database_prepare(
        reader->database,
        "SELECT received_at FROM entry"
        " WHERE number = ifnull((SELECT entry FROM released WHERE number = ?1), ?1)"
        " UNION ALL SELECT at FROM notice WHERE number = ?1",
        why);
    bool found = false;
    if (!find)
        return false;
    bind_number(find, 1, number);
    if (!database_next(reader->database, find, "look for an arrival", &found, why))
        return false;
    *received_at_ms = found ? sqlite3_column_int64(find, 0) : 0;
    return true;
}

static void bind_range(sqlite3_stmt *rows, struct spool_range range)
{
    bind_number(rows, 1, range.after);
    bind_number(rows, 2, range.limit);
}

bool spool_list(struct spool_reader *reader, struct spool_range range, spool_each each, void *own,
                struct fault *why)
{
    int64_t given = 0;
    bind_range(reader->queries[QUERY_LIST], range);
    return row_watermark(reader, why) && give_rows(reader, QUERY_LIST, each, own, &given, why);
}

bool spool_of_dossier(struct spool_reader *reader, const char *dossier_code,
                      struct spool_range range, spool_each each, void *own, struct fault *why)
{
    int64_t given = 0;
    sqlite3_stmt *rows = reader->queries[QUERY_DOSSIER];
    bind_range(rows, range);
    bind_number(rows, 3, dossier_key(dossier_code));
    bind_text(rows, 4, dossier_code);
    return row_watermark(reader, why) && give_rows(reader, QUERY_DOSSIER, each, own, &given, why);
}

/* One of the streams of numbers that spool_next merges: the number is in their second column. */
static const enum query next_queries[] = {QUERY_NEXT_OWN, QUERY_NEXT_RELEASED, QUERY_NEXT_NOTICE};
enum { STREAMS = sizeof next_queries / sizeof next_queries[0] };

struct stream {
    enum query query;
    sqlite3_stmt *rows;
    bool has_row;
    int64_t number;
};

static bool advance(struct spool_reader *reader, struct stream *stream, struct fault *why)
{
    if (!database_next(reader->database, stream->rows, "read what is next", &stream->has_row, why))
        return false;
    stream->number = stream->has_row ? sqlite3_column_int64(stream->rows, 1) : INT64_MAX;
    return true;
}

/* All streams at one moment, each at its first row. */
static bool open_streams(struct spool_reader *reader, struct stream streams[STREAMS],
                         struct spool_range range, struct fault *why)
{
    if (!row_watermark(reader, why) || !database_run(reader->database, "BEGIN", why))
        return false;
    for (size_t i = 0; i < STREAMS; i++) {
        streams[i].query = next_queries[i];
        streams[i].rows = reader->queries[next_queries[i]];
        bind_range(streams[i].rows, range);
        if (!advance(reader, &streams[i], why))
            return false;
    }
    return true;
}

static void close_streams(struct spool_reader *reader, struct stream streams[STREAMS])
{
    for (size_t i = 0; i < STREAMS; i++)
        if (streams[i].rows)
            (void)sqlite3_reset(streams[i].rows); /* repeats the last step's code */
    if (!sqlite3_get_autocommit(reader->database))
        (void)sqlite3_exec(reader->database, "COMMIT", NULL, NULL, NULL); /* nothing was written */
}

static struct stream *lowest(struct stream streams[STREAMS])
{
    struct stream *lowest = &streams[0];
    for (size_t i = 1; i < STREAMS; i++)
        if (streams[i].number < lowest->number)
            lowest = &streams[i];
    return lowest;
}

static bool read_notice(struct spool_reader *reader, sqlite3_stmt *row, struct spool_notice *notice,
                        struct spool_entry *entry, struct fault *why)
{
    *notice = (struct spool_notice){
        .key = (const char *)sqlite3_column_text(row, 5),
        .datum = sqlite3_column_blob(row, 7),
        .size = (size_t)sqlite3_column_bytes(row, 7),
        .schema_no = sqlite3_column_int(row, 4),
    };
    *entry = (struct spool_entry){
        .number = sqlite3_column_int64(row, 1),
        .received_at_ms = sqlite3_column_int64(row, 2),
        .is_damaged = !column_is_whole(row, 7, 6),
        .notice = notice,
    };
    if (!row_name(reader, sqlite3_column_int64(row, 3), &notice->topic, why))
        return false;
    entry->is_damaged |= !notice->topic;
    return true;
}

/* A damaged event ends the merging, and says where. */
static bool merge(struct spool_reader *reader, struct stream streams[STREAMS], int64_t limit,
                  spool_each each, void *own, struct fault *why)
{
    for (int64_t given = 0; given < limit; given++) {
        struct stream *first = lowest(streams);
        struct spool_entry entry;
        struct spool_notice notice;
        bool is_notice = first->query == QUERY_NEXT_NOTICE;
        if (!first->has_row)
            return true;
        if (is_notice ? !read_notice(reader, first->rows, &notice, &entry, why)
                      : !row_read(reader, first->rows, &entry, why))
            return false;
        if (entry.is_damaged && entry.state != ENTRY_DEAD) {
            reader->damaged = first->number;
            return is_notice ? fault_set(why, FAULT_BROKEN, "spool: notice %" PRId64 " is damaged",
                                         entry.number)
                             : fault_set(why, FAULT_BROKEN, "spool: " DAMAGED_ENTRY, entry.entry);
        }
        if (!each(own, &entry))
            return true;
        if (!advance(reader, first, why))
            return false;
    }
    return true;
}

bool spool_next(struct spool_reader *reader, struct spool_range range, spool_each each, void *own,
                int64_t *damaged, struct fault *why)
{
    struct stream streams[STREAMS] = {{0}};
    reader->damaged = 0;
    bool done = open_streams(reader, streams, range, why) &&
                merge(reader, streams, range.limit, each, own, why);
    close_streams(reader, streams);
    *damaged = reader->damaged;
    return done;
}

bool spool_place_of(struct spool_reader *reader, int64_t number, struct spool_place *place,
                    struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *find = database_prepare(
        reader->database,
        "SELECT first, places, committed_at FROM placement WHERE last >= ? ORDER BY last LIMIT 1",
        why);
    bool found = false;
    if (!find)
        return false;
    bind_number(find, 1, number);
    if (!database_next(reader->database, find, "look for a place", &found, why))
        return false;
    if (found && sqlite3_column_int64(find, 0) <= number &&
        places_find(sqlite3_column_blob(find, 1), (size_t)sqlite3_column_bytes(find, 1), number,
                    place)) {
        place->at_ms = sqlite3_column_int64(find, 2); /* of a NULL it is 0 */
        return true;
    }
    return fault_set(why, FAULT_NONE, "spool: where it went is not known");
}

char *spool_original(struct spool_reader *reader, int64_t entry, size_t *size, struct fault *why)
{
    static const char sql[] =
        "SELECT e.original, e.packed_from, ifnull(s.sha256, e.sha256), e.original_sealed, e.number"
        " FROM entry e"
        " LEFT JOIN shortened s ON s.number = e.number"
        " WHERE e.number = (SELECT document FROM entry WHERE number = ?)";
    auto_free(statement_rest) sqlite3_stmt *find = row_statement(reader, sql, why);
    bool found = false;
    if (!find)
        return NULL;
    bind_number(find, 1, entry);
    if (!database_next(reader->database, find, "read an original", &found, why))
        return NULL;
    if (!found) {
        (void)fault_set(why, FAULT_REFUSE, "spool: there is no such entry");
        return NULL;
    }
    size_t unpacked = 0;
    uint8_t digest[SHA256_SIZE];
    const struct kept_body kept = {
        .place = {.kind = BODY_ORIGINAL, .number = sqlite3_column_int64(find, 4)},
        .state = (enum sealed_state)sqlite3_column_int(find, 3),
        .stored = {.bytes = sqlite3_column_blob(find, 0),
                   .size = (size_t)sqlite3_column_bytes(find, 0)},
        .packed_from = (size_t)sqlite3_column_int64(find, 1),
    };
    auto_free(free) char *text = row_unpack(reader, &kept, &unpacked, why);
    if (!text)
        return NULL;
    digest_sha256(text, unpacked, digest);
    if (sqlite3_column_bytes(find, 2) != SHA256_SIZE ||
        memcmp(digest, sqlite3_column_blob(find, 2), SHA256_SIZE) != 0) {
        (void)fault_set(why, FAULT_BROKEN, "spool: an original is not what its digest says");
        return NULL;
    }
    *size = unpacked;
    return steal(text);
}

bool spool_proved(struct spool_reader *reader, int64_t entry, char **proved, struct fault *why)
{
    static const char sql[] =
        "SELECT proved FROM signature WHERE number = (SELECT document FROM entry WHERE number = ?)";
    auto_free(statement_rest) sqlite3_stmt *find = row_statement(reader, sql, why);
    bool found = false;
    *proved = NULL;
    if (!find)
        return false;
    bind_number(find, 1, entry);
    if (!database_next(reader->database, find, "read what was proved", &found, why))
        return false;
    const char *text = found ? (const char *)sqlite3_column_text(find, 0) : NULL;
    *proved = text ? strdup(text) : NULL;
    return !text || *proved || fault_memory(why);
}

bool spool_schema_of(struct spool_reader *reader, int32_t schema_no, struct spool_schema_row *row,
                     struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *find = database_prepare(
        reader->database,
        "SELECT text, fingerprint, ifnull(registry_id, -1) FROM schema WHERE no = ?", why);
    bool found = false;
    if (!find)
        return false;
    bind_number(find, 1, schema_no);
    if (!database_next(reader->database, find, "read a schema", &found, why))
        return false;
    if (!found)
        return fault_set(why, FAULT_BROKEN, "spool: schema %d is not there", (int)schema_no);
    const char *text = (const char *)sqlite3_column_text(find, 0);
    char *copy = text ? strdup(text) : NULL;
    if (!copy)
        return fault_memory(why);
    *row = (struct spool_schema_row){
        .text = copy,
        .fingerprint = (uint64_t)sqlite3_column_int64(find, 1),
        .registry_id = (int32_t)sqlite3_column_int64(find, 2),
    };
    return true;
}

bool spool_dossier_of(struct spool_reader *reader, const char *reference, char **dossier_code,
                      struct fault *why)
{
    static const char sql[] = "SELECT dossier_code FROM reference WHERE key = ?";
    auto_free(statement_rest) sqlite3_stmt *find = row_statement(reader, sql, why);
    bool found = false;
    uint8_t key[SHORT_DIGEST_SIZE];
    if (!find)
        return false;
    short_digest(reference, strlen(reference), key);
    bind_bytes(find, 1, key, sizeof key);
    if (!database_next(reader->database, find, "look for a reference", &found, why))
        return false;
    const char *code = found ? (const char *)sqlite3_column_text(find, 0) : NULL;
    char *copy = code ? strdup(code) : NULL;
    if (code && !copy)
        return fault_memory(why);
    *dossier_code = copy;
    return true;
}
