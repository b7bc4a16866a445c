/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies under keys: what lies on the disk, what opens and what does not, and the way from one
 * master key to the next. */
#include "sealed_world.h"

#include "spool/vault.h"

#include <signal.h>
#include <sys/wait.h>

/* Every kind of body once: two entries of one dossier, a dead one without, its revision, arrivals
 * with a dossier and without. */
static void fill(struct world *world)
{
    (void)world_add_one(world, 1, 1, 1);
    (void)world_add_one(world, 2, 1, 1);
    int64_t dead = world_add_dead(world, 3, 0);
    world_propose(world, dead, "<revision of 3>");
    world_arrive(world, 1, 1, "hue");
    world_arrive(world, 2, 0, "hue");
}

static bool take_revision(void *own, const struct spool_revision *revision)
{
    char *text = own;
    (void)snprintf(text, 40, "%.*s", (int)revision->size, revision->bytes ? revision->bytes : "-");
    return false;
}

static void must_read(struct world *world)
{
    struct fault why;
    char revision[40] = "";
    assert_string_equal(world_see(world, 1).event, "<event 1 of 1, version 1>");
    assert_string_equal(world_see(world, 2).event, "<event 2 of 1, version 1>");
    assert_original(world, 2, "<original of <event 2 of 1, version 1>>");
    assert_original(world, 3, "<original of <event 3 of 0, version 1>>");
    world_must(spool_revisions(world->reader, 3, 1, take_revision, revision, &why), &why);
    assert_string_equal(revision, "<revision of 3>");
    assert_string_equal(world_see_delivery(world, delivery_of(1, 0)).event, "<event at 1>");
    assert_string_equal(world_see_delivery(world, delivery_of(2, 0)).event, "<event at 2>");
    assert_int_equal(world_findings(world), 0);
}

static int marks_on_disk(const struct world *world)
{
    return world_find_text(world, "<event") + world_find_text(world, "<original") +
           world_find_text(world, "<revision");
}

static void what_documents_say_is_not_on_disk(void **state)
{
    (void)state;
    struct world world;
    world_make_sealed(&world, "a " MASTER_A "\n");
    fill(&world);
    must_read(&world);
    assert_int_equal(marks_on_disk(&world), 0); /* with what is in the WAL alone */
    world_reopen(&world, "a " MASTER_A "\n");
    must_read(&world);
    assert_int_equal(marks_on_disk(&world), 0);
    world_end_sealed(&world);
}

static void without_keys_it_is(void **state)
{
    (void)state;
    struct world world;
    world_make_sealed(&world, NULL);
    fill(&world);
    must_read(&world);
    assert_true(marks_on_disk(&world) >= 8); /* or the test before proves nothing */
    world_end_sealed(&world);
}

static void a_large_original_is_compressed_and_sealed(void **state)
{
    (void)state;
    struct world world;
    struct parcel parcel;
    size_t size = 300000;
    char *text = malloc(size + 1);
    assert_non_null(text);
    for (size_t i = 0; i < size; i++)
        text[i] = "<name>Marked Person</name>"[i % 26];
    text[size] = '\0';
    world_make_sealed(&world, "a " MASTER_A "\n");
    parcel_begin(&parcel, "motcua", 1747035900000);
    (void)parcel_item(&parcel, 1, 1, 1);
    parcel.document.bytes = text;
    parcel.document.size = size;
    digest_sha256(text, size, parcel.document.sha256);
    (void)world_add(&world, &parcel);
    assert_original(&world, 1, text);
    assert_int_equal(world_find_text(&world, "Marked"), 0);
    assert_true(world_ask(&world, "SELECT packed_from FROM entry") == (int64_t)size);
    free(text);
    world_end_sealed(&world);
}

static void what_is_repeated_or_contradicts_is_found_as_before(void **state)
{
    (void)state;
    struct world world;
    world_make_sealed(&world, "a " MASTER_A "\n");
    fill(&world);
    assert_int_equal(world_add_one(&world, 1, 1, 1).verdict, SPOOL_REPEATED);
    assert_int_equal(world_add_one(&world, 1, 1, 2).verdict, SPOOL_CONFLICT);
    assert_int_equal(world_findings(&world), 0);
    world_end_sealed(&world);
}

/* ---- what does not open ---- */

