/* SPDX-License-Identifier: Apache-2.0 */
/* What a search goes through: for each thing that is asked the set of numbers that have it. */
#include "spool/search.h"

#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

enum { SQL_SIZE = 400, MOST_WAITING = 1 << 20, HEX_SIZE = 2 * SHORT_FINGERPRINT_SIZE };

/* Each set is asked for its nearest member: `%s` is the number's column, compared and ordered. */
static const char dossier_sql[] =
    "SELECT number FROM entry INDEXED BY entry_by_dossier WHERE dossier_key = ?2 AND number";
static const char failure_sql[] =
    "SELECT number FROM stuck INDEXED BY stuck_of_failure WHERE failure = ?2 AND number";
static const char dead_sql[] =
    "SELECT number FROM stuck WHERE is_delivery = 0 AND failure IS NOT NULL AND number";
static const char parked_sql[] =
    "SELECT number FROM stuck WHERE is_delivery = 0 AND failure IS NULL AND number";
static const char due_sql[] = "SELECT number FROM stuck WHERE is_delivery = 0 AND due_at > 0 AND"
                              " due_at >= ?2 AND due_at < ?3 AND number";
static const char file_sql[] =
    "SELECT number FROM file_use WHERE sha256 = ?2 AND is_arrival = 0 AND number";
static const char facet_sql[] = "SELECT number FROM facet WHERE key = ?2 AND number";

static sqlite3_stmt *prepare_seek(const struct search *search, sqlite3 *database, const char *set,
                                  struct fault *why)
{
    char sql[SQL_SIZE];
    bool goes_down = search->filter->newest_first;
    (void)snprintf(sql, sizeof sql, "%s %s ?1 ORDER BY number %s LIMIT 1", set,
                   goes_down ? "<=" : ">=", goes_down ? "DESC" : "ASC");
    return database_prepare(database, sql, why);
}

/* A further set; its statement is then to be bound from ?2 on.  NULL: why. */
static struct source *add_source(struct search *search, sqlite3 *database, const char *set,
                                 struct fault *why)
{
    struct source *source = &search->sources[search->source_count];
    *source = (struct source){.database = database, .beyond = INT64_MAX};
    if (set) {
        source->seek = prepare_seek(search, database, set, why);
        if (!source->seek)
            return NULL;
    }
    search->source_count++;
    return source;
}

/* ---- what the spool knows ---- */

static bool add_dossier(struct search *search, struct fault *why)
{
    const char *code = search->filter->dossier_code;
    if (!code)
        return true;
    struct source *source = add_source(search, search->reader->database, dossier_sql, why);
    if (!source)
        return false;
    bind_number(source->seek, 2, dossier_key(code));
    return true;
}

static bool add_file(struct search *search, struct fault *why)
{
    const uint8_t *file = search->filter->file;
    if (!file)
        return true;
    struct source *source = add_source(search, search->reader->database, file_sql, why);
    if (!source)
        return false;
    bind_bytes(source->seek, 2, file, SHA256_SIZE);
    return true;
}

bool search_fingerprint(const char *cause, int64_t *number)
{
    uint8_t fingerprint[SHORT_FINGERPRINT_SIZE];
    if (strlen(cause) != HEX_SIZE || !digest_unhex(cause, sizeof fingerprint, fingerprint))
        return false;
    *number = failure_number(fingerprint);
    return true;
}

static bool add_cause(struct search *search, struct fault *why)
{
    int64_t number;
    const char *cause = search->filter->cause;
    if (!cause)
        return true;
    bool is_group = search_fingerprint(cause, &number);
    struct source *source =
        add_source(search, search->reader->database, is_group ? failure_sql : dead_sql, why);
    if (source && is_group)
        bind_number(source->seek, 2, number);
    return source;
}

static bool add_state(struct search *search, struct fault *why)
{
    int state = search->filter->state;
    if (state != ENTRY_DEAD && state != ENTRY_PARKED)
        return true;
    return add_source(search, search->reader->database, state == ENTRY_DEAD ? dead_sql : parked_sql,
                      why);
}

