/* SPDX-License-Identifier: Apache-2.0 */
/* Corners of the spool's contract that the model does not reach. */
#include "spool_world.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const int64_t later_ms = INT64_MAX / 2;

static void add_entries(struct world *world, int first_id, int last_id)
{
    for (int id = first_id; id <= last_id; id++)
        (void)world_add_one(world, id, id, 1);
}

/* Kafka took [first, last], each to the offset of its number. */
static void publish_range(struct world *world, int64_t first, int64_t last)
{
    struct spool_place places[16];
    size_t count = 0;
    for (int64_t number = first; number <= last; number++)
        places[count++] = (struct spool_place){.number = number, .partition = 1, .offset = number};
    spool_published(world->spool, last, places, count);
    world_publish(world, last);
}

static bool has_place(struct world *world, int64_t number)
{
    struct fault why = {.kind = FAULT_NONE};
    struct spool_place place;
    bool is_known = spool_place_of(world->reader, number, &place, &why);
    assert_int_equal(why.kind, FAULT_NONE);
    assert_true(!is_known || place.offset == number);
    return is_known;
}

static void places_stay_as_long_as_a_number_of_theirs(void **state)
{
    (void)state;
    struct world world;
    struct fault why;
    int64_t count;
    world_make(&world);
    add_entries(&world, 1, 8);
    publish_range(&world, 1, 4);
    publish_range(&world, 5, 8);
    /* Entries 1 to 6 were received before that moment: two of the second range are left. */
    world_must(spool_prune(world.spool, 1747035900000 + 7, &count, &why), &why);
    assert_int_equal(count, 6);
    assert_false(has_place(&world, 4));
    assert_true(has_place(&world, 7));
    assert_true(has_place(&world, 8));
    world_must(spool_prune(world.spool, later_ms, &count, &why), &why);
    assert_int_equal(count, 2);
    assert_false(has_place(&world, 8));
    world_check(&world);
    world_end(&world);
}

