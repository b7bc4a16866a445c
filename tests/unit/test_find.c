/* SPDX-License-Identifier: Apache-2.0 */
/* Looking for entries: every way of asking gives what going through all of them would, page by
 * page, with and without the index that one can throw away. */
#include "delivery_world.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "spool/deed.h"
#include "spool/finder.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>

enum { ENTRIES = 600, DOSSIERS = 40, MOST_FOUND = ENTRIES + 10, FIRST_MS = 1000000000 };
static const char *const partners[] = {"motcua", "congdvc", "tinh"};
static const char *const types[] = {"SUBMITTED", "HANDED_OFF", "RESOLVED"};
static const char *const causes[] = {"R1 /To/OrganId", "R2 /From/OrganId", "R2 /To/OrganId"};

/* What the test knows of an entry. */
struct known {
    int64_t number;
    int partner, type, dossier, agency, procedure;
    int64_t at_ms, due_ms;
    bool is_dead;
    int cause;
};

struct hall {
    struct world world;
    struct finder *finder;
    struct known known[ENTRIES];
    uint64_t random;
};

static int draw(struct hall *hall, int below)
{
    hall->random ^= hall->random << 13;
    hall->random ^= hall->random >> 7;
    hall->random ^= hall->random << 17;
    return (int)(hall->random % (uint64_t)below);
}

/* An event says "agency procedure alias" in three words. */
static bool tell(void *own, const struct spool_entry *entry,
                 bool (*emit)(void *to, enum find_by by, const char *value), void *to)
{
    char agency[16];
    char procedure[16];
    char alias[16];
    char text[64];
    (void)own;
    (void)snprintf(text, sizeof text, "%.*s", (int)entry->event_size, entry->event);
    if (sscanf(text, "%15s %15s %15s", agency, procedure, alias) != 3)
        return false;
    (void)(emit(to, FIND_AGENCY, agency) && emit(to, FIND_PROCEDURE, procedure) &&
           emit(to, FIND_ALIAS, alias));
    return true;
}

static const struct find_teller teller = {.tell = tell};

/* Hands off the entry at `at`: all that is asked for is drawn. */
static void add(struct hall *hall, int at)
{
    struct parcel parcel;
    struct known *known = &hall->known[at];
    *known = (struct known){.partner = draw(hall, 3),
                            .type = draw(hall, 3),
                            .dossier = draw(hall, DOSSIERS),
                            .agency = draw(hall, 5),
                            .procedure = draw(hall, 7),
                            .at_ms = FIRST_MS + (int64_t)at * 60000 + draw(hall, FIND_DISORDER_MS),
                            .due_ms = draw(hall, 3) ? FIRST_MS + draw(hall, 1000) : 0,
                            .is_dead = draw(hall, 12) == 0,
                            .cause = draw(hall, 3)};
    parcel_begin(&parcel, partners[known->partner], known->at_ms);
    struct spool_item *item = parcel_item(&parcel, at + 1, known->dossier, 1);
    (void)snprintf(parcel.events[0], sizeof parcel.events[0], "H%02d 1.%d alias-%d", known->agency,
                   known->procedure, at);
    item->event_size = strlen(parcel.events[0]);
    item->event_type = types[known->type];
    item->due_at_ms = known->due_ms;
    item->cause = known->is_dead ? causes[known->cause] : NULL;
    known->number = world_add(&hall->world, &parcel).receipts[0].entry;
}

static void start_finder(struct hall *hall)
{
    struct fault why;
    const struct finder_options options = {.spool_file = hall->world.file,
                                           .spool = hall->world.spool,
                                           .teller = teller,
                                           .pause_ms = 1};
    hall->finder = finder_start(&options, &why);
    world_must(hall->finder, &why);
}

static int64_t found_to(const struct hall *hall)
{
    struct fault why;
    int64_t position = -1;
    world_must(spool_found_to(hall->world.reader, &position, &why), &why);
    return position;
}

/* Waits until the index has an entry. */
static void wait_for(const struct hall *hall, int64_t number)
{
    for (int round = 0; found_to(hall) < number; round++) {
        assert_true(round < 30000);
        (void)usleep(1000);
    }
}