/* Who can write the file knows how to make a digest fit, too. */
static void a_body_in_another_row_does_not_open(void **state)
{
    (void)state;
    static const char *const changes[] = {
        /* the same dossier, so the same key */
        "UPDATE entry SET event = (SELECT event FROM entry WHERE number = 2),"
        " event_digest = (SELECT event_digest FROM entry WHERE number = 2) WHERE number = 1",
        "UPDATE entry SET original = (SELECT original FROM entry WHERE number = 2),"
        " sha256 = (SELECT sha256 FROM entry WHERE number = 2) WHERE number = 1",
        "UPDATE entry SET original = (SELECT event FROM entry WHERE number = 1) WHERE number = 1",
        "UPDATE arrival SET event = (SELECT event FROM entry WHERE number = 1),"
        " event_digest = (SELECT event_digest FROM entry WHERE number = 1) WHERE number = 1",
        "UPDATE revision SET bytes = (SELECT original FROM entry WHERE number = 3)",
        "UPDATE revision SET no = 2",
        /* keys */
        "UPDATE data_key SET wrapped = (SELECT wrapped FROM data_key WHERE no = 2) WHERE no = 1",
        "UPDATE data_key SET dossier_code = dossier_code || '9' WHERE no = 1",
        "UPDATE data_key SET owner = 99 WHERE owner = 3",
        "DELETE FROM data_key WHERE no = 1",
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct world world;
        world_make_sealed(&world, "a " MASTER_A "\n");
        fill(&world);
        world_close(&world);
        world_change(&world, changes[i]);
        world_open(&world);
        if (world_findings(&world) == 0)
            fail_msg("not found: %s", changes[i]);
        world_end_sealed(&world);
    }
}

