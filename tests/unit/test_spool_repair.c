/* SPDX-License-Identifier: Apache-2.0 */
/* A spool whose pages are overwritten, one kind of page after another: what is found, what is
 * saved, what is named; and its log, in which a frame is damaged. */
#include "delivery_world.h"

#include "base/file.h"
#include "spool/repair.h"
#include "spool/wal.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

enum { ENTRIES = 600, DOSSIERS = 40, PUBLISHED = 300, ARRIVALS = 150, DELIVERED = 60, LONG = 9000 };
enum { PATH_SIZE = WORLD_PATH_SIZE + 16 };
enum { FILE_LIMIT = 64 << 20, BURIED = 450 };

/* A sound spool as bytes, from which each case gets a copy. */
struct sample {
    struct world world;
    char *bytes, *log;
    size_t size, log_size;
    char copy[PATH_SIZE], repaired[PATH_SIZE];
};

static void add_entry(struct world *world, int id)
{
    static char body[LONG];
    struct parcel parcel;
    parcel_begin(&parcel, "motcua", 1747035900000 + id);
    (void)parcel_item(&parcel, id, id % DOSSIERS + 1, 1);
    if (id % 10 == 0) {
        random_fill(body, sizeof body); /* nothing makes it shorter */
        parcel.document.bytes = body;
        parcel.document.size = sizeof body;
        digest_sha256(body, sizeof body, parcel.document.sha256);
    }
    (void)world_add(world, &parcel);
}

static void publish_to(struct world *world, int64_t last)
{
    struct spool_place places[50];
    for (int64_t first = spool_watermark(world->spool) + 1; first <= last; first += 50) {
        for (int64_t i = 0; i < 50; i++)
            places[i] = (struct spool_place){.number = first + i, .partition = 1, .offset = i};
        spool_published(world->spool, first + 49, places, 50);
        world_publish(world, first + 49);
    }
}

static void read_bytes(const char *path, char **bytes, size_t *size)
{
    struct fault why;
    *bytes = file_read(path, FILE_LIMIT, size, &why);
    world_must(*bytes, &why);
}

static void write_bytes(const char *path, const char *bytes, size_t size)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, size), size);
    assert_int_equal(close(file), 0);
}

static int make_sample(void **state)
{
    static struct sample sample;
    struct world *world = &sample.world;
    struct fault why;
    world_make(world);
    for (int id = 1; id <= ENTRIES; id++)
        add_entry(world, id);
    publish_to(world, PUBLISHED);
    world_must(spool_bury(world->spool, BURIED, "kafka:refused", "too large", &why), &why);
    for (int i = 0; i < ARRIVALS; i++)
        world_arrive(world, i, i % 20 + 1, i % 2 ? "so-a" : "so-b");
    for (int i = 0; i < DELIVERED; i++)
        world_settle_one(world, SETTLE_DELIVERED, delivery_of(i + 1, 0));
    world_check(world);
    world_close(world);
    read_bytes(world->file, &sample.bytes, &sample.size);
    (void)snprintf(sample.copy, sizeof sample.copy, "%.63s/copy.db", world->folder);
    (void)snprintf(sample.repaired, sizeof sample.repaired, "%.63s/new.db", world->folder);
    *state = &sample;
    return 0;
}

static void remove_file(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        char name[WORLD_PATH_SIZE + 48];
        (void)snprintf(name, sizeof name, "%s%s", path, endings[i]);
        (void)unlink(name); /* not all of them are there */
    }
}

static int end_sample(void **state)
{
    struct sample *sample = *state;
    remove_file(sample->copy);
    remove_file(sample->repaired);
    world_remove(&sample->world);
    free(sample->bytes);
    free(sample->log);
    return 0;
}

/* ---- what a repair says ---- */

struct report {
    bool is_lost[ENTRIES + 1];
    int64_t damages, losses, findings;
    char receipt[RECEIPT_TEXT_SIZE]; /* of the last entry that is lost */
    char damage[200];                /* the first */
};

