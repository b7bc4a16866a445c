/* SPDX-License-Identifier: Apache-2.0 */
/* One dossier made unreadable for good, and nothing else. */
#include "sealed_world.h"

#include "spool/filing.h"
#include "spool/writer.h"

#include <signal.h>
#include <sys/wait.h>

#define ONE_KEY "a " MASTER_A "\n"

static void deliver_all(struct world *world, int64_t arrivals)
{
    for (int64_t arrival = 1; arrival <= arrivals; arrival++)
        world_settle_one(world, SETTLE_DELIVERED, delivery_of(arrival, 0));
}

/* Two dossiers, each with two entries and an arrival, all of it over. */
static void fill(struct world *world)
{
    (void)world_add_one(world, 1, 1, 1);
    (void)world_add_one(world, 2, 2, 1);
    (void)world_add_one(world, 3, 1, 1);
    (void)world_add_one(world, 4, 2, 1);
    world_publish(world, 4);
    world_arrive(world, 1, 1, "hue");
    world_arrive(world, 2, 2, "hue");
    deliver_all(world, 2);
}

static void must_be_gone(struct world *world, int64_t entry)
{
    struct seen seen = world_see(world, entry);
    assert_true(seen.is_shredded);
    assert_false(seen.is_damaged);
    assert_string_equal(seen.event, "-");
    assert_original_is_gone(world, entry);
}

static void a_shredded_dossier_is_gone_and_the_others_are_there(void **state)
{
    (void)state;
    struct world world;
    world_make_sealed(&world, ONE_KEY);
    fill(&world);
    struct spool_shredded done = world_shred(&world, 1);
    assert_int_equal(done.entries, 2);
    assert_int_equal(done.arrivals, 1);
    assert_int_equal(done.keys, 1);
    assert_int_equal(done.file_count, 0);
    for (int round = 0; round < 2; round++) {
        must_be_gone(&world, 1);
        must_be_gone(&world, 3);
        assert_true(world_see_delivery(&world, delivery_of(1, 0)).is_shredded);
        assert_false(world_see_delivery(&world, delivery_of(1, 0)).is_damaged);
        assert_string_equal(world_see(&world, 2).event, "<event 2 of 2, version 1>");
        assert_original(&world, 4, "<original of <event 4 of 2, version 1>>");
        assert_string_equal(world_see_delivery(&world, delivery_of(2, 0)).event, "<event at 2>");
        assert_int_equal(world_findings(&world), 0);
        world_reopen(&world, ONE_KEY);
    }
    /* The facts stay: what comes again is known. */
    assert_int_equal(world_add_one(&world, 1, 1, 1).verdict, SPOOL_REPEATED);
    world_end_sealed(&world);
}

/* Everything of the file that is not in it any more. */
struct bytes {
    uint8_t bytes[600];
    size_t size;
};

