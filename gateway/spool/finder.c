/* SPDX-License-Identifier: Apache-2.0 */
/* The thread behind FILE.find: it reads what is new in the spool, and puts what each entry is
 * looked for by into the file, in sorted batches. */
#include "spool/finder.h"

#include "base/clock.h"
#include "base/log.h"
#include "spool/facet.h"
#include "spool/row.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    BATCH = 5000,     /* entries in one transaction */
    BUSY_BATCH = 250, /* while the spool's queue is not empty */
    BUSY_SHARE = 9,   /* and then it rests so many times as long as it worked */
    LONGEST_REST = 5000,
    PAUSE_MS = 1000,
    NICE = 10,
    SWEEP_KEYS = 2000, /* looked at in one step when what is pruned is swept out */
    SWEEP_ROWS = 20000
};

struct facet {
    int64_t key, number;
};

struct finder {
    char *spool_file, *file;
    struct spool *spool;
    struct find_teller teller;
    int64_t pause_ms;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool is_ending;  /* guarded by lock */
    bool is_failing; /* the thread's, as is all that follows: it said so already */
    struct spool_reader *reader;
    sqlite3 *facets;
    bool is_damaged; /* what was open last */
    struct facet_position position;
    struct facet *batch;
    size_t count, capacity;
    int64_t number; /* of the entry at hand */
    bool is_short;  /* of memory */
};

/* ---- what an entry is found by ---- */

static bool put(void *to, enum find_by by, const char *value)
{
    struct finder *finder = to;
    if (finder->count == finder->capacity) {
        size_t capacity = finder->capacity ? 2 * finder->capacity : 4096;
        struct facet *larger = reallocarray(finder->batch, capacity, sizeof *larger);
        if (!larger) {
            finder->is_short = true;
            return false;
        }
        finder->batch = larger;
        finder->capacity = capacity;
    }
    finder->batch[finder->count++] = (struct facet){facet_key(by, value), finder->number};
    return true;
}

static void take(struct finder *finder, const struct spool_entry *entry)
{
    finder->number = entry->entry;
    (void)put(finder, FIND_PARTNER, entry->partner); /* is_short tells, as below */
    if (entry->event_type)
        (void)put(finder, FIND_EVENT_TYPE, entry->event_type);
    if (entry->event) /* one that cannot be read is found by what the row has */
        (void)finder->teller.tell(finder->teller.own, entry, put, finder);
}

static int compare(const void *one, const void *other)
{
    const struct facet *left = one;
    const struct facet *right = other;
    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    return (left->number > right->number) - (left->number < right->number);
}

/* Side by side in the file, each of its pages is touched once in a batch. */
static bool write_batch(struct finder *finder, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *add = database_prepare(
        finder->facets, "INSERT INTO facet VALUES (?, ?) ON CONFLICT DO NOTHING", why);
    if (!add)
        return false;
    if (finder->count > 0)
        qsort(finder->batch, finder->count, sizeof *finder->batch, compare);
    for (size_t i = 0; i < finder->count; i++) {
        bind_number(add, 1, finder->batch[i].key);
        bind_number(add, 2, finder->batch[i].number);
        if (!database_step(finder->facets, add, "write an index", why))
            return false;
    }
    return true;
}

/* ---- what is new ---- */

/* The entries behind the position, and those that were mended since. */
static const char entries_sql[] = "SELECT " ENTRY_COLUMNS ", e.event FROM entry e"
                                  " WHERE e.number > ?1 ORDER BY e.number LIMIT ?2";
static const char mended_sql[] = "SELECT " ENTRY_COLUMNS ", e.event, m.change FROM mended m"
                                 " CROSS JOIN entry e ON e.number = m.number"
                                 " WHERE m.change > ?1 ORDER BY m.change LIMIT ?2";
enum { CHANGE_COLUMN = 24 };