static void remove_index(const struct hall *hall)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char path[sizeof hall->world.file + 16];
        (void)snprintf(path, sizeof path, "%s.find%s", hall->world.file, suffixes[i]);
        (void)unlink(path); /* not every test makes it */
    }
}

static void end(struct hall *hall)
{
    finder_stop(hall->finder);
    remove_index(hall);
    world_end(&hall->world);
    free(hall);
}

static struct hall *open_hall(int entries)
{
    struct hall *hall = calloc(1, sizeof *hall);
    assert_non_null(hall);
    hall->random = 20250512;
    world_make(&hall->world);
    for (int i = 0; i < entries; i++)
        add(hall, i);
    return hall;
}

/* ---- asking ---- */

struct found {
    int64_t numbers[MOST_FOUND];
    size_t count;
};

static bool note(void *own, const struct spool_entry *entry)
{
    struct found *found = own;
    assert_true(found->count < MOST_FOUND);
    found->numbers[found->count++] = entry->entry;
    return true;
}

/* All pages. */
static void ask(struct hall *hall, struct find_filter filter, struct found *found)
{
    struct fault why;
    found->count = 0;
    for (int64_t next = filter.after;; filter.after = next) {
        size_t before = found->count;
        world_must(spool_search(hall->world.reader, &filter, note, found, &next, &why), &why);
        assert_true(found->count - before <= filter.limit);
        if (next == 0)
            return;
    }
}

static struct find_filter any(void)
{
    return (struct find_filter){.state = -1, .limit = 7, .teller = &teller};
}

static enum entry_state state_now(struct hall *hall, int64_t number);

static bool take_state(void *own, const struct spool_entry *entry)
{
    *(enum entry_state *)own = entry->state;
    return true;
}

static enum entry_state state_now(struct hall *hall, int64_t number)
{
    struct fault why;
    enum entry_state state;
    world_must(spool_find(hall->world.reader, number, take_state, &state, &why), &why);
    return state;
}

static bool fits(struct hall *hall, const struct find_filter *filter, const struct known *known)
{
    char text[48];
    (void)snprintf(text, sizeof text, "000.12.40.H09-250512-%04d", known->dossier);
    if (filter->dossier_code && (!known->dossier || strcmp(filter->dossier_code, text) != 0))
        return false;
    (void)snprintf(text, sizeof text, "H%02d", known->agency);
    if (filter->agency && strcmp(filter->agency, text) != 0)
        return false;
    (void)snprintf(text, sizeof text, "1.%d", known->procedure);
    if (filter->procedure && strcmp(filter->procedure, text) != 0)
        return false;
    (void)snprintf(text, sizeof text, "alias-%d", (int)(known - hall->known));
    if (filter->alias && strcmp(filter->alias, text) != 0)
        return false;
    enum entry_state state = state_now(hall, known->number);
    bool is_published = state == ENTRY_READY && known->number <= spool_watermark(hall->world.spool);
    return (!filter->partner || strcmp(filter->partner, partners[known->partner]) == 0) &&
           (!filter->event_type || strcmp(filter->event_type, types[known->type]) == 0) &&
           (filter->state < 0 || (int)state == filter->state) &&
           (!filter->from_ms || known->at_ms >= filter->from_ms) &&
           (!filter->to_ms || known->at_ms < filter->to_ms) &&
           (!filter->due_before_ms || (known->due_ms > 0 && known->due_ms >= filter->due_from_ms &&
                                       known->due_ms < filter->due_before_ms && !is_published)) &&
           (filter->published == FIND_EITHER ||
            (filter->published == FIND_PUBLISHED ? is_published
                                                 : state == ENTRY_READY && !is_published)) &&
           (!filter->cause || (known->is_dead && strncmp(filter->cause, causes[known->cause],
                                                         strlen(filter->cause)) == 0));
}

/* Both directions give what going through everything gives. */
static void check(struct hall *hall, struct find_filter filter, int entries)
{
    struct found up;
    struct found down;
    size_t count = 0;
    ask(hall, filter, &up);
    filter.newest_first = true;
    ask(hall, filter, &down);
    assert_int_equal(up.count, down.count);
    for (int i = 0; i < entries; i++) {
        if (!fits(hall, &filter, &hall->known[i]))
            continue;
        assert_true(count < up.count);
        assert_int_equal(up.numbers[count], hall->known[i].number);
        assert_int_equal(down.numbers[down.count - 1 - count], hall->known[i].number);
        count++;
    }
    assert_int_equal(up.count, count);
}

