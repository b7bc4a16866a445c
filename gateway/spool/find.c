/* SPDX-License-Identifier: Apache-2.0 */
/* Looking for entries: all sets that are asked for are gone through side by side, each leaping to
 * where the others are, and what no set can tell is looked at in the row.  Bounded steps in each
 * call: the cursor goes on. */
#include "spool/find.h"

#include "spool/search.h"

#include <string.h>

enum { STEPS = 20000, LIMIT = 100 };

/* ---- what a row has to say ---- */

struct question {
    enum find_by by;
    const char *value;
    bool is_answered;
};

static bool hear(void *to, enum find_by by, const char *value)
{
    struct question *question = to;
    question->is_answered |= by == question->by && strcmp(value, question->value) == 0;
    return !question->is_answered;
}

static bool tells(const struct find_filter *filter, const struct spool_entry *entry,
                  enum find_by by, const char *value)
{
    struct question question = {by, value, false};
    if (value && entry->event)
        (void)filter->teller->tell(filter->teller->own, entry, hear, &question); /* see its word */
    return !value || question.is_answered;
}

/* What FILE.find does not have, or has of the document before it was mended. */
static bool has_facets(const struct search *search, const struct spool_entry *entry)
{
    const struct find_filter *filter = search->filter;
    if (!filter->teller || (entry->entry <= search->position && entry->revision == 0))
        return true;
    return tells(filter, entry, FIND_AGENCY, filter->agency) &&
           tells(filter, entry, FIND_PROCEDURE, filter->procedure) &&
           tells(filter, entry, FIND_ALIAS, filter->alias);
}

static bool is_same(const char *asked, const char *has)
{
    return !asked || (has && strcmp(asked, has) == 0);
}

static bool is_in_time(const struct find_filter *filter, const struct spool_entry *entry)
{
    return (!filter->from_ms || entry->received_at_ms >= filter->from_ms) &&
           (!filter->to_ms || entry->received_at_ms < filter->to_ms);
}

static bool is_due(const struct find_filter *filter, const struct spool_entry *entry)
{
    return !filter->due_before_ms ||
           (entry->due_at_ms > 0 && entry->due_at_ms >= filter->due_from_ms &&
            entry->due_at_ms < filter->due_before_ms && !entry->is_published &&
            entry->state != ENTRY_DISCARDED);
}

static bool is_as_published(const struct find_filter *filter, const struct spool_entry *entry)
{
    bool is_ready = entry->state == ENTRY_READY || entry->state == ENTRY_RELEASED;
    return filter->published == FIND_EITHER ||
           (filter->published == FIND_PUBLISHED ? entry->is_published
                                                : is_ready && !entry->is_published);
}

/* A fingerprint was the set's to tell. */
static bool has_cause(const struct find_filter *filter, const struct spool_entry *entry)
{
    int64_t number;
    return !filter->cause || search_fingerprint(filter->cause, &number) ||
           (entry->cause && strncmp(entry->cause, filter->cause, strlen(filter->cause)) == 0);
}

static bool accepts(const struct search *search, const struct spool_entry *entry)
{
    const struct find_filter *filter = search->filter;
    return is_same(filter->dossier_code, entry->dossier_code) &&
           is_same(filter->partner, entry->partner) &&
           is_same(filter->event_type, entry->event_type) &&
           (filter->state < 0 || (int)entry->state == filter->state) &&
           is_as_published(filter, entry) && is_in_time(filter, entry) && is_due(filter, entry) &&
           has_cause(filter, entry) && has_facets(search, entry);
}

/* ---- going through ---- */

enum walk_state {
    WALK_ON,
    WALK_ENDED, /* there is no more */
    WALK_FULL,  /* there is more than was asked for, or the caller has enough */
};

struct walk {
    struct search search;
    spool_each each;
    void *own;
    int64_t at; /* all before it is looked at */
    int steps;  /* that are left */
    size_t limit, given;
    int64_t last_given;
    enum walk_state state;
};

/* Leaps until every set has the number. */
static bool agree(struct walk *walk, struct fault *why)
{
    size_t count = walk->search.source_count;
    size_t agreed = 0;
    for (size_t i = 0; agreed < count && walk->steps > 0; i = (i + 1) % count, walk->steps--) {
        int64_t number;
        bool found;
        if (!source_seek(&walk->search, &walk->search.sources[i], walk->at, &number, &found, why))
            return false;
        if (!found) {
            walk->state = WALK_ENDED;
            return true;
        }
        agreed = number == walk->at ? agreed + 1 : 1;
        walk->at = number;
    }
    return true;
}

static void offer(struct walk *walk, const struct spool_entry *entry)
{
    if (!accepts(&walk->search, entry))
        return;
    if (walk->given == walk->limit) {
        walk->state = WALK_FULL;
        return;
    }
    walk->given++;
    walk->last_given = entry->entry;
    if (!walk->each(walk->own, entry))
        walk->state = WALK_FULL;
}

/* The entry at the number, if there is one; else goes to where the next one is. */
static bool look(struct walk *walk, struct fault *why)
{
    struct spool_reader *reader = walk->search.reader;
    sqlite3_stmt *row = walk->search.row;
    struct spool_entry entry;
    bool found = false;
    bind_number(row, 1, walk->at);
    if (!database_next(reader->database, row, "search", &found, why))
        return false;
    if (!found) {
        walk->state = WALK_ENDED;
        return true;
    }
    int64_t number = sqlite3_column_int64(row, 0);
    if (number != walk->at) {
        walk->at = number;
        return true;
    }
    if (!row_read(reader, row, &entry, why))
        return false;
    offer(walk, &entry);
    walk->at += walk->search.filter->newest_first ? -1 : 1;
    return true;
}