static bool read_new(struct finder *finder, bool are_mended, int64_t limit,
                     struct facet_position *position, int64_t *taken, struct fault *why)
{
    struct spool_reader *reader = finder->reader;
    auto_free(sqlite3_finalize) sqlite3_stmt *rows =
        database_prepare(reader->database, are_mended ? mended_sql : entries_sql, why);
    if (!rows)
        return false;
    bind_number(rows, 1, are_mended ? position->change : position->entry);
    bind_number(rows, 2, limit);
    for (bool found; !finder->is_short; ++*taken) {
        struct spool_entry entry;
        if (!database_next(reader->database, rows, "read what is new", &found, why))
            return false;
        if (!found)
            return true;
        if (!row_read(reader, rows, &entry, why))
            return false;
        take(finder, &entry);
        if (are_mended) {
            position->change = sqlite3_column_int64(rows, CHANGE_COLUMN);
            continue;
        }
        position->entry = entry.entry;
        memcpy(position->witness, entry.document_sha256, sizeof position->witness);
    }
    return fault_memory(why);
}

static bool keep_position(struct finder *finder, const struct facet_position *position,
                          struct fault *why)
{
    return database_set(finder->facets, "position", position, sizeof *position, why);
}

/* One batch, in one transaction with how far it goes; `*taken` says how much there was. */
static bool follow(struct finder *finder, int64_t limit, int64_t *taken, struct fault *why)
{
    struct facet_position position = finder->position;
    finder->count = 0;
    finder->is_short = false;
    *taken = 0;
    if (!read_new(finder, false, limit, &position, taken, why) ||
        !read_new(finder, true, limit, &position, taken, why))
        return false;
    if (*taken == 0)
        return true;
    if (!database_run(finder->facets, "BEGIN IMMEDIATE", why) || !write_batch(finder, why) ||
        !keep_position(finder, &position, why) || !database_run(finder->facets, "COMMIT", why))
        return false;
    finder->position = position;
    return true;
}

/* ---- what is pruned ---- */

/* One step of it: some keys, and of each the rows below `oldest`. */
struct sweeping {
    int64_t oldest;
    struct facet at; /* the key at hand, and its lowest number */
    bool is_over;    /* there are no more keys */
    sqlite3_stmt *find, *drop;
};

static bool next_key(struct finder *finder, struct sweeping *sweeping, struct fault *why)
{
    bool found = false;
    bind_number(sweeping->find, 1, sweeping->at.key);
    bool is_done = database_next(finder->facets, sweeping->find, "sweep an index", &found, why);
    if (is_done && found)
        sweeping->at = (struct facet){sqlite3_column_int64(sweeping->find, 0),
                                      sqlite3_column_int64(sweeping->find, 1)};
    sweeping->is_over = !found;
    (void)sqlite3_reset(sweeping->find); /* repeats the step's code */
    return is_done;
}

/* Some rows at a time, so that no transaction is long. */
static bool sweep_key(struct finder *finder, struct sweeping *sweeping, bool *is_clean,
                      struct fault *why)
{
    bind_number(sweeping->drop, 1, sweeping->at.key);
    bind_number(sweeping->drop, 2, sweeping->oldest);
    bind_number(sweeping->drop, 3, SWEEP_ROWS);
    if (!database_step(finder->facets, sweeping->drop, "sweep an index", why))
        return false;
    *is_clean = sqlite3_changes64(finder->facets) < SWEEP_ROWS;
    return true;
}

static bool sweep_keys(struct finder *finder, struct sweeping *sweeping, struct fault *why)
{
    for (int i = 0; i < SWEEP_KEYS; i++) {
        int64_t before = sweeping->at.key;
        bool is_clean = true;
        if (!next_key(finder, sweeping, why))
            return false;
        if (sweeping->is_over)
            return true;
        if (sweeping->at.number < sweeping->oldest && !sweep_key(finder, sweeping, &is_clean, why))
            return false;
        if (!is_clean) {
            sweeping->at.key = before; /* the same once more */
            return true;
        }
    }
    return true;
}