static struct find_filter draw_filter(struct hall *hall, char texts[4][48])
{
    struct find_filter filter = any();
    if (draw(hall, 3) == 0)
        filter.partner = draw(hall, 9) ? partners[draw(hall, 3)] : "nobody";
    if (draw(hall, 3) == 0)
        filter.event_type = types[draw(hall, 3)];
    (void)snprintf(texts[0], 48, "000.12.40.H09-250512-%04d", draw(hall, DOSSIERS + 3));
    (void)snprintf(texts[1], 48, "H%02d", draw(hall, 6));
    (void)snprintf(texts[2], 48, "1.%d", draw(hall, 8));
    (void)snprintf(texts[3], 48, "alias-%d", draw(hall, ENTRIES + 10));
    if (draw(hall, 4) == 0)
        filter.dossier_code = texts[0];
    if (draw(hall, 4) == 0)
        filter.agency = texts[1];
    if (draw(hall, 4) == 0)
        filter.procedure = texts[2];
    if (draw(hall, 15) == 0)
        filter.alias = texts[3];
    if (draw(hall, 3) == 0)
        filter.state = draw(hall, 5);
    if (draw(hall, 4) == 0)
        filter.from_ms = FIRST_MS + (int64_t)draw(hall, ENTRIES) * 60000;
    if (draw(hall, 4) == 0)
        filter.to_ms = FIRST_MS + (int64_t)draw(hall, ENTRIES) * 60000 + 1;
    if (draw(hall, 4) == 0)
        filter.due_before_ms = FIRST_MS + draw(hall, 1100);
    if (draw(hall, 5) == 0)
        filter.due_from_ms = FIRST_MS + draw(hall, 900);
    if (draw(hall, 5) == 0)
        filter.cause = draw(hall, 2) ? "R2" : causes[draw(hall, 3)];
    filter.published = draw(hall, 3) == 0 ? 1 + (unsigned)draw(hall, 2) : FIND_EITHER;
    return filter;
}

static void check_many(struct hall *hall, int entries, int times)
{
    for (int i = 0; i < times; i++) {
        char texts[4][48];
        const struct find_filter filter = draw_filter(hall, texts);
        check(hall, filter, entries);
    }
}