static void what_takes_long_ends_with_the_daemon(void **state)
{
    (void)state;
    struct world world;
    struct fault why;
    int64_t count;
    world_make(&world);
    add_entries(&world, 1, 2);
    publish_range(&world, 1, 2);
    spool_interrupt(world.spool);
    assert_false(spool_prune(world.spool, later_ms, &count, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
    world_close(&world);
    world_open(&world);
    world_must(spool_prune(world.spool, later_ms, &count, &why), &why);
    assert_int_equal(count, 2);
    world_end(&world);
}

static void a_pruned_number_is_never_given_again(void **state)
{
    (void)state;
    struct world world;
    struct fault why;
    int64_t count;
    world_make(&world);
    add_entries(&world, 1, 5);
    world_publish(&world, 5);
    world_must(spool_prune(world.spool, later_ms, &count, &why), &why);
    assert_int_equal(count, 5);
    world_close(&world);
    world_open(&world);
    /* With the entry its id is forgotten: the same handoff is a new one. */
    struct spool_receipt receipt = world_add_one(&world, 5, 5, 1);
    assert_int_equal(receipt.verdict, SPOOL_STORED);
    assert_int_equal(receipt.entry, 6);
    world_end(&world);
}

static void a_document_stays_while_an_item_of_it_waits(void **state)
{
    (void)state;
    struct world world;
    struct parcel parcel;
    struct fault why;
    int64_t count;
    size_t size;
    world_make(&world);
    parcel_begin(&parcel, "motcua", 1747035900000);
    (void)parcel_item(&parcel, 1, 1, 1);
    parcel_item(&parcel, 2, 2, 1)->cause = "R2 /From/OrganId";
    (void)world_add(&world, &parcel);
    world_publish(&world, 2);
    world_must(spool_prune(world.spool, later_ms, &count, &why), &why);
    assert_int_equal(count, 0);
    free(spool_original(world.reader, 2, &size, &why));
    assert_int_equal(size, parcel.document.size);
    world_must(spool_discard(world.spool, 2, "withdrawn", &why), &why);
    world_must(spool_prune(world.spool, later_ms, &count, &why), &why);
    assert_int_equal(count, 2);
    world_end(&world);
}

/* One document came while the clock of the machine was years ahead. */
static void a_wrong_time_does_not_keep_what_came_behind_it(void **state)
{
    (void)state;
    struct world world;
    struct parcel parcel;
    struct fault why;
    int64_t count;
    size_t size;
    world_make(&world);
    (void)world_add_one(&world, 1, 1, 1);
    parcel_begin(&parcel, "motcua", later_ms);
    (void)parcel_item(&parcel, 2, 2, 1);
    (void)world_add(&world, &parcel);
    (void)world_add_one(&world, 3, 3, 1);
    world_publish(&world, 3);
    world_must(spool_prune(world.spool, 1747035900000 + 100, &count, &why), &why);
    assert_int_equal(count, 2);
    free(spool_original(world.reader, 2, &size, &why));
    assert_int_equal(size, parcel.document.size);
    world_check(&world);
    world_end(&world);
}

static void what_is_published_cannot_be_buried(void **state)
{
    (void)state;
    struct world world;
    struct fault why;
    world_make(&world);
    add_entries(&world, 1, 1);
    world_publish(&world, 1);
    assert_false(spool_bury(world.spool, 1, "too_large", NULL, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_false(spool_bury(world.spool, 99, "too_large", NULL, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    world_end(&world);
}

static bool note_published(void *own, const struct spool_entry *entry)
{
    *(bool *)own = entry->is_published;
    return true;
}

/* An operator's word puts the mark back; the entries above it are to be published again. */
static void a_watermark_set_back_makes_entries_ready_again(void **state)
{
    (void)state;
    struct world world;
    struct fault why;
    bool is_published = true;
    world_make(&world);
    add_entries(&world, 1, 3);
    publish_range(&world, 1, 3);
    assert_false(spool_wait_above(world.spool, 3, 0));
    world_must(spool_set_watermark(world.spool, 1, &why), &why);
    assert_int_equal(spool_watermark(world.spool), 1);
    assert_int_equal(spool_wait_published(world.spool, 3, 1000), 1);
    world_must(spool_find(world.reader, 2, note_published, &is_published, &why), &why);
    assert_false(is_published);
    assert_false(has_place(&world, 2));
    publish_range(&world, 2, 2);
    assert_true(has_place(&world, 2));
    assert_false(has_place(&world, 3));
    assert_false(spool_set_watermark(world.spool, 4, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    world_end(&world);
}

static void nobody_else_may_read_the_file(void **state)
{
    (void)state;
    struct world world;
    world_make(&world);
    add_entries(&world, 1, 1);
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        struct stat status;
        char path[sizeof world.file + 8];
        (void)snprintf(path, sizeof path, "%s%s", world.file, suffixes[i]);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
    world_end(&world);
}

static void run_sql(const struct world *world, const char *sql)
{
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(world->file, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static void a_newer_spool_is_refused(void **state)
{
    (void)state;
    struct world world;
    struct fault why;
    world_make(&world);
    world_close(&world);
    run_sql(&world, "PRAGMA user_version = 99");
    assert_null(spool_open(&world.options, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    assert_null(spool_reader_open(world.file, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    world_remove(&world);
}

/* Each of these is a contradiction that only a program's mistake or a person's hand can make. */
static void a_check_finds_contradictions(void **state)
{
    (void)state;
    static const char *const mischiefs[] = {
        "DELETE FROM entry WHERE number = 2",
        "UPDATE entry SET state = 1 WHERE number = 2",
        "UPDATE entry SET state = 4 WHERE number = 2",
        "UPDATE entry SET state = 7 WHERE number = 2",
        "UPDATE entry SET event = NULL WHERE number = 2",
        "UPDATE entry SET document = 77 WHERE number = 2",
        "UPDATE tally SET received = received + 1",
        "DELETE FROM tally",
        "DELETE FROM dedupe WHERE number = 2",
        "INSERT INTO released VALUES (1, 2)",
        "UPDATE entry SET original = x'00' WHERE number = 2",
        "UPDATE entry SET event = x'00' WHERE number = 2",
    };
    for (size_t i = 0; i < sizeof mischiefs / sizeof mischiefs[0]; i++) {
        struct world world;
        struct fault why;
        int findings = 0;
        world_make(&world);
        add_entries(&world, 1, 3);
        world_check(&world);
        world_close(&world);
        run_sql(&world, mischiefs[i]);
        world_open(&world);
        if (spool_check(world.reader, count_finding, &findings, &why) || findings == 0)
            fail_msg("not found: %s", mischiefs[i]);
        assert_int_equal(why.kind, FAULT_BROKEN);
        world_end(&world);
    }
}

/* As another process is told: locks are a process's own. */
static bool is_locked(const char *path)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int file = open(path, O_RDWR | O_CLOEXEC);
        if (file < 0 || fcntl(file, F_GETLK, &lock) != 0)
            _exit(2);
        _exit(lock.l_type == F_UNLCK ? 0 : 1);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    return WEXITSTATUS(status) == 1;
}

/* Without its locks a daemon that ends and begins anew would change the file below who checks it.
 */
static void a_check_keeps_what_it_reads_from_changing(void **state)
{
    struct world world;
    (void)state;
    world_make(&world);
    add_entries(&world, 1, 3);
    assert_true(is_locked(world.file));
    world_check(&world);
    assert_true(is_locked(world.file));
    world_end(&world);
}

static void a_shortened_document_is_checked_by_its_own_digest(void **state)
{
    struct world world;
    struct parcel parcel;
    struct fault why;
    uint8_t kept[SHA256_SIZE];
    size_t size = 0;
    (void)state;
    world_make(&world);
    parcel_begin(&parcel, "motcua", 1747035900000);
    (void)parcel_item(&parcel, 1, 1, 1);
    (void)parcel_item(&parcel, 2, 2, 1);
    digest_sha256(parcel.bytes, parcel.document.size, kept);
    digest_sha256("as received", 11, parcel.document.sha256);
    parcel.document.shortened_sha256 = kept;
    struct answer answer = world_add(&world, &parcel);
    char *original = spool_original(world.reader, answer.receipts[1].entry, &size, &why);
    world_must(original, &why);
    assert_memory_equal(original, parcel.bytes, size);
    free(original);
    world_check(&world);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shortened_document_is_checked_by_its_own_digest),
        cmocka_unit_test(places_stay_as_long_as_a_number_of_theirs),
        cmocka_unit_test(what_takes_long_ends_with_the_daemon),
        cmocka_unit_test(a_pruned_number_is_never_given_again),
        cmocka_unit_test(a_document_stays_while_an_item_of_it_waits),
        cmocka_unit_test(a_wrong_time_does_not_keep_what_came_behind_it),
        cmocka_unit_test(what_is_published_cannot_be_buried),
        cmocka_unit_test(a_watermark_set_back_makes_entries_ready_again),
        cmocka_unit_test(nobody_else_may_read_the_file),
        cmocka_unit_test(a_newer_spool_is_refused),
        cmocka_unit_test(a_check_finds_contradictions),
        cmocka_unit_test(a_check_keeps_what_it_reads_from_changing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