static bool sweep_some(struct finder *finder, struct sweeping *sweeping, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *find = database_prepare(
        finder->facets, "SELECT key, number FROM facet WHERE key > ? ORDER BY key, number LIMIT 1",
        why);
    auto_free(sqlite3_finalize) sqlite3_stmt *drop =
        find ? database_prepare(finder->facets,
                                "DELETE FROM facet WHERE key = ?1 AND number IN (SELECT number FROM"
                                " facet WHERE key = ?1 AND number < ?2 ORDER BY number LIMIT ?3)",
                                why)
             : NULL;
    sweeping->find = find;
    sweeping->drop = drop;
    return find && drop && database_run(finder->facets, "BEGIN IMMEDIATE", why) &&
           sweep_keys(finder, sweeping, why) && database_run(finder->facets, "COMMIT", why);
}

/* ---- the thread ---- */

static bool is_ending(struct finder *finder)
{
    (void)pthread_mutex_lock(&finder->lock);
    bool is_ending = finder->is_ending;
    (void)pthread_mutex_unlock(&finder->lock);
    return is_ending;
}

static void rest(struct finder *finder, int64_t rest_ms)
{
    int64_t until = clock_ticks_ms() + rest_ms;
    const struct timespec limit = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
    (void)pthread_mutex_lock(&finder->lock);
    while (!finder->is_ending &&
           pthread_cond_timedwait(&finder->ended, &finder->lock, &limit) != ETIMEDOUT)
        continue;
    (void)pthread_mutex_unlock(&finder->lock);
}

static bool is_busy(struct finder *finder)
{
    struct spool_levels levels;
    spool_levels(finder->spool, &levels);
    return levels.queue_entries > 0;
}

/* Gives way to the spool, after work that took so long. */
static void give_way(struct finder *finder, int64_t worked_ms)
{
    int64_t rest_ms = BUSY_SHARE * (worked_ms + 1);
    if (is_busy(finder))
        rest(finder, rest_ms < LONGEST_REST ? rest_ms : LONGEST_REST);
}

/* What was pruned goes when a good part of it is. */
static bool sweep(struct finder *finder, struct fault *why)
{
    struct sweeping sweeping = {.at = {.key = INT64_MIN}};
    struct facet_position position = finder->position;
    if (!database_number(finder->reader->database, "SELECT min(number) FROM entry",
                         &sweeping.oldest, why))
        return false;
    int64_t gone = sweeping.oldest - position.swept;
    if (gone < BATCH || gone < (position.entry - sweeping.oldest) / 10)
        return true;
    while (!sweeping.is_over) {
        int64_t began = clock_ticks_ms();
        if (is_ending(finder))
            return true;
        if (!sweep_some(finder, &sweeping, why))
            return false;
        give_way(finder, clock_ticks_ms() - began);
    }
    position.swept = sweeping.oldest;
    if (!keep_position(finder, &position, why))
        return false;
    finder->position = position;
    return true;
}

static void close_file(struct finder *finder)
{
    if (finder->facets)
        database_close(finder->facets);
    finder->facets = NULL;
}

/* Whether the file is of this spool, as it is now: one that was put back from a copy may have other
 * entries under the same numbers. */
static bool is_of_spool(struct finder *finder, const uint8_t spool[SHORT_DIGEST_SIZE],
                        bool *is_of_it, struct fault *why)
{
    sqlite3 *database = finder->reader->database;
    const struct facet_position *position = &finder->position;
    int64_t oldest = 0;
    bool found = false;
    auto_free(sqlite3_finalize) sqlite3_stmt *find =
        database_prepare(database, "SELECT sha256 FROM entry WHERE number = ?", why);
    if (!find || !database_number(database, "SELECT min(number) FROM entry", &oldest, why))
        return false;
    bind_number(find, 1, position->entry);
    if (!database_next(database, find, "look at an entry", &found, why))
        return false;
    bool is_same = found && sqlite3_column_bytes(find, 0) == SHA256_SIZE &&
                   memcmp(sqlite3_column_blob(find, 0), position->witness, SHA256_SIZE) == 0;
    bool is_pruned = !found && oldest > position->entry;
    *is_of_it = memcmp(position->spool, spool, SHORT_DIGEST_SIZE) == 0 &&
                (position->entry == 0 || is_same || is_pruned);
    return true;
}