static sqlite3 *open_index(const struct hall *hall)
{
    sqlite3 *database = NULL;
    char path[sizeof hall->world.file + 16];
    (void)snprintf(path, sizeof path, "%s.find", hall->world.file);
    assert_int_equal(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    (void)sqlite3_busy_timeout(database, 5000);
    return database;
}

static void run_on_index(const struct hall *hall, const char *sql)
{
    sqlite3 *database = open_index(hall);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

/* One that asks how far the index is, again and again. */
struct asker {
    const char *file;
    atomic_bool is_over, has_failed;
};

/* ---- the tests ---- */

static void all_ways_of_asking_give_what_is_there_without_an_index(void **state)
{
    (void)state;
    struct hall *hall = open_hall(ENTRIES);
    check_many(hall, ENTRIES, 150);
    world_publish(&hall->world, 300);
    check_many(hall, ENTRIES, 150);
    end(hall);
}

static void all_ways_of_asking_give_the_same_with_the_index(void **state)
{
    (void)state;
    struct hall *hall = open_hall(ENTRIES);
    world_publish(&hall->world, 300);
    start_finder(hall);
    wait_for(hall, ENTRIES);
    check_many(hall, ENTRIES, 300);
    end(hall);
}

static void what_the_index_does_not_have_yet_is_found_all_the_same(void **state)
{
    (void)state;
    struct hall *hall = open_hall(ENTRIES / 2);
    start_finder(hall);
    wait_for(hall, ENTRIES / 2);
    finder_stop(hall->finder);
    hall->finder = NULL;
    for (int i = ENTRIES / 2; i < ENTRIES; i++)
        add(hall, i);
    check_many(hall, ENTRIES, 300);
    end(hall);
}

static void an_index_of_another_spool_is_made_anew(void **state)
{
    (void)state;
    struct hall *one = open_hall(50);
    struct hall *other = open_hall(60);
    char from[sizeof one->world.file + 16];
    char to[sizeof one->world.file + 16];
    start_finder(one);
    wait_for(one, 50);
    finder_stop(one->finder);
    one->finder = NULL;
    spool_reader_close(one->world.reader); /* a file of SQLite's is not moved while it is open */
    one->world.reader = NULL;
    (void)snprintf(from, sizeof from, "%s.find", one->world.file);
    (void)snprintf(to, sizeof to, "%s.find", other->world.file);
    assert_int_equal(rename(from, to), 0);
    check_many(other, 60, 50); /* it is not believed before either */
    start_finder(other);
    wait_for(other, 60);
    check_many(other, 60, 100);
    end(one);
    end(other);
}

/* Of a file's bytes those from `rubbish_from` on are no longer what they were, and it ends at
 * `size`; -1: it stays as long as it is. */
static void spoil(const struct hall *hall, const char *suffix, long rubbish_from, long size)
{
    static const char rubbish[512] = "no database";
    struct stat status;
    char path[sizeof hall->world.file + 16];
    (void)snprintf(path, sizeof path, "%s.find%s", hall->world.file, suffix);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &status), 0);
    assert_int_equal(fseek(file, rubbish_from, SEEK_SET), 0);
    for (long at = rubbish_from; at < status.st_size; at += (long)sizeof rubbish)
        assert_int_equal(fwrite(rubbish, sizeof rubbish, 1, file), 1);
    assert_int_equal(fclose(file), 0);
    if (size >= 0)
        assert_int_equal(truncate(path, size), 0);
}

static void a_damaged_index_is_made_anew(void **state)
{
    (void)state;
    static const struct {
        const char *suffix;
        long rubbish_from, size;
    } damages[] = {
        {"", 0, -1},  {"", 0, 777},     {"", 100, -1}, {"", 4096, -1},
        {"", 0, 100}, {"", 8192, 8192}, {"", 0, 0},    {"-wal", 0, -1},
    };
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        struct hall *hall = open_hall(80);
        start_finder(hall);
        wait_for(hall, 80);
        finder_stop(hall->finder);
        hall->finder = NULL;
        spoil(hall, damages[i].suffix, damages[i].rubbish_from, damages[i].size);
        spool_reader_close(hall->world.reader); /* which had it open */
        struct fault why;
        hall->world.reader = spool_reader_open(hall->world.file, &why);
        world_must(hall->world.reader, &why);
        check_many(hall, 80, 50); /* nobody needs it */
        start_finder(hall);
        wait_for(hall, 80);
        check_many(hall, 80, 100);
        end(hall);
    }
}

/* What is told of an index that is being made: the numbers it may have at the moment. */
static void *ask_on(void *own)
{
    struct asker *asker = own;
    struct fault why;
    while (!atomic_load(&asker->is_over)) {
        int64_t position;
        struct spool_reader *reader = spool_reader_open(asker->file, &why);
        if (!reader || !spool_found_to(reader, &position, &why))
            atomic_store(&asker->has_failed, true);
        spool_reader_close(reader);
    }
    return NULL;
}

/* Readers come while it is made, of which some have the one before open still. */
static void an_index_is_made_anew_beside_its_readers(void **state)
{
    (void)state;
    struct hall *hall = open_hall(20);
    struct asker asker = {.file = hall->world.file};
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_on, &asker), 0);
    for (int round = 0; round < 100; round++) {
        start_finder(hall);
        wait_for(hall, 20);
        finder_stop(hall->finder);
        hall->finder = NULL;
        /* As of another spool. */
        run_on_index(hall, "UPDATE setting SET value = zeroblob(length(value))");
    }
    atomic_store(&asker.is_over, true);
    for (size_t i = 0; i < 2; i++)
        (void)pthread_join(threads[i], NULL);
    assert_false(atomic_load(&asker.has_failed));
    end(hall);
}

/* Pages are overwritten while it is read: first those behind the tables' own, so that what it says
 * of itself is still believed; then these too. */
