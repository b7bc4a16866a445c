/* SPDX-License-Identifier: Apache-2.0 */
/* A row of the journal as an entry: names instead of numbers, the event checked. */
#include "spool/row.h"

#include "spool/body.h"

#include <string.h>

sqlite3_stmt *row_statement(struct spool_reader *reader, const char *sql, struct fault *why)
{
    return database_statement(reader->database, &reader->kept, sql, why);
}

bool row_watermark(struct spool_reader *reader, struct fault *why)
{
    sqlite3_stmt *find = reader->queries[QUERY_WATERMARK];
    bool found = false;
    if (!database_next(reader->database, find, "read the watermark", &found, why))
        return false;
    reader->watermark = 0;
    if (found && sqlite3_column_bytes(find, 0) == sizeof reader->watermark)
        memcpy(&reader->watermark, sqlite3_column_blob(find, 0), sizeof reader->watermark);
    (void)sqlite3_reset(find);
    return true;
}

static bool make_place(struct spool_reader *reader, size_t no, struct fault *why)
{
    if (no < reader->name_count)
        return true;
    char **more = reallocarray(reader->names, no + 1, sizeof *more);
    if (!more)
        return fault_memory(why);
    memset(more + reader->name_count, 0, (no + 1 - reader->name_count) * sizeof *more);
    reader->names = more;
    reader->name_count = no + 1;
    return true;
}

static bool load_name(struct spool_reader *reader, size_t no, struct fault *why)
{
    static const char sql[] = "SELECT text FROM name WHERE no = ?";
    auto_free(statement_rest) sqlite3_stmt *find = row_statement(reader, sql, why);
    bool found = false;
    if (!find)
        return false;
    bind_number(find, 1, (int64_t)no);
    if (!database_next(reader->database, find, "read a name", &found, why))
        return false;
    if (!found)
        return true;
    reader->names[no] = strdup((const char *)sqlite3_column_text(find, 0));
    return reader->names[no] || fault_memory(why);
}

/* Names are few and never change. */
bool row_name(struct spool_reader *reader, int64_t no, const char **text, struct fault *why)
{
    enum { MOST_NAMES = 1 << 20 };
    if (no <= 0 || no > MOST_NAMES)
        return true;
    if (!make_place(reader, (size_t)no, why))
        return false;
    if (!reader->names[no] && !load_name(reader, (size_t)no, why))
        return false;
    if (reader->names[no])
        *text = reader->names[no];
    return true;
}

static bool read_names(struct spool_reader *reader, sqlite3_stmt *row, struct spool_entry *entry,
                       struct fault *why)
{
    static const char unknown[] = "?";
    entry->partner = entry->adapter = entry->media_type = unknown;
    if (!row_name(reader, sqlite3_column_int64(row, 3), &entry->partner, why) ||
        !row_name(reader, sqlite3_column_int64(row, 4), &entry->adapter, why) ||
        !row_name(reader, sqlite3_column_int64(row, 5), &entry->media_type, why))
        return false;
    entry->is_damaged |=
        entry->partner == unknown || entry->adapter == unknown || entry->media_type == unknown;
    return sqlite3_column_type(row, 6) == SQLITE_NULL ||
           row_name(reader, sqlite3_column_int64(row, 6), &entry->event_type, why);
}

bool row_open_event(struct spool_reader *reader, const struct kept_body *event,
                    struct opened_event *opened, struct fault *why)
{
    *opened = (struct opened_event){.size = event->stored.size,
                                    .is_shredded = event->state == SEALED_SHREDDED};
    if (event->state == SEALED_NOT)
        opened->bytes =
            event->stored.bytes ? event->stored.bytes : ""; /* SQLite's NULL: no bytes */
    if (event->state != SEALED_YES)
        return true;
    free(reader->opened);
    opened->bytes = reader->opened = vault_unseal(&reader->vault, &event->place, &event->stored,
                                                  &opened->size, &opened->is_damaged, why);
    opened->is_shredded = !opened->bytes && !opened->is_damaged && why->kind == FAULT_REFUSE;
    return opened->bytes || opened->is_damaged || opened->is_shredded;
}

char *row_unpack(struct spool_reader *reader, const struct kept_body *body, size_t *size,
                 struct fault *why)
{
    const struct stored_body *stored = &body->stored;
    size_t opened_size = stored->size;
    bool is_damaged; /* that it is not opened is enough */
    if (body->state == SEALED_SHREDDED) {
        (void)fault_set(why, FAULT_REFUSE, SPOOL_SHREDDED);
        return NULL;
    }
    auto_free(free) char *opened =
        body->state == SEALED_YES
            ? vault_unseal(&reader->vault, &body->place, stored, &opened_size, &is_damaged, why)
            : NULL;
    if (body->state == SEALED_YES && !opened)
        return NULL;
    return body_unpack(opened ? opened : stored->bytes, opened_size, body->packed_from, size, why);
}