static bool open_own(struct finder *finder, struct fault *why)
{
    uint8_t spool[SHORT_DIGEST_SIZE];
    bool is_of_it = false;
    facet_spool(finder->reader->receipt_key, spool);
    finder->facets = facet_open_writer(finder->file, why);
    if (!finder->facets)
        return false;
    if (!finder->is_damaged && (!facet_read_position(finder->facets, &finder->position, why) ||
                                !is_of_spool(finder, spool, &is_of_it, why)))
        return false;
    if (is_of_it)
        return true;
    if (!facet_reset(finder->facets, why))
        return false;
    finder->is_damaged = false;
    finder->position = (struct facet_position){.made_at_ms = clock_now_ms()};
    memcpy(finder->position.spool, spool, sizeof spool);
    log_info("find.made_anew", "file=\"%s\"", finder->file);
    return keep_position(finder, &finder->position, why);
}

static bool open_all(struct finder *finder, struct fault *why)
{
    if (!finder->reader)
        finder->reader = spool_reader_open(finder->spool_file, why);
    return finder->reader && (finder->facets || open_own(finder, why));
}

/* One batch, or a look for what is pruned when there is none. */
static bool work(struct finder *finder, struct fault *why)
{
    int64_t began = clock_ticks_ms();
    int64_t limit = is_busy(finder) ? BUSY_BATCH : BATCH;
    int64_t taken;
    if (!open_all(finder, why) || !follow(finder, limit, &taken, why))
        return false;
    if (taken > 0) {
        give_way(finder, clock_ticks_ms() - began);
        return true;
    }
    if (!sweep(finder, why))
        return false;
    rest(finder, finder->pause_ms);
    return true;
}

/* A damaged file is made anew; whatever else fails is tried again. */
static void fail(struct finder *finder, const struct fault *why)
{
    if (!finder->is_failing)
        log_warn("find.failed", "file=\"%s\" why=\"%s\"", finder->file, why->text);
    finder->is_failing = true;
    finder->is_damaged |= finder->facets && database_met_damage(finder->facets);
    close_file(finder);
    spool_reader_close(finder->reader);
    finder->reader = NULL;
    rest(finder, PAUSE_MS);
}

static void *run(void *own)
{
    struct finder *finder = own;
    struct fault why;
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); /* without it, it only works sooner */
    while (!is_ending(finder)) {
        if (work(finder, &why))
            finder->is_failing = false;
        else
            fail(finder, &why);
    }
    return NULL;
}

static void free_finder(struct finder *finder)
{
    close_file(finder);
    spool_reader_close(finder->reader);
    (void)pthread_cond_destroy(&finder->ended);
    (void)pthread_mutex_destroy(&finder->lock);
    free(finder->batch);
    free(finder->spool_file);
    free(finder->file);
    free(finder);
}

static struct finder *make_finder(const struct finder_options *options, struct fault *why)
{
    pthread_condattr_t attributes;
    struct finder *finder = calloc(1, sizeof *finder);
    if (!finder) {
        (void)fault_memory(why);
        return NULL;
    }
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&finder->ended, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&finder->lock, NULL);
    finder->spool = options->spool;
    finder->teller = options->teller;
    finder->pause_ms = options->pause_ms ? options->pause_ms : PAUSE_MS;
    finder->spool_file = strdup(options->spool_file);
    finder->file = facet_file(options->spool_file, why);
    if (finder->spool_file && finder->file)
        return finder;
    free_finder(finder);
    (void)fault_memory(why);
    return NULL;
}

struct finder *finder_start(const struct finder_options *options, struct fault *why)
{
    struct finder *finder = make_finder(options, why);
    if (!finder)
        return NULL;
    if (pthread_create(&finder->thread, NULL, run, finder) == 0)
        return finder;
    (void)fault_set(why, FAULT_BROKEN, "find: its thread does not start");
    free_finder(finder);
    return NULL;
}

void finder_stop(struct finder *finder)
{
    if (!finder)
        return;
    (void)pthread_mutex_lock(&finder->lock);
    finder->is_ending = true;
    (void)pthread_cond_signal(&finder->ended);
    (void)pthread_mutex_unlock(&finder->lock);
    (void)pthread_join(finder->thread, NULL);
    free_finder(finder);
}