static void note_damage(void *own, const char *line)
{
    struct report *report = own;
    if (report->damages++ == 0)
        (void)snprintf(report->damage, sizeof report->damage, "%s", line);
}

static void note_loss(void *own, const struct spool_loss *loss)
{
    struct report *report = own;
    bool is_entry =
        loss->kind == LOSS_ENTRY || loss->kind == LOSS_EVENT || loss->kind == LOSS_ORIGINAL;
    report->losses++;
    if (loss->kind != LOSS_NUMBERS && !is_entry)
        return;
    for (int64_t number = loss->first; number <= loss->last && number <= ENTRIES; number++)
        report->is_lost[number] = true;
    if (is_entry)
        memcpy(report->receipt, loss->receipt, sizeof report->receipt);
}

static void note_finding(void *own, const char *finding)
{
    struct report *report = own;
    report->findings++;
    print_error("in the new one: %s\n", finding);
}

static void ignore_finding(void *own, const char *finding)
{
    (void)own;
    (void)finding;
}

static sqlite3 *open_both(const struct sample *sample)
{
    sqlite3 *database = NULL;
    char sql[200];
    assert_int_equal(sqlite3_open(sample->repaired, &database), SQLITE_OK);
    (void)snprintf(sql, sizeof sql, "ATTACH '%s' AS old", sample->world.file);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    return database;
}

static int64_t ask(sqlite3 *database, const char *sql)
{
    sqlite3_stmt *row = NULL;
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(row, 0);
    (void)sqlite3_finalize(row);
    return number;
}

/* Every entry of before is as it was, or parked behind what is lost, or named. */
static void nothing_is_lost_silently(sqlite3 *both, const struct report *report)
{
    static const char sql[] =
        "SELECT o.number FROM old.entry o LEFT JOIN main.entry n ON n.number = o.number AND"
        " n.native_id IS o.native_id AND n.event IS o.event AND n.original IS o.original AND"
        " n.dossier_code IS o.dossier_code AND n.received_at = o.received_at AND (n.state = o.state"
        " OR (n.state = 1 AND o.state = 0 AND o.number > 300)) WHERE n.number IS NULL";
    sqlite3_stmt *rows = NULL;
    assert_int_equal(sqlite3_prepare_v2(both, sql, -1, &rows, NULL), SQLITE_OK);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        int64_t number = sqlite3_column_int64(rows, 0);
        if (!report->is_lost[number])
            fail_msg("entry %lld is gone or other, and nobody says so", (long long)number);
    }
    (void)sqlite3_finalize(rows);
}

/* What is on its way out has nothing before it in its dossier that waits or is lost. */
static void no_lane_overtakes(sqlite3 *both)
{
    assert_int_equal(ask(both, "SELECT count(*) FROM main.entry r JOIN main.entry d ON"
                               " d.dossier_key = r.dossier_key AND d.number < r.number WHERE"
                               " r.state = 0 AND r.number > 300 AND d.state IN (1, 2)"),
                     0);
}

/* ---- damage ---- */

struct damage {
    const char *tree, *kind; /* as dbstat says it; the kind "root": its first page */
    bool may_lose_entries;
    bool needs_backup;
};

static int64_t page_of(const struct sample *sample, const struct damage *damage)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *row = NULL;
    bool is_root = strcmp(damage->kind, "root") == 0;
    assert_int_equal(sqlite3_open(sample->world.file, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database,
                                        "SELECT pageno FROM dbstat WHERE name = ?1 AND"
                                        " (pagetype = ?2 OR ?2 = 'root') ORDER BY path"
                                        " LIMIT 1 OFFSET (SELECT count(*) / 2 * (?2 <> 'root')"
                                        " FROM dbstat WHERE name = ?1 AND pagetype = ?2)",
                                        -1, &row, NULL),
                     SQLITE_OK);
    (void)sqlite3_bind_text(row, 1, damage->tree, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(row, 2, is_root ? "root" : damage->kind, -1, SQLITE_STATIC);
    if (sqlite3_step(row) != SQLITE_ROW)
        fail_msg("%s has no %s page", damage->tree, damage->kind);
    int64_t page = sqlite3_column_int64(row, 0);
    (void)sqlite3_finalize(row);
    (void)sqlite3_close(database);
    return page;
}

