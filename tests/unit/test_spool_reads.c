/* SPDX-License-Identifier: Apache-2.0 */
/* What the writer looks up cannot be read, once or for good: its tasks fail, and nothing that comes
 * later is written by what was looked up for them. */
#include "delivery_world.h"

#include "spool/writer.h"

/* One step of one of the writer's statements fails, as when the disk does not give a page. */
static struct trap {
    sqlite3_stmt *statement;
    const char *with; /* its text with the values in it */
    bool is_set;
} trap;

static int spring(void *own)
{
    (void)own;
    if (!trap.is_set || !sqlite3_stmt_busy(trap.statement))
        return 0;
    char *sql = sqlite3_expanded_sql(trap.statement);
    bool is_it = sql && strstr(sql, trap.with);
    sqlite3_free(sql);
    trap.is_set = !is_it;
    return is_it;
}

enum statement { POSITION, NAME, REPEAT };

struct setting {
    enum statement statement;
    const char *with;
};

static bool set_in_writer(struct store *store, void *arguments, struct fault *why)
{
    const struct setting *setting = arguments;
    sqlite3_stmt *const statements[] = {
        [POSITION] = store->statements.find_position,
        [NAME] = store->statements.find_name,
        [REPEAT] = store->statements.find_repeat,
    };
    (void)why;
    trap = (struct trap){statements[setting->statement], setting->with, true};
    sqlite3_progress_handler(store->database, 1, spring, NULL);
    return true;
}

static void set_trap(struct world *world, enum statement statement, const char *with)
{
    struct fault why;
    struct setting setting = {statement, with};
    world_must(writer_do(world->spool, set_in_writer, &setting, &why), &why);
}

static void a_batch_that_failed_once_is_stored_the_second_time(void **state)
{
    static const struct spool_position before[] = {{EVENTS_TOPIC, 0, 10}, {EVENTS_TOPIC, 1, 1000}};
    static const struct spool_position after[] = {{EVENTS_TOPIC, 0, 11}, {EVENTS_TOPIC, 1, 1001}};
    struct world *world = *state;
    struct landing first, second;
    struct fault why;
    int64_t next = 0;
    world_must(spool_replace_positions(world->spool, EVENTS_TOPIC, before, 2, &why), &why);
    landing_make(&first, 10, 1, (const char *const[MOST_TARGETS]){"hue"});
    landing_make(&second, 1000, 2, (const char *const[MOST_TARGETS]){"hue"});
    second.arrival.partition = 1;
    const struct spool_arrival arrivals[] = {first.arrival, second.arrival};
    set_trap(world, POSITION, "kafka_partition = 1");
    assert_false(spool_arrive(world->spool, arrivals, 2, after, 2, &why));
    assert_false(trap.is_set);
    world_must(spool_arrive(world->spool, arrivals, 2, after, 2, &why), &why);
    assert_all_deliveries(world, "1.0@hue=W 2.0@hue=W");
    world_must(spool_position(world->reader, EVENTS_TOPIC, 0, &next, &why), &why);
    assert_int_equal(next, 11);
}

static bool note_partner(void *own, const struct spool_entry *entry)
{
    (void)snprintf(own, LISTING_SIZE, "%s", entry->partner);
    return false;
}

static bool try_add(struct world *world, const char *partner, int id, int64_t *entry)
{
    struct answer answer = ANSWER_INITIAL;
    struct parcel parcel;
    parcel_begin(&parcel, partner, ARRIVED_MS);
    (void)parcel_item(&parcel, id, id, 1);
    bool is_added = world_try(world, &parcel, &answer);
    *entry = answer.receipts[0].entry;
    return is_added;
}

static void a_document_is_its_partners_after_anothers_name_was_not_read(void **state)
{
    struct world *world = *state;
    struct fault why;
    int64_t entry;
    char partner[LISTING_SIZE];
    assert_true(try_add(world, "commune", 1, &entry));
    assert_true(try_add(world, "district", 2, &entry));
    set_trap(world, REPEAT, "SELECT"); /* the writer forgets the names that it has at hand */
    assert_false(try_add(world, "commune", 3, &entry));
    set_trap(world, NAME, "commune");
    assert_false(try_add(world, "commune", 4, &entry));
    assert_false(trap.is_set);
    assert_true(try_add(world, "district", 5, &entry));
    world_must(spool_find(world->reader, entry, note_partner, partner, &why), &why);
    assert_string_equal(partner, "district");
}

/* Other statements stand on rows when it is met, and their ends hide what SQLite said of it. */
static void damage_that_pruning_meets_ends_acceptance(void **state)
{
    (void)state;
    enum { ENTRIES = 300 };
    struct world world;
    struct fault why;
    struct spool_levels levels;
    int64_t count;
    world_make(&world);
    for (int id = 1; id <= ENTRIES; id++)
        (void)world_add_one(&world, id, id, 1);
    world_publish(&world, ENTRIES);
    int64_t page = world_ask(&world, "SELECT rootpage FROM sqlite_schema WHERE name = 'dedupe'");
    world_close(&world);
    overwrite_page(world.file, page);
    world_open(&world);
    assert_false(spool_prune(world.spool, ARRIVED_MS + INT64_C(1000000000), &count, &why));
    assert_true(why.is_damage);
    spool_levels(world.spool, &levels);
    assert_true(levels.is_damaged);
    world_end(&world);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD(a_batch_that_failed_once_is_stored_the_second_time),
        WORLD(a_document_is_its_partners_after_anothers_name_was_not_read),
        cmocka_unit_test(damage_that_pruning_meets_ends_acceptance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
