/* SPDX-License-Identifier: Apache-2.0 */
/* Everybody at once, as in the daemon: many who hand off, one publisher, and readers beside. */
#include "spool_world.h"

#include <stdatomic.h>
#include <sys/stat.h>

enum { ADDERS = 4, PER_ADDER = 400, LANES = 5, TOTAL = ADDERS * PER_ADDER, BATCH = 64 };

struct crowd {
    struct world world;
    atomic_int stored;      /* handoffs of which done was called */
    atomic_bool is_over;    /* nobody hands off any more */
    int64_t numbers[TOTAL]; /* by id; written before `stored` counts it */
};

struct adder {
    struct crowd *crowd;
    int first_id;
};

/* cmocka's own assertions work in the main thread alone. */
static void must(bool holds, const char *what)
{
    if (holds)
        return;
    (void)fprintf(stderr, "in a thread: %s\n", what);
    abort();
}

static void *hand_off(void *own)
{
    const struct adder *adder = own;
    struct crowd *crowd = adder->crowd;
    for (int id = adder->first_id; id < adder->first_id + PER_ADDER; id++) {
        struct spool_receipt receipt = world_add_one(&crowd->world, id, id % LANES + 1, 1);
        crowd->numbers[id] = receipt.entry;
        (void)atomic_fetch_add(&crowd->stored, 1);
        if (id % 50 == 0)
            spool_count_refused(crowd->world.spool, "motcua", 1747035900000);
    }
    return NULL;
}

/* One look of the publisher at what is next. */
struct batch {
    int64_t last;
    int64_t count;
    struct spool_place places[BATCH];
};

static bool take_entry(void *own, const struct spool_entry *entry)
{
    struct batch *batch = own;
    must(entry->number > batch->last, "numbers go up");
    must(entry->event, "an entry has its event");
    batch->last = entry->number;
    batch->places[batch->count++] =
        (struct spool_place){.number = entry->number, .partition = 3, .offset = entry->number * 2};
    return true;
}

static void *publish(void *own)
{
    struct crowd *crowd = own;
    struct fault why;
    struct spool_reader *reader = spool_reader_open(crowd->world.file, &why);
    must(reader, "a reader opens");
    int published = 0;
    for (struct batch batch = {0}; published < TOTAL;) {
        int64_t damaged;
        batch.count = 0;
        (void)spool_wait_above(crowd->world.spool, batch.last, 100);
        must(spool_next(reader, (struct spool_range){batch.last, BATCH}, take_entry, &batch,
                        &damaged, &why),
             why.text);
        if (batch.count > 0)
            spool_published(crowd->world.spool, batch.last, batch.places, (size_t)batch.count);
        published += (int)batch.count;
    }
    spool_reader_close(reader);
    return NULL;
}

/* Whoever waits hears of each step of the watermark, or of a later one. */
static void *follow(void *own)
{
    struct crowd *crowd = own;
    for (int64_t seen = 0, now; seen < TOTAL; seen = now) {
        now = spool_wait_published(crowd->world.spool, seen, 60000);
        must(now > seen, "it is woken by a step forward");
    }
    return NULL;
}

static bool is_same_number(void *own, const struct spool_entry *entry)
{
    const int64_t *number = own;
    must(entry->entry == *number, "the entry is the one asked for");
    return true;
}

/* Whoever was told that it is stored finds it, in another connection, at once. */
static void *look(void *own)
{
    struct crowd *crowd = own;
    struct fault why;
    struct spool_reader *reader = spool_reader_open(crowd->world.file, &why);
    must(reader, "a reader opens");
    while (!atomic_load(&crowd->is_over)) {
        struct spool_levels levels;
        int64_t number = atomic_load(&crowd->stored);
        spool_levels(crowd->world.spool, &levels);
        must(levels.queue_entries >= 0 && levels.queue_entries <= ADDERS * 4, "levels are right");
        if (number > 0)
            must(spool_find(reader, number, is_same_number, &number, &why), why.text);
    }
    spool_reader_close(reader);
    return NULL;
}

static void assert_all_is_published(struct crowd *crowd)
{
    struct fault why;
    for (int id = 0; id < TOTAL; id++) {
        struct spool_place place;
        world_must(spool_place_of(crowd->world.reader, crowd->numbers[id], &place, &why), &why);
        assert_int_equal(place.partition, 3);
        assert_int_equal(place.offset, crowd->numbers[id] * 2);
    }
}