/* Stores another event of entry 1, with the digest that fits it. */
static void put_event(const struct world *world, const uint8_t *event, size_t size)
{
    static const char sql[] = "UPDATE entry SET event = ?, event_digest = ? WHERE number = 1";
    sqlite3 *database = NULL;
    sqlite3_stmt *update = NULL;
    uint8_t digest[SHA256_SIZE];
    digest_sha256(event, size, digest);
    assert_int_equal(sqlite3_open(world->file, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &update, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_bind_blob(update, 1, event, (int)size, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_bind_blob(update, 2, digest, 16, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(update), SQLITE_DONE);
    assert_int_equal(sqlite3_finalize(update), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static size_t get_event(const struct world *world, uint8_t *event, size_t room)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *find = NULL;
    assert_int_equal(sqlite3_open(world->file, &database), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(database, "SELECT event FROM entry WHERE number = 1", -1, &find, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(find), SQLITE_ROW);
    size_t size = (size_t)sqlite3_column_bytes(find, 0);
    assert_true(size <= room);
    memcpy(event, sqlite3_column_blob(find, 0), size);
    assert_int_equal(sqlite3_finalize(find), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    return size;
}

static void every_flipped_byte_is_found(void **state)
{
    (void)state;
    struct world world;
    uint8_t event[200];
    world_make_sealed(&world, "a " MASTER_A "\n");
    fill(&world);
    size_t size = get_event(&world, event, sizeof event);
    for (size_t at = 0; at <= size; at++) {
        if (at < size)
            event[at] ^= 0x10;
        put_event(&world, event, at < size ? size : size - 1); /* the last is cut off, once */
        struct seen seen = world_see(&world, 1);
        if (!seen.is_damaged || strcmp(seen.event, "-") != 0)
            fail_msg("byte %zu", at);
        if (at < size)
            event[at] ^= 0x10;
    }
    put_event(&world, event, size);
    must_read(&world);
    world_end_sealed(&world);
}

static void must_not_open(struct world *world, const char *lines, const char *says)
{
    struct fault why;
    keys_serve(lines);
    assert_null(spool_open(&world->options, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    if (!strstr(why.text, says))
        fail_msg("%s", why.text);
    assert_null(spool_reader_open(world->file, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    assert_non_null(strstr(why.text, says));
}

static void without_the_right_keys_it_does_not_open(void **state)
{
    (void)state;
    struct world world;
    world_make_sealed(&world, "first " MASTER_A "\n");
    fill(&world);
    world_close(&world);
    must_not_open(&world, NULL, "master key first, and spool.encryption.key_file is not set");
    must_not_open(&world, "other " MASTER_A "\n", "master key first, which is not in the file");
    must_not_open(&world, "first " MASTER_B "\n",
                  "master key first of spool.encryption.key_file "
                  "is not the one");
    keys_serve("first " MASTER_A "\n");
    world_open(&world);
    must_read(&world);
    world_end_sealed(&world);
}

static void a_damaged_key_keeps_no_new_document_out(void **state)
{
    (void)state;
    struct world world;
    world_make_sealed(&world, "a " MASTER_A "\n");
    fill(&world);
    world_close(&world);
    world_change(&world, "UPDATE data_key SET wrapped = randomblob(72) WHERE dossier_code IS NOT"
                         " NULL");
    world_open(&world);
    assert_int_equal(world_add_one(&world, 9, 1, 1).verdict, SPOOL_STORED);
    assert_string_equal(world_see(&world, 4).event, "<event 9 of 1, version 1>");
    assert_true(world_see(&world, 1).is_damaged);
    assert_true(world_findings(&world) > 0);
    world_end_sealed(&world);
}

static void a_damaged_key_does_not_hold_the_others_up(void **state)
{
    (void)state;
    struct world world;
    world_make_sealed(&world, "a " MASTER_A "\n");
    fill(&world);
    (void)world_add_one(&world, 9, 9, 1);
    world_close(&world);
    world_change(&world, "UPDATE data_key SET wrapped = randomblob(72) WHERE no = 1");
    keys_serve("b " MASTER_B "\na " MASTER_A "\n");
    world_open(&world);
    const struct spool_rekeyed done = world_rekey(&world);
    assert_int_equal(done.damaged, 1);
    assert_int_equal(done.wrapped, 3);
    assert_int_equal(done.retired, 0); /* it may yet be put back from a copy */
    assert_string_equal(world_see(&world, 4).event, "<event 9 of 9, version 1>");
    world_end_sealed(&world);
}

static bool pass_over(void *own, const struct spool_entry *entry)
{
    (void)own, (void)entry;
    return true;
}

/* What is called damaged is buried, so a body whose key could not be read now is not. */
static void a_fault_that_may_pass_makes_nothing_damaged(void **state)
{
    (void)state;
    struct world world;
    struct fault why;
    struct seen seen;
    int64_t damaged = 0;
    const struct spool_range range = {.after = 0, .limit = 10};
    world_make_sealed(&world, "a " MASTER_A "\n");
    fill(&world);
    world_change(&world, "ALTER TABLE data_key RENAME TO away");
    assert_false(spool_next(world.reader, range, pass_over, NULL, &damaged, &why));
    assert_int_equal(damaged, 0);
    assert_false(spool_find(world.reader, 1, see_entry, &seen, &why));
    world_change(&world, "ALTER TABLE away RENAME TO data_key");
    world_must(spool_next(world.reader, range, pass_over, NULL, &damaged, &why), &why);
    assert_string_equal(world_see(&world, 1).event, "<event 1 of 1, version 1>");
    world_end_sealed(&world);
}

/* ---- one master key after another ---- */

static void a_new_master_key_takes_over_and_the_old_one_may_go(void **state)
{
    (void)state;
    struct world world;
    world_make_sealed(&world, "a " MASTER_A "\n");
    fill(&world);
    world_reopen(&world, "b " MASTER_B "\na " MASTER_A "\n");
    must_read(&world);
    (void)world_add_one(&world, 9, 9, 1); /* under the new one from the start */
    int64_t old = world_ask(&world, "SELECT count(*) FROM data_key WHERE master = 1");
    const struct spool_rekeyed done = world_rekey(&world);
    assert_int_equal(done.wrapped, old);
    assert_int_equal(done.sealed, 0);
    assert_int_equal(done.retired, 1);
    world_reopen(&world, "b " MASTER_B "\n");
    must_read(&world);
    assert_int_equal(world_rekey(&world).wrapped, 0);
    world_end_sealed(&world);
}

static int refuse_commit(void *own)
{
    (void)own;
    return 1; /* as a full disk does */
}

static void a_master_key_that_is_not_stored_is_not_used(void **state)
{
    (void)state;
    struct world world;
    struct vault vault;
    struct statement_cache kept = {0};
    struct fault why;
    world_make_sealed(&world, "a " MASTER_A "\n");
    world_close(&world);
    keys_serve("b " MASTER_B "\na " MASTER_A "\n");
    sqlite3 *database = database_open_writer(world.file, &why);
    world_must(database, &why);
    (void)sqlite3_commit_hook(database, refuse_commit, NULL);
    assert_false(vault_open(&vault, database, &kept, true, &why));
    (void)sqlite3_commit_hook(database, NULL, NULL);
    world_must(vault_open(&vault, database, &kept, true, &why), &why);
    database_forget_statements(&kept);
    database_close(database);
    assert_int_equal(world_ask(&world, "SELECT count(*) FROM master_key WHERE id = 'b'"), 1);
    world_open(&world);
    world_end_sealed(&world);
}

static void before_it_is_rekeyed_the_old_one_may_not_go(void **state)
{
    (void)state;
    struct world world;
    world_make_sealed(&world, "a " MASTER_A "\n");
    fill(&world);
    world_reopen(&world, "b " MASTER_B "\na " MASTER_A "\n");
    world_close(&world);
    must_not_open(&world, "b " MASTER_B "\n", "master key a, which is not in the file");
    keys_serve("b " MASTER_B "\na " MASTER_A "\n");
    world_open(&world);
    world_end_sealed(&world);
}

static void what_was_stored_plain_is_sealed_on_order(void **state)
{
    (void)state;
    struct world world;
    world_make_sealed(&world, NULL);
    fill(&world);
    world_reopen(&world, "a " MASTER_A "\n");
    must_read(&world);
    const struct spool_rekeyed done = world_rekey(&world);
    assert_int_equal(done.sealed, 2 + 3 + 1 + 2);
    must_read(&world);
    assert_int_equal(world_rekey(&world).sealed, 0);
    world_reopen(&world, "a " MASTER_A "\n");
    must_read(&world);
    assert_int_equal(marks_on_disk(&world), 0);
    world_end_sealed(&world);
}

static void without_keys_nothing_is_rekeyed(void **state)
{
    (void)state;
    struct fault why;
    struct spool_rekeyed done;
    struct world world;
    world_make_sealed(&world, NULL);
    assert_false(spool_rekey(world.spool, &done, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    world_end_sealed(&world);
}

/* Data keys that are under the master key `id` by now, read beside the process that rekeys. */
static int64_t keys_under(const struct world *world, const char *id)
{
    char sql[120];
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM data_key k JOIN master_key m ON m.no = k.master"
                   " WHERE m.id = '%s'",
                   id);
    return world_ask(world, sql);
}

static pid_t rekey_beside(struct world *world, const char *lines)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0)
        return child;
    struct fault why;
    struct spool_rekeyed done;
    keys_serve(lines);
    struct spool *spool = spool_open(&world->options, &why);
    while (spool && spool_rekey(spool, &done, &why))
        continue;
    _exit(1);
}

/* Killed as soon as more keys are under `id`, or all; what is left opens with both keys. */
static void kill_while_rekeying(struct world *world, const char *lines, const char *id, int64_t all)
{
    int status = 0;
    const int64_t before = keys_under(world, id);
    world_close(world);
    pid_t child = rekey_beside(world, lines);
    for (int64_t now = before; now == before && now < all; now = keys_under(world, id))
        assert_int_equal(waitpid(child, &status, WNOHANG), 0);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    keys_serve(lines);
    world_open(world);
    assert_int_equal(world_findings(world), 0);
}

static void a_rekeying_that_is_killed_loses_nothing(void **state)
{
    (void)state;
    enum { DOSSIERS = 1200, ROUNDS = 24 };
    struct world world;
    int in_the_middle = 0;
    world_make_sealed(&world, NULL);
    for (int id = 1; id <= DOSSIERS; id++)
        (void)world_add_one(&world, id, id, 1);
    for (int round = 0; round < ROUNDS; round++) {
        char lines[200], id[16];
        /* The first rounds seal what is plain, the others go from key to key. */
        (void)snprintf(id, sizeof id, "k%d", round / 4 + 1);
        (void)snprintf(lines, sizeof lines, "%s %s\nk%d %s\n", id,
                       (round / 4 + 1) % 2 ? MASTER_A : MASTER_B, round / 4,
                       (round / 4) % 2 ? MASTER_A : MASTER_B);
        kill_while_rekeying(&world, lines, id, DOSSIERS);
        int64_t moved = keys_under(&world, id);
        in_the_middle += moved > 0 && moved < DOSSIERS;
        if (round % 4 == 3)
            (void)world_rekey(&world);
    }
    assert_true(in_the_middle > 0); /* or nothing was tried */
    assert_string_equal(world_see(&world, DOSSIERS).event, "<event 1200 of 1200, version 1>");
    world_reopen(&world, "k6 " MASTER_B "\n");
    assert_int_equal(world_findings(&world), 0);
    assert_int_equal(world_ask(&world, "SELECT count(*) FROM data_key"), DOSSIERS);
    world_end_sealed(&world);
}

/* ---- the rest of a spool's life ---- */

static void keys_go_with_the_last_that_they_seal(void **state)
{
    (void)state;
    struct fault why;
    int64_t count;
    struct world world;
    world_make_sealed(&world, "a " MASTER_A "\n");
    fill(&world);
    const struct spool_deed discard = {
        .kind = DEED_DISCARD,
        .entry = 3,
        .record = {.actor = {.name = "user:lan"}, .act = "discard", .object = "", .reason = "no"}};
    world_must(spool_do(world.spool, &discard, NULL, NULL, &why), &why);
    spool_published(world.spool, 100, NULL, 0);
    world_settle(&world);
    assert_int_equal(world_ask(&world, "SELECT count(*) FROM data_key"), 3);
    world_must(spool_prune(world.spool, ARRIVED_MS + 1000, &count, &why), &why);
    assert_int_equal(count, 3);
    /* The arrivals are not over: the dossier's key stays, and the one arrival's own. */
    assert_int_equal(world_ask(&world, "SELECT count(*) FROM data_key"), 2);
    assert_string_equal(world_see_delivery(&world, delivery_of(1, 0)).event, "<event at 1>");
    world_settle_one(&world, SETTLE_DELIVERED, delivery_of(1, 0));
    world_settle_one(&world, SETTLE_DELIVERED, delivery_of(2, 0));
    world_must(spool_prune(world.spool, ARRIVED_MS + 1000, &count, &why), &why);
    assert_int_equal(world_ask(&world, "SELECT count(*) FROM data_key"), 0);
    world_end_sealed(&world);
}

static void a_copy_opens_with_the_same_keys(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    char copy[sizeof world.file + 8];
    world_make_sealed(&world, "a " MASTER_A "\n");
    fill(&world);
    (void)snprintf(copy, sizeof copy, "%s.copy", world.file);
    world_must(spool_backup(world.reader, copy, &why), &why);
    world_close(&world);
    assert_int_equal(rename(copy, world.file), 0);
    world_open(&world);
    must_read(&world);
    world_end_sealed(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_documents_say_is_not_on_disk),
        cmocka_unit_test(without_keys_it_is),
        cmocka_unit_test(a_large_original_is_compressed_and_sealed),
        cmocka_unit_test(what_is_repeated_or_contradicts_is_found_as_before),
        cmocka_unit_test(a_body_in_another_row_does_not_open),
        cmocka_unit_test(every_flipped_byte_is_found),
        cmocka_unit_test(without_the_right_keys_it_does_not_open),
        cmocka_unit_test(a_damaged_key_keeps_no_new_document_out),
        cmocka_unit_test(a_damaged_key_does_not_hold_the_others_up),
        cmocka_unit_test(a_fault_that_may_pass_makes_nothing_damaged),
        cmocka_unit_test(a_new_master_key_takes_over_and_the_old_one_may_go),
        cmocka_unit_test(a_master_key_that_is_not_stored_is_not_used),
        cmocka_unit_test(before_it_is_rekeyed_the_old_one_may_not_go),
        cmocka_unit_test(what_was_stored_plain_is_sealed_on_order),
        cmocka_unit_test(without_keys_nothing_is_rekeyed),
        cmocka_unit_test(a_rekeying_that_is_killed_loses_nothing),
        cmocka_unit_test(keys_go_with_the_last_that_they_seal),
        cmocka_unit_test(a_copy_opens_with_the_same_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