static bool read_event(struct spool_reader *reader, sqlite3_stmt *row, struct spool_entry *entry,
                       struct fault *why)
{
    enum { DIGEST = 20, SEALED = 22, EVENT = 23 };
    struct opened_event opened;
    if (sqlite3_column_int(row, SEALED) == SEALED_SHREDDED)
        entry->is_shredded = true;
    if (sqlite3_column_type(row, EVENT) == SQLITE_NULL) {
        /* What was published before a repair and is to go out once more, by an operator's word. */
        entry->is_damaged |= sqlite3_column_type(row, DIGEST) == SQLITE_NULL &&
                             entry->state == ENTRY_READY && !entry->is_published && entry->cause &&
                             strcmp(entry->cause, LOST_CAUSE) == 0;
        return true;
    }
    if (!column_is_whole(row, EVENT, DIGEST)) {
        entry->is_damaged = true;
        return true;
    }
    const struct kept_body event = {
        .place = {.kind = BODY_EVENT, .number = entry->entry},
        .state = (enum sealed_state)sqlite3_column_int(row, SEALED),
        .stored = {.bytes = sqlite3_column_blob(row, EVENT),
                   .size = (size_t)sqlite3_column_bytes(row, EVENT)},
    };
    if (!row_open_event(reader, &event, &opened, why))
        return false;
    entry->event = opened.bytes;
    entry->event_size = opened.size;
    entry->is_damaged |= opened.is_damaged;
    entry->is_shredded |= opened.is_shredded;
    return true;
}

static bool find_behind(struct spool_reader *reader, struct spool_entry *entry, struct fault *why)
{
    sqlite3_stmt *find = reader->queries[QUERY_BEHIND];
    bool found = false;
    if (entry->state != ENTRY_PARKED || !entry->dossier_code)
        return true;
    bind_number(find, 3, dossier_key(entry->dossier_code));
    bind_text(find, 4, entry->dossier_code);
    if (!database_next(reader->database, find, "look along the lane", &found, why))
        return false;
    entry->behind = found ? sqlite3_column_int64(find, 0) : 0;
    (void)sqlite3_reset(find);
    return true;
}

static void read_digest(sqlite3_stmt *row, struct spool_entry *entry)
{
    static const uint8_t none[SHA256_SIZE];
    entry->document_sha256 = sqlite3_column_blob(row, 19);
    if (entry->document_sha256 && sqlite3_column_bytes(row, 19) == SHA256_SIZE)
        return;
    entry->document_sha256 = none;
    entry->is_damaged = true;
}

bool row_read(struct spool_reader *reader, sqlite3_stmt *row, struct spool_entry *entry,
              struct fault *why)
{
    *entry = (struct spool_entry){
        .entry = sqlite3_column_int64(row, 0),
        .number = sqlite3_column_int64(row, 1),
        .state = (enum entry_state)sqlite3_column_int(row, 2),
        .document = sqlite3_column_int64(row, 7),
        .item_no = sqlite3_column_int(row, 8),
        .received_at_ms = sqlite3_column_int64(row, 9),
        .occurred_at_ms = sqlite3_column_int64(row, 10),
        .due_at_ms = sqlite3_column_int64(row, 11),
        .schema_no = (int32_t)sqlite3_column_int64(row, 12),
        .dossier_code = (const char *)sqlite3_column_text(row, 13),
        .native_id = (const char *)sqlite3_column_text(row, 14),
        .traceparent = (const char *)sqlite3_column_text(row, 16),
        .cause = (const char *)sqlite3_column_text(row, 17),
        .detail = (const char *)sqlite3_column_text(row, 18),
        .revision = sqlite3_column_int(row, 21),
    };
    if (sqlite3_column_bytes(row, 15) == UUID_SIZE)
        entry->event_id = sqlite3_column_blob(row, 15);
    read_digest(row, entry);
    bool may_be_published = entry->state == ENTRY_READY || entry->state == ENTRY_RELEASED;
    entry->is_published = may_be_published && entry->number <= reader->watermark;
    return read_event(reader, row, entry, why) && read_names(reader, row, entry, why) &&
           find_behind(reader, entry, why);
}