static void run_crowd(struct crowd *crowd)
{
    pthread_t threads[ADDERS], publisher, looker, follower;
    struct adder adders[ADDERS];
    for (int i = 0; i < ADDERS; i++) {
        adders[i] = (struct adder){crowd, i * PER_ADDER};
        assert_int_equal(pthread_create(&threads[i], NULL, hand_off, &adders[i]), 0);
    }
    assert_int_equal(pthread_create(&publisher, NULL, publish, crowd), 0);
    assert_int_equal(pthread_create(&looker, NULL, look, crowd), 0);
    assert_int_equal(pthread_create(&follower, NULL, follow, crowd), 0);
    for (int i = 0; i < ADDERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    atomic_store(&crowd->is_over, true);
    assert_int_equal(pthread_join(publisher, NULL), 0);
    assert_int_equal(pthread_join(looker, NULL), 0);
    assert_int_equal(pthread_join(follower, NULL), 0);
}

static void all_threads_at_once_lose_nothing(void **state)
{
    (void)state;
    struct crowd *crowd = calloc(1, sizeof *crowd);
    assert_non_null(crowd);
    world_make(&crowd->world);
    run_crowd(crowd);
    world_publish(&crowd->world, TOTAL);
    assert_all_is_published(crowd);
    world_check(&crowd->world);
    world_end(&crowd->world);
    free(crowd);
}

static bool look_on(void *own, const struct spool_entry *entry)
{
    return own && entry;
}

/* Reads all there is, again and again. */
static void *pore(void *own)
{
    struct crowd *crowd = own;
    struct fault why;
    struct spool_reader *reader = spool_reader_open(crowd->world.file, &why);
    must(reader, "a reader opens");
    while (!atomic_load(&crowd->is_over))
        must(spool_list(reader, (struct spool_range){0, TOTAL}, look_on, crowd, &why), why.text);
    spool_reader_close(reader);
    return NULL;
}

static int64_t wal_size(const struct world *world)
{
    struct stat status;
    char path[sizeof world->file + 8];
    (void)snprintf(path, sizeof path, "%s-wal", world->file);
    assert_int_equal(stat(path, &status), 0);
    return status.st_size;
}

/* With always somebody at it, the WAL would only grow. */
static void readers_that_never_pause_do_not_make_the_wal_grow(void **state)
{
    (void)state;
    enum { READERS = 3, PAGES = 16, PAGE_SIZE = 8192, MULTIPLE = 10 };
    pthread_t readers[READERS];
    struct crowd *crowd = calloc(1, sizeof *crowd);
    assert_non_null(crowd);
    world_prepare(&crowd->world);
    crowd->world.options.checkpoint_pages = PAGES;
    world_open(&crowd->world);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, pore, crowd), 0);
    for (int id = 1; id <= PER_ADDER; id++)
        (void)world_add_one(&crowd->world, id, id, 1);
    int64_t size = wal_size(&crowd->world);
    atomic_store(&crowd->is_over, true);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    world_end(&crowd->world);
    free(crowd);
    assert_in_range(size, 1, MULTIPLE * PAGES * PAGE_SIZE);
}

static void count_done(void *own, const struct spool_receipt *receipts, size_t count,
                       const struct fault *why)
{
    must(receipts && count == 1, why ? why->text : "one receipt");
    (void)atomic_fetch_add((atomic_int *)own, 1);
}

/* A queue that is full says so at once, and everything that it took is done by the close. */
static void a_full_queue_refuses_and_close_ends_the_rest(void **state)
{
    (void)state;
    enum { PARCELS = 200 };
    struct world world;
    struct fault why;
    atomic_int done = 0;
    int taken = 0;
    struct parcel *parcels = calloc(PARCELS, sizeof *parcels);
    assert_non_null(parcels);
    world_prepare(&world);
    world.options.queue_entries = 3;
    world_open(&world);
    for (int i = 0; i < PARCELS; i++) {
        parcel_begin(&parcels[i], "motcua", 1747035900000);
        (void)parcel_item(&parcels[i], i, 0, 1);
        if (spool_add(world.spool, &parcels[i].document, count_done, &done, &why))
            taken++;
        else
            assert_int_equal(why.kind, FAULT_RETRY);
    }
    assert_in_range(taken, 3, PARCELS - 1);
    world_close(&world);
    assert_int_equal(atomic_load(&done), taken);
    free(parcels);
    world_remove(&world);
}

static void a_document_over_the_queues_bytes_is_told_to_wait(void **state)
{
    (void)state;
    struct world world;
    struct parcel parcel;
    struct fault why;
    world_prepare(&world);
    world.options.queue_bytes = 20;
    world_open(&world);
    parcel_begin(&parcel, "motcua", 1747035900000);
    (void)parcel_item(&parcel, 1, 0, 1);
    assert_false(spool_add(world.spool, &parcel.document, count_done, NULL, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
    world_end(&world);
}

static void a_disk_below_its_reserve_takes_nothing(void **state)
{
    (void)state;
    struct world world;
    struct parcel parcel;
    struct spool_levels levels;
    struct fault why;
    world_prepare(&world);
    world.options.reserve_bytes = INT64_MAX;
    world_open(&world);
    parcel_begin(&parcel, "motcua", 1747035900000);
    (void)parcel_item(&parcel, 1, 0, 1);
    assert_false(spool_add(world.spool, &parcel.document, count_done, NULL, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
    spool_levels(world.spool, &levels);
    assert_true(levels.below_reserve);
    assert_true(levels.free_bytes > 0);
    world_end(&world);
}

static void waiting_for_a_number_ends_when_time_is_up(void **state)
{
    (void)state;
    struct world world;
    world_make(&world);
    assert_false(spool_wait_above(world.spool, 0, 20));
    (void)world_add_one(&world, 1, 1, 1);
    assert_true(spool_wait_above(world.spool, 0, 20));
    assert_false(spool_wait_above(world.spool, 1, 20));
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_threads_at_once_lose_nothing),
        cmocka_unit_test(readers_that_never_pause_do_not_make_the_wal_grow),
        cmocka_unit_test(a_full_queue_refuses_and_close_ends_the_rest),
        cmocka_unit_test(a_document_over_the_queues_bytes_is_told_to_wait),
        cmocka_unit_test(a_disk_below_its_reserve_takes_nothing),
        cmocka_unit_test(waiting_for_a_number_ends_when_time_is_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