static void an_index_that_rots_is_done_without(void **state)
{
    (void)state;
    struct hall *hall = open_hall(ENTRIES);
    start_finder(hall);
    wait_for(hall, ENTRIES);
    finder_stop(hall->finder);
    hall->finder = NULL;
    run_on_index(hall, "PRAGMA wal_checkpoint(TRUNCATE)");
    spoil(hall, "", 3L * 4096, -1);
    check_many(hall, ENTRIES, 60);
    assert_int_equal(found_to(hall), 0);
    spoil(hall, "", 4096, -1);
    start_finder(hall);
    wait_for(hall, ENTRIES);
    check_many(hall, ENTRIES, 60);
    end(hall);
}

static void a_mended_entry_is_found_by_what_it_is_now(void **state)
{
    (void)state;
    struct fault why;
    struct parcel parcel;
    struct found found;
    uint8_t digest[SHA256_SIZE];
    struct hall *hall = open_hall(0);
    parcel_begin(&parcel, "motcua", FIRST_MS);
    struct spool_item *item = parcel_item(&parcel, 1, 1, 1);
    (void)snprintf(parcel.events[0], sizeof parcel.events[0], "H01 1.1 old");
    item->event_size = strlen(item->event);
    item->cause = causes[0];
    int64_t entry = world_add(&hall->world, &parcel).receipts[0].entry;
    start_finder(hall);
    wait_for(hall, entry);
    struct spool_deed deed = {.kind = DEED_PROPOSE,
                              .entry = entry,
                              .bytes = "<new>",
                              .size = 5,
                              .record = {.actor = {.name = "user:lan"}, .act = "propose"}};
    world_must(spool_do(hall->world.spool, &deed, NULL, NULL, &why), &why);
    digest_sha256("<new>", 5, digest);
    (void)snprintf(parcel.events[0], sizeof parcel.events[0], "H02 1.1 new");
    item->cause = NULL;
    deed = (struct spool_deed){.kind = DEED_APPLY,
                               .entry = entry,
                               .revision = 1,
                               .sha256 = digest,
                               .item = item,
                               .record = {.actor = {.name = "user:lan"}, .act = "apply"}};
    world_must(spool_do(hall->world.spool, &deed, NULL, NULL, &why), &why);
    struct find_filter filter = any();
    filter.agency = "H02";
    for (int round = 0; round < 10000; round++) {
        ask(hall, filter, &found);
        if (found.count == 1)
            break;
        (void)usleep(1000);
    }
    assert_int_equal(found.count, 1);
    filter.agency = "H01";
    ask(hall, filter, &found);
    assert_int_equal(found.count, 0);
    end(hall);
}