static int order(const void *one, const void *other)
{
    int64_t left;
    int64_t right;
    memcpy(&left, one, sizeof left);
    memcpy(&right, other, sizeof right);
    return (left > right) - (left < right);
}

/* Released entries that are not out: their first numbers lie among those that are. */
static bool load_waiting(struct search *search, struct fault *why)
{
    sqlite3 *database = search->reader->database;
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(
        database, "SELECT entry FROM released WHERE number > ?1 ORDER BY number LIMIT ?2", why);
    size_t room = 0;
    if (!rows)
        return false;
    bind_number(rows, 1, search->reader->watermark);
    bind_number(rows, 2, MOST_WAITING);
    for (bool found;;) {
        if (!database_next(database, rows, "look for what waits", &found, why))
            return false;
        if (!found)
            break;
        if (search->waiting_count == room) {
            room = room ? 2 * room : 256;
            int64_t *more = reallocarray(search->waiting, room, sizeof *more);
            if (!more)
                return fault_memory(why);
            search->waiting = more;
        }
        search->waiting[search->waiting_count++] = sqlite3_column_int64(rows, 0);
    }
    if (search->waiting_count > 0)
        qsort(search->waiting, search->waiting_count, sizeof *search->waiting, order);
    return true;
}

static bool add_unpublished(struct search *search, struct fault *why)
{
    const struct find_filter *filter = search->filter;
    bool has_due = filter->due_before_ms != 0;
    if (!has_due && filter->published != FIND_UNPUBLISHED)
        return true;
    struct source *source =
        add_source(search, search->reader->database, has_due ? due_sql : NULL, why);
    if (!source || !load_waiting(search, why))
        return false;
    source->beyond = search->reader->watermark;
    source->has_waiting = true;
    if (has_due) {
        bind_number(source->seek, 2, filter->due_from_ms);
        bind_number(source->seek, 3, filter->due_before_ms);
    }
    return true;
}

/* ---- what FILE.find knows ---- */

/* Opens it when it is there and was not opened, or was made anew since. */
static bool open_facets(struct spool_reader *reader, struct fault *why)
{
    struct stat status;
    auto_free(free) char *file = facet_file(sqlite3_db_filename(reader->database, "main"), why);
    if (!file)
        return false;
    uint64_t number = stat(file, &status) == 0 ? (uint64_t)status.st_ino : 0;
    if (number == reader->facets_number)
        return true;
    if (reader->facets)
        database_close(reader->facets);
    reader->facets = number ? facet_open_reader(file, why) : NULL;
    reader->facets_number = reader->facets ? number : 0; /* one that is being made is asked again */
    return true;
}

bool search_drop_damaged(const struct search *search)
{
    if (search->met_damage)
        search->reader->damaged_facets = search->made_at_ms;
    return search->met_damage;
}

/* A file that cannot be read is as good as none: its thread makes it anew. */
static struct facet_position read_position(const struct spool_reader *reader)
{
    const struct facet_position none = {.entry = 0};
    struct facet_position at = none;
    struct fault why;
    uint8_t spool[SHORT_DIGEST_SIZE];
    facet_spool(reader->receipt_key, spool);
    bool is_ours = reader->facets && facet_read_position(reader->facets, &at, &why) &&
                   memcmp(at.spool, spool, sizeof spool) == 0;
    return is_ours && at.made_at_ms != reader->damaged_facets ? at : none;
}

bool search_position(struct spool_reader *reader, int64_t *position, struct fault *why)
{
    if (!open_facets(reader, why))
        return false;
    *position = read_position(reader).entry;
    return true;
}

/* What it says of itself and what it has are of one moment: it may be made anew at any time. */
static bool ask_facets(struct search *search, struct fault *why)
{
    struct spool_reader *reader = search->reader;
    if (!open_facets(reader, why) ||
        (reader->facets && !database_run(reader->facets, "BEGIN", why)))
        return false;
    const struct facet_position at = read_position(reader);
    search->position = at.entry;
    search->made_at_ms = at.made_at_ms;
    return true;
}