/* The daemon's own checks find it, or the file cannot even be opened. */
static bool is_found(const struct sample *sample)
{
    struct fault why;
    struct spool_reader *reader = spool_reader_open(sample->copy, &why);
    bool is_sound = reader && spool_check(reader, ignore_finding, NULL, &why);
    spool_reader_close(reader);
    return !is_sound;
}

static void repair_copy(const struct sample *sample, const char *backup, struct report *report)
{
    struct fault why;
    struct spool_repaired repaired;
    const struct spool_repair repair = {
        .file = sample->copy, .into = sample->repaired, .backup = backup};
    const struct spool_repair_seen seen = {report, note_damage, note_loss};
    remove_file(sample->repaired);
    world_must(spool_repair(&repair, &seen, &repaired, &why), &why);
    assert_int_equal(repaired.damages, report->damages);
    assert_int_equal(repaired.losses, report->losses);
    struct spool_reader *reader = spool_reader_open(sample->repaired, &why);
    world_must(reader, &why);
    bool is_sound = spool_check(reader, note_finding, report, &why);
    spool_reader_close(reader);
    world_must(is_sound, &why);
}

/* The new file takes a new handoff under a number above all of before. */
static void goes_on(const struct sample *sample)
{
    struct world world = sample->world;
    (void)snprintf(world.file, sizeof world.file, "%s", sample->repaired);
    world.options.file = world.file;
    world_open(&world);
    struct spool_receipt receipt = world_add_one(&world, 5000, 4000, 1);
    assert_true(receipt.entry > ENTRIES);
    world_close(&world);
}

static void damage_and_repair(const struct sample *sample, const struct damage *damage)
{
    struct report report = {0};
    int64_t page = strcmp(damage->tree, "header") == 0 ? 1 : page_of(sample, damage);
    remove_file(sample->copy);
    write_bytes(sample->copy, sample->bytes, sample->size);
    overwrite_page(sample->copy, page);
    assert_true(is_found(sample));
    repair_copy(sample, damage->needs_backup ? sample->world.file : NULL, &report);
    assert_true(report.damages > 0);
    sqlite3 *both = open_both(sample);
    nothing_is_lost_silently(both, &report);
    no_lane_overtakes(both);
    bool has_lost = false;
    for (int number = 1; number <= ENTRIES; number++)
        has_lost |= report.is_lost[number];
    if (has_lost && !damage->may_lose_entries)
        fail_msg("%s %s: entries are lost that could be saved", damage->tree, damage->kind);
    (void)sqlite3_close(both);
    goes_on(sample);
}

static void each_kind_of_page_is_found_and_repaired_around(void **state)
{
    static const struct damage damages[] = {
        {"header", "", false, false},
        {"sqlite_schema", "leaf", false, false},
        {"entry", "leaf", true, false},
        {"entry", "internal", false, false},
        {"entry", "root", false, false},
        {"entry", "overflow", true, false},
        {"entry_by_dossier", "leaf", false, false},
        {"entry_in_the_way", "root", false, false},
        {"dedupe", "leaf", false, false},
        {"dedupe", "root", false, false},
        {"placement", "leaf", false, false},
        {"tally", "root", false, false},
        {"stuck", "root", false, false},
        {"failure", "root", false, false},
        {"arrival", "leaf", false, false},
        {"delivery", "leaf", false, false},
        {"delivery", "root", false, false},
        {"delivery_undone", "root", false, false},
        {"delivery_sum", "root", false, false},
        {"delivery_tally", "root", false, false},
        {"position", "root", false, false},
        {"name", "root", false, true},
        {"schema", "root", false, true},
        {"setting", "root", false, true},
    };
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        print_message("%s %s\n", damages[i].tree, damages[i].kind);
        damage_and_repair(*state, &damages[i]);
    }
}