static int64_t count_facets(const struct hall *hall)
{
    sqlite3 *database = open_index(hall);
    sqlite3_stmt *count = NULL;
    assert_int_equal(sqlite3_prepare_v2(database, "SELECT count(*) FROM facet", -1, &count, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(count), SQLITE_ROW);
    int64_t facets = sqlite3_column_int64(count, 0);
    (void)sqlite3_finalize(count);
    (void)sqlite3_close(database);
    return facets;
}

static void what_is_pruned_is_swept_out(void **state)
{
    (void)state;
    enum { MANY = 5200 };
    struct fault why;
    int64_t count;
    struct hall *hall = open_hall(0);
    for (int i = 0; i < MANY; i++)
        (void)world_add_one(&hall->world, i + 1, i % 9 + 1, 1);
    start_finder(hall);
    wait_for(hall, MANY);
    assert_int_equal(count_facets(hall), 5 * MANY);
    world_publish(&hall->world, MANY - 50);
    world_must(spool_prune(hall->world.spool, INT64_MAX, &count, &why), &why);
    assert_int_equal(count, MANY - 50);
    /* Pruning goes by steps, and the sweep may come between two of them. */
    for (int round = 0; count_facets(hall) > 1000; round++) {
        assert_true(round < 30000);
        (void)usleep(1000);
    }
    end(hall);
}

static bool count_one(void *own, const struct spool_entry *entry)
{
    ++*(int *)own;
    return entry == NULL; /* one is enough */
}

/* However much is asked for in vain, a call comes back soon, and the next one goes on. */
static void a_call_never_looks_at_more_than_so_much(void **state)
{
    (void)state;
    enum { MANY = 21000 };
    struct fault why;
    int seen = 0;
    int64_t next = 0;
    struct world world;
    struct parcel parcel;
    struct answer answer;
    world_make(&world);
    for (int i = 0; i < MANY / 7; i++) {
        parcel_begin(&parcel, "motcua", FIRST_MS);
        for (int j = 0; j < 7; j++)
            (void)parcel_item(&parcel, 7 * i + j + 1, 0, 1);
        answer = world_add(&world, &parcel);
        assert_int_equal(answer.count, 7);
    }
    const struct find_filter filter = {.state = -1, .partner = "nobody", .limit = 10};
    world_must(spool_search(world.reader, &filter, count_one, &seen, &next, &why), &why);
    assert_int_equal(seen, 0);
    assert_true(next > 0 && next < MANY);
    const struct find_filter rest = {.state = -1, .partner = "nobody", .limit = 10, .after = next};
    world_must(spool_search(world.reader, &rest, count_one, &seen, &next, &why), &why);
    for (struct find_filter again = rest; next != 0;) {
        again.after = next;
        world_must(spool_search(world.reader, &again, count_one, &seen, &next, &why), &why);
    }
    assert_int_equal(seen, 0);
    world_end(&world);
}

/* ---- what is due ---- */

static void what_is_due_is_counted(void **state)
{
    (void)state;
    struct fault why;
    struct due_counts counts;
    struct hall *hall = open_hall(ENTRIES);
    int64_t expected = 0;
    world_publish(&hall->world, 200);
    for (int i = 0; i < ENTRIES; i++) {
        struct find_filter filter = any();
        filter.due_from_ms = FIRST_MS + 100;
        filter.due_before_ms = FIRST_MS + 500;
        expected += fits(hall, &filter, &hall->known[i]);
    }
    world_must(spool_count_due(hall->world.reader, FIRST_MS + 100, FIRST_MS + 500, &counts, &why),
               &why);
    assert_true(expected > 50);
    assert_int_equal(counts.entries, expected);
    assert_int_equal(counts.deliveries, 0);
    end(hall);
}

/* ---- failures ---- */

struct groups {
    char text[600];
    uint8_t fingerprints[8][SHORT_FINGERPRINT_SIZE];
    size_t count;
};

static bool add_group(void *own, const struct failure_group *group)
{
    struct groups *groups = own;
    size_t used = strlen(groups->text);
    memcpy(groups->fingerprints[groups->count++], group->fingerprint, SHORT_FINGERPRINT_SIZE);
    (void)snprintf(groups->text + used, sizeof groups->text - used,
                   "%s%c %s|%s|%s: %" PRId64 " +%" PRId64 " %" PRId64 " overdue, #%" PRId64,
                   used ? "; " : "", group->is_delivery ? 'd' : 'e', group->cause,
                   group->partner ? group->partner : "-", group->adapter ? group->adapter : "-",
                   group->count, group->parked_behind, group->overdue, group->sample);
    return true;
}

static int64_t add_dead(struct world *world, int id, int dossier, const char *cause, int64_t due_ms)
{
    struct parcel parcel;
    parcel_begin(&parcel, "motcua", FIRST_MS + id);
    struct spool_item *item = parcel_item(&parcel, id, dossier, 1);
    item->cause = cause;
    item->detail = "as it is";
    item->due_at_ms = due_ms;
    return world_add(world, &parcel).receipts[0].entry;
}

static bool list_number(void *own, int64_t number)
{
    struct found *found = own;
    found->numbers[found->count++] = number;
    return true;
}

static void failures_are_grouped_by_cause_partner_and_adapter(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct groups groups = {.count = 0};
    struct found found = {.count = 0};
    world_make(&world);
    (void)add_dead(&world, 1, 1, "R1 /a", 5);
    (void)add_dead(&world, 2, 2, "R1 /a", clock_now_ms() + 1000000);
    (void)add_dead(&world, 3, 0, "R1 /a", 0);
    (void)add_dead(&world, 4, 3, "R2 /a", 5);
    (void)world_add_one(&world, 5, 1, 1); /* waits behind the first */
    (void)world_add_one(&world, 6, 1, 1);
    (void)world_add_one(&world, 7, 3, 1);
    world_arrive(&world, 1, 1, "hue");
    world_arrive(&world, 2, 1, "hue");
    world_arrive(&world, 3, 1, "-");
    world_settle_one(&world, SETTLE_DEAD, delivery_of(1, 0));
    world_must(spool_failures(world.reader, add_group, &groups, &why), &why);
    assert_int_equal(groups.count, 4);
    assert_ptr_equal(strstr(groups.text, "e R1 /a|motcua|lienthong-xml: 3 +2 1 overdue, #3"),
                     groups.text);
    assert_non_null(strstr(groups.text, "e R2 /a|motcua|lienthong-xml: 1 +1 1 overdue, #4"));
    assert_non_null(strstr(groups.text, "d http:503|hue|-: 1 +1 0 overdue, #1024"));
    assert_non_null(strstr(groups.text, "d route /handoff/to_agency|-|-: 1 +0 0 overdue, #3072"));
    world_must(spool_failures_of(world.reader, &(struct failure_page){groups.fingerprints[0], 1, 0},
                                 list_number, &found, &why),
               &why);
    assert_int_equal(found.count, 2);
    assert_int_equal(found.numbers[0], 2);
    assert_int_equal(found.numbers[1], 3);
    world_check(&world);
    world_end(&world);
}

static void a_group_ends_with_its_last_failure(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct groups groups = {.count = 0};
    world_make(&world);
    int64_t entry = add_dead(&world, 1, 1, "R1 /a", 5);
    (void)world_add_one(&world, 2, 1, 1);
    world_must(spool_release(world.spool, entry, &why), &why);
    world_must(spool_failures(world.reader, add_group, &groups, &why), &why);
    assert_int_equal(groups.count, 0);
    world_must(spool_bury(world.spool, 3, "too_large", "over 1 MB", &why), &why);
    world_must(spool_failures(world.reader, add_group, &groups, &why), &why);
    assert_string_equal(groups.text, "e too_large|motcua|lienthong-xml: 1 +1 1 overdue, #1");
    world_check(&world);
    world_end(&world);
}

static void a_group_is_found_by_its_fingerprint(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct groups groups = {.count = 0};
    struct found found = {.count = 0};
    char hex[2 * SHORT_FINGERPRINT_SIZE + 1];
    int64_t next;
    world_make(&world);
    for (int id = 1; id <= 9; id++)
        (void)add_dead(&world, id, 0, id % 3 ? "R1 /a" : "R2 /a", 0);
    world_must(spool_failures(world.reader, add_group, &groups, &why), &why);
    digest_hex(groups.fingerprints[1], SHORT_FINGERPRINT_SIZE, hex);
    const struct find_filter filter = {.state = -1, .cause = hex, .limit = 9, .newest_first = true};
    world_must(spool_search(world.reader, &filter, note, &found, &next, &why), &why);
    assert_int_equal(next, 0);
    assert_int_equal(found.count, 3);
    assert_int_equal(found.numbers[0], 9);
    assert_int_equal(found.numbers[2], 3);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_ways_of_asking_give_what_is_there_without_an_index),
        cmocka_unit_test(all_ways_of_asking_give_the_same_with_the_index),
        cmocka_unit_test(what_the_index_does_not_have_yet_is_found_all_the_same),
        cmocka_unit_test(an_index_of_another_spool_is_made_anew),
        cmocka_unit_test(a_damaged_index_is_made_anew),
        cmocka_unit_test(an_index_is_made_anew_beside_its_readers),
        cmocka_unit_test(an_index_that_rots_is_done_without),
        cmocka_unit_test(a_mended_entry_is_found_by_what_it_is_now),
        cmocka_unit_test(what_is_pruned_is_swept_out),
        cmocka_unit_test(a_call_never_looks_at_more_than_so_much),
        cmocka_unit_test(what_is_due_is_counted),
        cmocka_unit_test(failures_are_grouped_by_cause_partner_and_adapter),
        cmocka_unit_test(a_group_ends_with_its_last_failure),
        cmocka_unit_test(a_group_is_found_by_its_fingerprint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