static bool is_outside(const struct walk *walk)
{
    return walk->at < walk->search.first || walk->at > walk->search.last;
}

static bool go(struct walk *walk, struct fault *why)
{
    while (walk->state == WALK_ON && walk->steps > 0) {
        if (!is_outside(walk) && !agree(walk, why))
            return false;
        if (walk->state != WALK_ON || walk->steps <= 0)
            return true;
        if (is_outside(walk)) {
            walk->state = WALK_ENDED;
            return true;
        }
        walk->steps--;
        bool is_done = look(walk, why);
        (void)sqlite3_reset(walk->search.row); /* repeats the step's code */
        if (!is_done)
            return false;
    }
    return true;
}

/* Where the walk begins: behind the cursor, and within the time that is asked for. */
static void start(struct walk *walk)
{
    const struct find_filter *filter = walk->search.filter;
    int64_t first = walk->search.first;
    int64_t last = walk->search.last;
    if (filter->newest_first)
        walk->at = filter->after && filter->after <= last ? filter->after - 1 : last;
    else
        walk->at = filter->after >= first ? filter->after + 1 : first;
}

static int64_t cursor_of(const struct walk *walk)
{
    if (walk->state == WALK_ENDED)
        return 0;
    if (walk->state == WALK_FULL)
        return walk->last_given;
    return walk->search.filter->newest_first ? walk->at + 1 : walk->at - 1;
}

static bool run(struct walk *walk, struct fault *why)
{
    if (!row_watermark(walk->search.reader, why) || !search_bounds(&walk->search, why) ||
        !search_open(&walk->search, why))
        return false;
    start(walk);
    return go(walk, why);
}

static bool search_once(struct walk *walk, struct fault *why)
{
    struct spool_reader *reader = walk->search.reader;
    /* One moment for all sets. */
    if (!database_run(reader->database, "BEGIN", why))
        return false;
    bool is_done = run(walk, why);
    search_close(&walk->search);
    (void)sqlite3_exec(reader->database, "COMMIT", NULL, NULL, NULL); /* nothing was written */
    return is_done;
}

bool spool_search(struct spool_reader *reader, const struct find_filter *filter, spool_each each,
                  void *own, int64_t *next, struct fault *why)
{
    const struct walk asked = {.search = {.reader = reader, .filter = filter},
                               .each = each,
                               .own = own,
                               .steps = STEPS,
                               .limit = filter->limit ? filter->limit : LIMIT};
    struct walk walk = asked;
    bool is_done = search_once(&walk, why);
    /* Without the file it takes longer; but what was given is not given again. */
    if (!is_done && walk.given == 0 && search_drop_damaged(&walk.search)) {
        walk = asked;
        is_done = search_once(&walk, why);
    }
    if (is_done)
        *next = cursor_of(&walk);
    return is_done;
}

bool spool_found_to(struct spool_reader *reader, int64_t *position, struct fault *why)
{
    return search_position(reader, position, why);
}

/* ---- counting what is due ---- */

static bool count_between(struct spool_reader *reader, const char *sql, int64_t from_ms,
                          int64_t before_ms, int64_t *count, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *find = database_prepare(reader->database, sql, why);
    bool found = false;
    if (!find)
        return false;
    bind_number(find, 1, from_ms);
    bind_number(find, 2, before_ms);
    bind_number(find, 3, reader->watermark);
    if (!database_next(reader->database, find, "count what is due", &found, why))
        return false;
    *count += found ? sqlite3_column_int64(find, 0) : 0;
    return true;
}

bool spool_count_due(struct spool_reader *reader, int64_t from_ms, int64_t before_ms,
                     struct due_counts *counts, struct fault *why)
{
    static const char stuck[] = "SELECT count(*) FROM stuck INDEXED BY stuck_by_due WHERE"
                                " is_delivery = 0 AND due_at > 0 AND due_at >= ?1 AND due_at < ?2";
    static const char ready[] =
        "SELECT sum(state = 0 AND due_at > 0 AND due_at >= ?1 AND due_at < ?2)"
        " FROM (SELECT state, due_at FROM entry WHERE number > ?3 ORDER BY number LIMIT 100000)";
    static const char released[] =
        "SELECT sum(e.state = 4 AND e.due_at > 0 AND e.due_at >= ?1 AND e.due_at < ?2) FROM"
        " (SELECT number, entry FROM released WHERE number > ?3 ORDER BY number LIMIT 100000) r"
        " CROSS JOIN entry e ON e.number = r.entry AND e.released = r.number";
    static const char dead_deliveries[] =
        "SELECT count(*) FROM stuck INDEXED BY stuck_by_due WHERE is_delivery = 1 AND due_at > 0"
        " AND due_at >= ?1 AND due_at < ?2";
    static const char deliveries[] =
        "SELECT count(*) FROM delivery_sum s CROSS JOIN delivery d INDEXED BY delivery_due"
        " ON d.partner = s.partner AND d.state = 0 AND d.urgency >= ?1 AND d.urgency < ?2";
    *counts = (struct due_counts){0};
    return row_watermark(reader, why) &&
           count_between(reader, stuck, from_ms, before_ms, &counts->entries, why) &&
           count_between(reader, ready, from_ms, before_ms, &counts->entries, why) &&
           count_between(reader, released, from_ms, before_ms, &counts->entries, why) &&
           count_between(reader, dead_deliveries, from_ms, before_ms, &counts->deliveries, why) &&
           count_between(reader, deliveries, from_ms, before_ms, &counts->deliveries, why);
}