static int64_t leaf_of_entries(const struct sample *sample, int place)
{
    sqlite3 *database = NULL;
    char sql[160];
    (void)snprintf(sql, sizeof sql,
                   "SELECT pageno FROM dbstat WHERE name = 'entry' AND pagetype = 'leaf'"
                   " ORDER BY path LIMIT 1 OFFSET %d",
                   place);
    assert_int_equal(sqlite3_open(sample->world.file, &database), SQLITE_OK);
    int64_t page = ask(database, sql);
    (void)sqlite3_close(database);
    return page;
}

/* An older leaf in the place of a newer one, and damage right behind it: whoever goes on from what
 * was read last comes there again. */
static void a_tree_that_leads_back_is_checked_to_its_end(void **state)
{
    enum { OLDER = 1, NEWER = 4, PAGE = 4096 };
    const struct sample *sample = *state;
    int64_t from = leaf_of_entries(sample, OLDER);
    int64_t to = leaf_of_entries(sample, NEWER);
    remove_file(sample->copy);
    write_bytes(sample->copy, sample->bytes, sample->size);
    int file = open(sample->copy, O_WRONLY);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, sample->bytes + (from - 1) * PAGE, PAGE, (to - 1) * (off_t)PAGE),
                     PAGE);
    assert_int_equal(close(file), 0);
    overwrite_page(sample->copy, leaf_of_entries(sample, NEWER + 1));
    (void)alarm(60); /* it ends, or the test does */
    assert_true(is_found(sample));
    (void)alarm(0);
}

static void a_sound_spool_is_copied_as_it_is(void **state)
{
    const struct sample *sample = *state;
    struct report report = {0};
    remove_file(sample->copy);
    write_bytes(sample->copy, sample->bytes, sample->size);
    repair_copy(sample, NULL, &report);
    assert_int_equal(report.damages, 0);
    assert_int_equal(report.losses, 0);
    sqlite3 *both = open_both(sample);
    nothing_is_lost_silently(both, &report);
    assert_int_equal(ask(both, "SELECT count(*) FROM main.entry"), ENTRIES);
    assert_int_equal(ask(both, "SELECT count(*) FROM (SELECT * FROM old.delivery EXCEPT SELECT *"
                               " FROM main.delivery)"),
                     0);
    assert_int_equal(ask(both, "SELECT count(*) FROM (SELECT * FROM old.dedupe EXCEPT SELECT *"
                               " FROM main.dedupe)"),
                     0);
    assert_int_equal(ask(both, "SELECT count(*) FROM (SELECT * FROM old.tally EXCEPT SELECT * FROM"
                               " main.tally)"),
                     0);
    assert_int_equal(ask(both, "SELECT count(*) FROM (SELECT * FROM old.delivery_tally EXCEPT"
                               " SELECT * FROM main.delivery_tally)"),
                     0);
    (void)sqlite3_close(both);
}