static void leave_facets(struct search *search)
{
    sqlite3 *facets = search->reader->facets;
    if (!facets)
        return;
    search->met_damage =
        search->made_at_ms != 0 &&
        (database_met_damage(facets) || (sqlite3_errcode(facets) & 0xFF) == SQLITE_IOERR);
    if (!sqlite3_get_autocommit(facets))
        (void)sqlite3_exec(facets, "COMMIT", NULL, NULL, NULL); /* nothing was written */
}

/* Those that the row itself tells are looked at in any case; the others need the teller. */
static const struct {
    enum find_by by;
    size_t offset;
    bool is_in_row;
} facets[] = {
    {FIND_PARTNER, offsetof(struct find_filter, partner), true},
    {FIND_EVENT_TYPE, offsetof(struct find_filter, event_type), true},
    {FIND_AGENCY, offsetof(struct find_filter, agency), false},
    {FIND_PROCEDURE, offsetof(struct find_filter, procedure), false},
    {FIND_ALIAS, offsetof(struct find_filter, alias), false},
};
enum { FACETS = sizeof facets / sizeof facets[0] };

static const char *asked(const struct find_filter *filter, size_t facet)
{
    const char *value;
    memcpy(&value, (const char *)filter + facets[facet].offset, sizeof value);
    return value;
}

static bool add_facet(struct search *search, size_t facet, const char *value, struct fault *why)
{
    sqlite3 *database = search->reader->facets;
    bool is_told = facets[facet].is_in_row || search->filter->teller;
    struct source *source =
        add_source(search, database, search->position > 0 ? facet_sql : NULL, why);
    if (!source)
        return false;
    if (source->seek)
        bind_number(source->seek, 2, facet_key(facets[facet].by, value));
    source->beyond = is_told ? search->position : INT64_MAX;
    return true;
}

static bool add_facets(struct search *search, struct fault *why)
{
    bool is_asked = false;
    for (size_t i = 0; i < FACETS; i++)
        is_asked |= asked(search->filter, i) != NULL;
    if (!is_asked)
        return true;
    if (!ask_facets(search, why))
        return false;
    for (size_t i = 0; i < FACETS; i++) {
        const char *value = asked(search->filter, i);
        if (value && !add_facet(search, i, value, why))
            return false;
    }
    return true;
}

/* ---- all of it ---- */

static sqlite3_stmt *prepare_row(const struct search *search, struct fault *why)
{
    const struct find_filter *filter = search->filter;
    bool needs_event = filter->teller && (filter->agency || filter->procedure || filter->alias);
    char sql[2 * SQL_SIZE];
    (void)snprintf(sql, sizeof sql,
                   "SELECT " ENTRY_COLUMNS ", %s FROM entry e WHERE e.number %s ?1"
                   " ORDER BY e.number %s LIMIT 1",
                   needs_event ? "e.event" : "NULL",
                   filter->newest_first ? "<=" : ">=", filter->newest_first ? "DESC" : "ASC");
    return database_prepare(search->reader->database, sql, why);
}

bool search_open(struct search *search, struct fault *why)
{
    search->row = prepare_row(search, why);
    return search->row && add_dossier(search, why) && add_file(search, why) &&
           add_cause(search, why) && add_state(search, why) && add_unpublished(search, why) &&
           add_facets(search, why);
}

void search_close(struct search *search)
{
    for (size_t i = 0; i < search->source_count; i++)
        (void)sqlite3_finalize(search->sources[i].seek); /* repeats the last step's code */
    (void)sqlite3_finalize(search->row);                 /* as above */
    leave_facets(search);
    free(search->waiting);
}

/* ---- asking ---- */