static struct bytes get(const struct world *world, const char *sql)
{
    struct bytes got;
    sqlite3 *database = NULL;
    sqlite3_stmt *find = NULL;
    assert_int_equal(sqlite3_open(world->file, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &find, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(find), SQLITE_ROW);
    got.size = (size_t)sqlite3_column_bytes(find, 0);
    assert_true(got.size > 40 && got.size <= sizeof got.bytes);
    memcpy(got.bytes, sqlite3_column_blob(find, 0), got.size);
    assert_int_equal(sqlite3_finalize(find), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    return got;
}

static void neither_the_key_nor_what_it_sealed_is_left_on_disk(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "SELECT wrapped FROM data_key WHERE dossier_code LIKE '%-0001' AND owner IS NULL",
        "SELECT event FROM entry WHERE number = 1",
        "SELECT original FROM entry WHERE number = 3",
        "SELECT event FROM arrival WHERE number = 1",
    };
    enum { COUNT = sizeof queries / sizeof queries[0] };
    struct bytes before[COUNT];
    struct world world;
    world_make_sealed(&world, ONE_KEY);
    fill(&world);
    for (int id = 10; id < 200; id++) /* pages are split around it */
        (void)world_add_one(&world, id, id, 1);
    for (size_t i = 0; i < COUNT; i++) {
        before[i] = get(&world, queries[i]);
        assert_true(world_find_bytes(&world, before[i].bytes, before[i].size) > 0);
    }
    (void)world_shred(&world, 1);
    for (size_t i = 0; i < COUNT; i++)
        if (world_find_bytes(&world, before[i].bytes, before[i].size) > 0)
            fail_msg("still there: %s", queries[i]);
    world_end_sealed(&world);
}

static void what_comes_after_has_a_key_of_its_own(void **state)
{
    (void)state;
    struct world world;
    world_make_sealed(&world, ONE_KEY);
    fill(&world);
    (void)world_shred(&world, 1);
    (void)world_add_one(&world, 9, 1, 1);
    assert_string_equal(world_see(&world, 5).event, "<event 9 of 1, version 1>");
    must_be_gone(&world, 1);
    world_publish(&world, 5);
    assert_int_equal(world_shred(&world, 1).keys, 1);
    must_be_gone(&world, 5);
    world_end_sealed(&world);
}

/* ---- refusals ---- */

static void must_refuse(struct world *world, int dossier, const char *says)
{
    struct fault why;
    struct spool_shredded done;
    assert_false(world_try_shred(world, dossier, &done, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    if (!strstr(why.text, says))
        fail_msg("%s", why.text);
}

static void what_is_not_over_is_not_shredded(void **state)
{
    (void)state;
    struct world world;
    world_make_sealed(&world, ONE_KEY);
    must_refuse(&world, 1, "nothing of that dossier");
    (void)world_add_one(&world, 1, 1, 1);
    must_refuse(&world, 1, "not yet published");
    world_publish(&world, 1);
    (void)world_add_dead(&world, 2, 1);
    must_refuse(&world, 1, "not yet published or discarded");
    (void)world_add_one(&world, 1, 7, 2); /* a conflict, about dossier 7 */
    must_refuse(&world, 7, "not yet published or discarded");
    world_arrive(&world, 1, 3, "hue");
    must_refuse(&world, 3, "delivery of the dossier is not yet over");
    assert_string_equal(world_see(&world, 1).event, "<event 1 of 1, version 1>");
    assert_string_equal(world_see_delivery(&world, delivery_of(1, 0)).event, "<event at 1>");
    assert_int_equal(world_findings(&world), 0);
    world_end_sealed(&world);
}

static void without_keys_nothing_is_shredded(void **state)
{
    (void)state;
    struct world world;
    world_make_sealed(&world, NULL);
    fill(&world);
    must_refuse(&world, 1, "key_file is not set");
    assert_string_equal(world_see(&world, 1).event, "<event 1 of 1, version 1>");
    world_end_sealed(&world);
}

static bool add_shredding(void *own, const struct spool_audited *entry)
{
    char *text = own;
    size_t used = strlen(text);
    if (strcmp(entry->record.act, "shred") != 0)
        return true; /* the set-up settles deliveries, which is on record too */
    (void)snprintf(text + used, 500 - used, "%s %s %s %s %s|", entry->record.act,
                   entry->record.object, entry->record.outcome, entry->record.reason,
                   entry->record.detail);
    return true;
}

static void it_is_on_record_either_way(void **state)
{
    (void)state;
    struct fault why;
    char record[500] = "";
    struct world world;
    world_make_sealed(&world, ONE_KEY);
    fill(&world);
    must_refuse(&world, 3, "nothing");
    (void)world_shred(&world, 1);
    world_must(spool_audited(world.reader, &(struct audit_range){0}, add_shredding, record, &why),
               &why);
    assert_string_equal(record, "shred dossier:000.12.40.H09-250512-0003 refused ordered"
                                " {\"refused\":\"spool: nothing of that dossier is here\"}|"
                                "shred dossier:000.12.40.H09-250512-0001 done ordered"
                                " {\"arrivals\":1,\"entries\":2,\"files\":0,\"keys\":1}|");
    world_end_sealed(&world);
}

/* ---- documents that are not of one dossier alone ---- */

static void a_document_of_two_loses_its_original_and_keeps_the_others_event(void **state)
{
    (void)state;
    struct world world;
    struct parcel parcel;
    world_make_sealed(&world, ONE_KEY);
    parcel_begin(&parcel, "motcua", ARRIVED_MS);
    (void)parcel_item(&parcel, 1, 1, 1);
    (void)parcel_item(&parcel, 2, 2, 1);
    (void)parcel_item(&parcel, 3, 0, 1);
    (void)world_add(&world, &parcel);
    (void)world_add_one(&world, 4, 4, 1);
    world_publish(&world, 2);
    must_refuse(&world, 2, "a document that it shares"); /* item 3 still needs its key */
    world_publish(&world, 4);
    (void)world_shred(&world, 2);
    must_be_gone(&world, 2);
    assert_original_is_gone(&world, 1);
    assert_string_equal(world_see(&world, 1).event, "<event 1 of 1, version 1>");
    assert_true(world_see(&world, 3).is_shredded); /* of no dossier: nobody knows whose it is */
    assert_string_equal(world_see(&world, 4).event, "<event 4 of 4, version 1>");
    assert_int_equal(world_findings(&world), 0);
    world_end_sealed(&world);
}

static void discard(struct world *world, int64_t entry)
{
    struct fault why;
    const struct spool_deed deed = {
        .kind = DEED_DISCARD,
        .entry = entry,
        .record = {.actor = {.name = "user:lan"}, .act = "discard", .object = "", .reason = "no"}};
    world_must(spool_do(world->spool, &deed, NULL, NULL, &why), &why);
}

static void a_conflict_about_it_goes_too(void **state)
{
    (void)state;
    struct world world;
    world_make_sealed(&world, ONE_KEY);
    (void)world_add_one(&world, 1, 1, 1);
    assert_int_equal(world_add_one(&world, 1, 1, 2).verdict, SPOOL_CONFLICT);
    world_publish(&world, 1);
    discard(&world, 2);
    assert_original(&world, 2, "<original of <event 1 of 1, version 2>>");
    (void)world_shred(&world, 1);
    assert_original_is_gone(&world, 1);
    assert_original_is_gone(&world, 2);
    assert_int_equal(world_findings(&world), 0);
    world_end_sealed(&world);
}

/* One document: an event of the dossier, and an item that names it and stands aside. */
static void what_stands_aside_about_it_goes_too(void **state)
{
    (void)state;
    struct world world;
    struct parcel parcel;
    world_make_sealed(&world, ONE_KEY);
    parcel_begin(&parcel, "motcua", 1);
    (void)parcel_item(&parcel, 1, 1, 1);
    struct spool_item *aside = parcel_item(&parcel, 2, 1, 1);
    aside->cause = "agency /From";
    aside->event = NULL;
    aside->stands_aside = true;
    (void)world_add(&world, &parcel);
    world_publish(&world, 1);
    assert_int_equal(world_findings(&world), 0);
    must_refuse(&world, 1, "not yet published or discarded");
    discard(&world, 2);
    (void)world_shred(&world, 1);
    assert_original_is_gone(&world, 1);
    assert_int_equal(world_findings(&world), 0);
    world_end_sealed(&world);
}

static void mend(struct world *world, int64_t entry, int id, int dossier)
{
    struct fault why;
    struct parcel parcel;
    world_propose(world, entry, "<revision>");
    parcel_begin(&parcel, "motcua", 1);
    uint8_t sha256[SHA256_SIZE];
    digest_sha256("<revision>", strlen("<revision>"), sha256);
    const struct spool_deed deed = {
        .kind = DEED_APPLY,
        .entry = entry,
        .revision = 1,
        .sha256 = sha256,
        .item = parcel_item(&parcel, id, dossier, 2),
        .may_be_stale = true,
        .record = {.actor = {.name = "user:lan"}, .act = "apply", .object = "", .reason = "typo"}};
    world_must(spool_do(world->spool, &deed, NULL, NULL, &why), &why);
}

static bool is_revision_gone(struct world *world, int64_t entry)
{
    struct fault why;
    char text[40] = "";
    return !spool_revisions(world->reader, entry, 1, NULL, text, &why) &&
           why.kind == FAULT_REFUSE && strcmp(why.text, SPOOL_SHREDDED) == 0;
}

/* An entry was dead in the lane of dossier 1, and was mended into that of dossier 2. */
static void what_was_mended_into_another_dossier_is_that_ones(void **state)
{
    (void)state;
    for (int shredded = 1; shredded <= 2; shredded++) {
        struct world world;
        world_make_sealed(&world, ONE_KEY);
        (void)world_add_one(&world, 1, 1, 1);
        int64_t dead = world_add_dead(&world, 2, 1);
        mend(&world, dead, 3, 2);
        world_publish(&world, 3);
        (void)world_shred(&world, shredded);
        if (shredded == 1) {
            must_be_gone(&world, 1);
            assert_string_equal(world_see(&world, dead).event, "<event 3 of 2, version 2>");
            assert_original(&world, dead, "<original of <event 2 of 1, version 1>>");
            assert_false(is_revision_gone(&world, 1));
        } else {
            must_be_gone(&world, dead);
            assert_true(is_revision_gone(&world, dead));
            assert_string_equal(world_see(&world, 1).event, "<event 1 of 1, version 1>");
        }
        assert_int_equal(world_findings(&world), 0);
        world_end_sealed(&world);
    }
}

/* ---- files ---- */

static bool uses(struct world *world, int64_t entry, const uint8_t *sha256)
{
    static const uint8_t event_id[UUID_SIZE] = {0}; /* as parcels have them */
    struct fault why;
    bool does = false;
    world_must(spool_event_uses(world->reader, entry, event_id, sha256, &does, &why), &why);
    return does;
}

static void files_that_only_it_used_are_named(void **state)
{
    (void)state;
    static const uint8_t own[1][SHA256_SIZE] = {{1}};
    static const uint8_t shared[1][SHA256_SIZE] = {{2}};
    struct world world;
    world_make_sealed(&world, ONE_KEY);
    for (int id = 1; id <= 3; id++) {
        struct parcel parcel;
        parcel_begin(&parcel, "motcua", ARRIVED_MS);
        struct spool_item *item = parcel_item(&parcel, id, id == 3 ? 2 : 1, 1);
        item->files = id == 1 ? own : shared;
        item->file_count = 1;
        (void)world_add(&world, &parcel);
    }
    world_publish(&world, 3);
    struct spool_shredded done = world_shred(&world, 1);
    assert_int_equal(done.file_count, 1);
    assert_memory_equal(done.files[0], own[0], SHA256_SIZE);
    spool_shredded_end(&done);
    assert_false(uses(&world, 1, own[0]));
    assert_false(uses(&world, 2, shared[0]));
    assert_true(uses(&world, 3, shared[0]));
    world_end_sealed(&world);
}

/* ---- what may happen afterwards ---- */

static bool note_entry(void *own, const struct spool_entry *entry)
{
    *(int64_t *)own = *(int64_t *)own * 10 + entry->number;
    return true;
}

/* A person sets Kafka's number back: what is shredded cannot be published again, and is passed
 * over. */
static void the_publisher_passes_it_over(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    int64_t given = 0;
    int64_t damaged = 0;
    world_make_sealed(&world, ONE_KEY);
    fill(&world);
    (void)world_shred(&world, 1);
    world_must(
        spool_next(world.reader, (struct spool_range){0, 9}, note_entry, &given, &damaged, &why),
        &why);
    assert_int_equal(given, 24);
    world_end_sealed(&world);
}

static void a_new_master_key_does_not_bring_it_back(void **state)
{
    (void)state;
    struct world world;
    world_make_sealed(&world, ONE_KEY);
    fill(&world);
    (void)world_shred(&world, 1);
    world_reopen(&world, "b " MASTER_B "\n" ONE_KEY);
    assert_int_equal(world_rekey(&world).wrapped, 1);
    world_reopen(&world, "b " MASTER_B "\n");
    must_be_gone(&world, 1);
    assert_string_equal(world_see(&world, 2).event, "<event 2 of 2, version 1>");
    assert_int_equal(world_findings(&world), 0);
    world_end_sealed(&world);
}

static void what_was_shredded_stays_so_after_a_kill(void **state)
{
    (void)state;
    struct world world;
    world_make_sealed(&world, ONE_KEY);
    fill(&world);
    world_close(&world);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct spool_shredded done;
        struct fault why;
        world.spool = spool_open(&world.options, &why);
        bool is_done = world.spool && world_try_shred(&world, 1, &done, &why);
        (void)kill(getpid(), is_done ? SIGKILL : SIGTERM);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    world_open(&world);
    must_be_gone(&world, 1);
    assert_int_equal(world_findings(&world), 0);
    world_end_sealed(&world);
}

/* A connection that reads as a backup does, and holds the log by it. */
static sqlite3 *hold_log(const struct world *world)
{
    sqlite3 *holder = NULL;
    assert_int_equal(sqlite3_open_v2(world->file, &holder, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    (void)sqlite3_db_config(holder, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    assert_int_equal(sqlite3_exec(holder, "BEGIN; SELECT count(*) FROM entry", NULL, NULL, NULL),
                     SQLITE_OK);
    return holder;
}

/* The daemon was begun anew while a backup was read. */
static void what_the_log_holds_is_cut_by_the_next_daemon_too(void **state)
{
    (void)state;
    struct world world;
    struct fault why;
    struct spool_shredded done;
    world_make_sealed(&world, ONE_KEY);
    (void)world_add_one(&world, 1, 1, 1);
    world_publish(&world, 1);
    const struct bytes key = get(&world, "SELECT wrapped FROM data_key");
    sqlite3 *holder = hold_log(&world);
    world_must(world_try_shred(&world, 1, &done, &why), &why);
    assert_false(done.log_is_short);
    spool_shredded_end(&done);
    world_close(&world);
    assert_true(world_find_bytes(&world, key.bytes, key.size) > 0);
    assert_int_equal(sqlite3_close(holder), SQLITE_OK);
    world_open(&world);
    for (int round = 0; world_find_bytes(&world, key.bytes, key.size) > 0; round++) {
        assert_true(round < 500);
        (void)usleep(10000);
    }
    world_end_sealed(&world);
}

struct shredder {
    struct world *world;
    pthread_t thread;
    struct spool_shredded done;
    bool is_done;
    struct fault why;
};

static void *shred_one(void *own)
{
    struct shredder *shredder = own;
    shredder->is_done = world_try_shred(shredder->world, 1, &shredder->done, &shredder->why);
    return NULL;
}

/* The writer is busy for so long that the next look at the log is in its queue, with a task that
 * fails: so does the look, as all of one group do. */
static bool keep_busy(struct store *store, void *arguments, struct fault *why)
{
    (void)store, (void)arguments, (void)why;
    (void)usleep(300000);
    return true;
}

static void *keep_writer_busy(void *own)
{
    struct world *world = own;
    struct fault why;
    world_must(writer_do(world->spool, keep_busy, NULL, &why), &why);
    return NULL;
}

static bool end_badly(struct store *store, void *arguments, struct fault *why)
{
    (void)store, (void)arguments;
    return fault_set(why, FAULT_RETRY, "the disk is full");
}

static void *fail_next_group(void *own)
{
    struct world *world = own;
    struct fault why;
    assert_false(writer_do(world->spool, end_badly, NULL, &why));
    return NULL;
}

/* What is committed is done, whatever becomes of the log. */
static void a_shredding_is_done_although_the_log_cannot_be_looked_at(void **state)
{
    (void)state;
    struct world world;
    pthread_t busy, failing;
    world_make_sealed(&world, ONE_KEY);
    (void)world_add_one(&world, 1, 1, 1);
    world_publish(&world, 1);
    sqlite3 *holder = hold_log(&world);
    struct shredder shredder = {.world = &world};
    assert_int_equal(pthread_create(&shredder.thread, NULL, shred_one, &shredder), 0);
    while (!world_see(&world, 1).is_shredded)
        (void)usleep(1000);
    assert_int_equal(pthread_create(&busy, NULL, keep_writer_busy, &world), 0);
    (void)usleep(50000);
    assert_int_equal(pthread_create(&failing, NULL, fail_next_group, &world), 0);
    assert_int_equal(pthread_join(shredder.thread, NULL), 0);
    assert_int_equal(pthread_join(busy, NULL), 0);
    assert_int_equal(pthread_join(failing, NULL), 0);
    world_must(shredder.is_done, &shredder.why);
    assert_int_equal(shredder.done.entries, 1);
    assert_false(shredder.done.log_is_short);
    spool_shredded_end(&shredder.done);
    assert_int_equal(sqlite3_close(holder), SQLITE_OK);
    world_end_sealed(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shredded_dossier_is_gone_and_the_others_are_there),
        cmocka_unit_test(neither_the_key_nor_what_it_sealed_is_left_on_disk),
        cmocka_unit_test(what_comes_after_has_a_key_of_its_own),
        cmocka_unit_test(what_is_not_over_is_not_shredded),
        cmocka_unit_test(without_keys_nothing_is_shredded),
        cmocka_unit_test(it_is_on_record_either_way),
        cmocka_unit_test(a_document_of_two_loses_its_original_and_keeps_the_others_event),
        cmocka_unit_test(a_conflict_about_it_goes_too),
        cmocka_unit_test(what_stands_aside_about_it_goes_too),
        cmocka_unit_test(what_was_mended_into_another_dossier_is_that_ones),
        cmocka_unit_test(files_that_only_it_used_are_named),
        cmocka_unit_test(the_publisher_passes_it_over),
        cmocka_unit_test(a_new_master_key_does_not_bring_it_back),
        cmocka_unit_test(what_was_shredded_stays_so_after_a_kill),
        cmocka_unit_test(what_the_log_holds_is_cut_by_the_next_daemon_too),
        cmocka_unit_test(a_shredding_is_done_although_the_log_cannot_be_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