static void a_repair_overwrites_nothing_and_leaves_a_running_spool_alone(void **state)
{
    const struct sample *sample = *state;
    struct report report = {0};
    struct fault why;
    struct spool_repaired repaired;
    const struct spool_repair_seen seen = {&report, note_damage, note_loss};
    struct world world = sample->world;
    const struct spool_repair onto = {.file = sample->world.file, .into = sample->world.file};
    assert_false(spool_repair(&onto, &seen, &repaired, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    world.options.file = world.file;
    world_open(&world);
    const struct spool_repair running = {.file = sample->world.file, .into = sample->repaired};
    remove_file(sample->repaired);
    assert_false(spool_repair(&running, &seen, &repaired, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
    assert_int_equal(access(sample->repaired, F_OK), -1);
    world_close(&world);
}

/* ---- the log ---- */

/* A spool that was killed: what was added lies in its log alone.  The copy is of that moment. */
static void make_killed(struct sample *sample)
{
    struct world world = {0};
    char log[WORLD_PATH_SIZE + 48];
    remove_file(sample->copy);
    remove_file(sample->repaired);
    world = sample->world;
    (void)snprintf(world.file, sizeof world.file, "%s", sample->repaired);
    world.options.file = world.file;
    world.options.checkpoint_pages = 100000;
    world_open(&world);
    for (int id = 1; id <= 60; id++)
        (void)world_add_one(&world, id, id % 5 + 1, 1);
    char *bytes;
    size_t size;
    free(sample->log);
    (void)snprintf(log, sizeof log, "%s-wal", world.file);
    read_bytes(world.file, &bytes, &size);
    read_bytes(log, &sample->log, &sample->log_size);
    write_bytes(sample->copy, bytes, size);
    free(bytes);
    world_close(&world);
}

static void put_log(const struct sample *sample, size_t size)
{
    char log[WORLD_PATH_SIZE + 48];
    (void)snprintf(log, sizeof log, "%s-wal", sample->copy);
    write_bytes(log, sample->log, size);
    (void)snprintf(log, sizeof log, "%s-shm", sample->copy);
    (void)unlink(log); /* of the try before */
}

static void a_frame_that_is_damaged_is_no_end_of_the_log(void **state)
{
    struct sample *sample = *state;
    struct fault why;
    struct report report = {0};
    make_killed(sample);
    int64_t frames = (int64_t)(sample->log_size - 32) / (4096 + 24);
    size_t at = 32 + (size_t)(frames / 2) * (4096 + 24) + 24 + 2000;
    put_log(sample, sample->log_size);
    world_must(wal_check(sample->copy, &why), &why);
    sample->log[at] ^= 0x40;
    put_log(sample, sample->log_size);
    assert_false(wal_check(sample->copy, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    assert_non_null(strstr(why.text, "commits from there on would be left out"));

    /* The daemon does not start on it, as SQLite would, without what was accepted. */
    struct spool_options options = sample->world.options;
    options.file = sample->copy;
    assert_null(spool_open(&options, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    assert_true(is_found(sample));

    repair_copy(sample, NULL, &report);
    sqlite3 *new = open_both(sample);
    assert_int_equal(ask(new, "SELECT max(number) FROM main.entry"), 60);
    int64_t named = 0;
    for (int number = 1; number <= 60; number++)
        named += report.is_lost[number];
    assert_true(ask(new, "SELECT count(*) FROM main.entry WHERE event IS NOT NULL") + named >= 60);
    assert_true(named < 10); /* those of one page */
    (void)sqlite3_close(new);
    goes_on(sample);
}

static void a_log_without_its_header_is_not_empty(void **state)
{
    struct sample *sample = *state;
    struct fault why;
    struct report report = {0};
    make_killed(sample);
    sample->log[17] ^= 1;
    put_log(sample, sample->log_size);
    assert_false(wal_check(sample->copy, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    repair_copy(sample, NULL, &report);
    sqlite3 *new = open_both(sample);
    assert_int_equal(ask(new, "SELECT count(*) FROM main.entry WHERE event IS NOT NULL"), 60);
    (void)sqlite3_close(new);
}

static void a_log_that_the_power_cut_off_is_well(void **state)
{
    struct sample *sample = *state;
    struct fault why;
    make_killed(sample);
    for (size_t cut = 0; cut < sample->log_size; cut += 1 + sample->log_size / 97) {
        put_log(sample, cut);
        world_must(wal_check(sample->copy, &why), &why);
    }
    /* Of the last group, which was not synced, any frame may be missing. */
    memset(sample->log + sample->log_size - 4096 - 24, 0, 4096);
    put_log(sample, sample->log_size);
    world_must(wal_check(sample->copy, &why), &why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_spool_is_copied_as_it_is),
        cmocka_unit_test(each_kind_of_page_is_found_and_repaired_around),
        cmocka_unit_test(a_tree_that_leads_back_is_checked_to_its_end),
        cmocka_unit_test(a_repair_overwrites_nothing_and_leaves_a_running_spool_alone),
        cmocka_unit_test(a_frame_that_is_damaged_is_no_end_of_the_log),
        cmocka_unit_test(a_log_without_its_header_is_not_empty),
        cmocka_unit_test(a_log_that_the_power_cut_off_is_well),
    };
    return cmocka_run_group_tests(tests, make_sample, end_sample);
}