/* The nearer of two, in the direction of the search. */
static void take_nearer(const struct search *search, int64_t number, int64_t *nearest, bool *found)
{
    bool is_nearer = search->filter->newest_first ? number > *nearest : number < *nearest;
    if (!*found || is_nearer)
        *nearest = number;
    *found = true;
}

static void seek_waiting(const struct search *search, int64_t from, int64_t *nearest, bool *found)
{
    size_t low = 0;
    size_t high = search->waiting_count;
    while (low < high) { /* ends at the first that is not below `from` */
        size_t middle = low + (high - low) / 2;
        if (search->waiting[middle] < from)
            low = middle + 1;
        else
            high = middle;
    }
    bool is_there = low < search->waiting_count;
    if (is_there && (!search->filter->newest_first || search->waiting[low] == from))
        take_nearer(search, search->waiting[low], nearest, found);
    else if (search->filter->newest_first && low > 0)
        take_nearer(search, search->waiting[low - 1], nearest, found);
}

static void seek_beyond(const struct search *search, int64_t beyond, int64_t from, int64_t *nearest,
                        bool *found)
{
    if (beyond == INT64_MAX)
        return;
    if (from > beyond)
        take_nearer(search, from, nearest, found);
    else if (!search->filter->newest_first)
        take_nearer(search, beyond + 1, nearest, found);
}

bool source_seek(struct search *search, const struct source *source, int64_t from, int64_t *number,
                 bool *found, struct fault *why)
{
    *found = false;
    if (source->seek) {
        bind_number(source->seek, 1, from);
        bool is_done = database_next(source->database, source->seek, "search", found, why);
        if (is_done && *found)
            *number = sqlite3_column_int64(source->seek, 0);
        (void)sqlite3_reset(source->seek); /* repeats the step's code */
        if (!is_done)
            return false;
    }
    seek_beyond(search, source->beyond, from, number, found);
    if (source->has_waiting)
        seek_waiting(search, from, number, found);
    return true;
}

/* ---- time ---- */

/* The nearest entry at or above a number, and when it came. */
static bool look_at(struct search *search, sqlite3_stmt *find, int64_t *number, int64_t *at_ms,
                    bool *found, struct fault *why)
{
    bind_number(find, 1, *number);
    bool is_done = database_next(search->reader->database, find, "look for a time", found, why);
    if (is_done && *found) {
        *number = sqlite3_column_int64(find, 0);
        *at_ms = sqlite3_column_int64(find, 1);
    }
    (void)sqlite3_reset(find); /* repeats the step's code */
    return is_done;
}

/* The first number of what came at that time, by halving. */
static bool number_at(struct search *search, sqlite3_stmt *find, int64_t moment_ms, int64_t *number,
                      struct fault *why)
{
    int64_t low = search->first;
    int64_t high = search->last + 1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        int64_t at = middle;
        int64_t came_ms = 0;
        bool found = false;
        if (!look_at(search, find, &at, &came_ms, &found, why))
            return false;
        if (found && came_ms < moment_ms)
            low = at + 1;
        else
            high = middle;
    }
    *number = low;
    return true;
}

bool search_bounds(struct search *search, struct fault *why)
{
    const struct find_filter *filter = search->filter;
    sqlite3 *database = search->reader->database;
    int64_t first = 0;
    int64_t last = 0;
    if (!database_number(database, "SELECT min(number) FROM entry", &search->first, why) ||
        !database_number(database, "SELECT max(number) FROM entry", &search->last, why))
        return false;
    first = search->first;
    last = search->last + 1;
    auto_free(sqlite3_finalize) sqlite3_stmt *find = database_prepare(
        database, "SELECT number, received_at FROM entry WHERE number >= ? ORDER BY number LIMIT 1",
        why);
    if (!find ||
        (filter->from_ms &&
         !number_at(search, find, filter->from_ms - FIND_DISORDER_MS, &first, why)) ||
        (filter->to_ms && !number_at(search, find, filter->to_ms + FIND_DISORDER_MS, &last, why)))
        return false;
    search->first = first;
    search->last = last - 1;
    return true;
}
