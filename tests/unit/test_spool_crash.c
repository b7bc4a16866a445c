/* SPDX-License-Identifier: Apache-2.0 */
/* What the spool promises when the process dies, the disk fills, bytes rot, or another process has
 * the same file. */
#include "spool_world.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { ROUNDS = 20, IDS_PER_ROUND = 1000000 };

/* One report of the child: an entry of which the spool said that it is stored. */
struct report {
    int id;
    int64_t entry;
};

/* Holds a parcel until its done, then says so to the parent. */
struct load {
    struct parcel parcel;
    struct spool *spool;
    int pipe;
    int id;
};

static void report_done(void *own, const struct spool_receipt *receipts, size_t count,
                        const struct fault *why)
{
    struct load *load = own;
    (void)why;
    if (receipts && count == 1) {
        struct report report = {load->id, receipts[0].entry};
        if (write(load->pipe, &report, sizeof report) != (ssize_t)sizeof report)
            _exit(3);
    }
    free(load);
}

static void begin_load(struct world *world, int pipe, int id)
{
    struct fault why;
    struct load *load = calloc(1, sizeof *load);
    if (!load)
        _exit(4);
    load->pipe = pipe;
    load->id = id;
    parcel_begin(&load->parcel, "motcua", 1747035900000 + id);
    (void)parcel_item(&load->parcel, id, id % 50 + 1, 1);
    while (!spool_add(world->spool, &load->parcel.document, report_done, load, &why))
        (void)usleep(200); /* the queue is full: the same again */
}

/* The child: hands off for ever, until it is killed. */
static void hand_off_until_killed(struct world *world, int pipe, int round)
{
    struct fault why;
    world->options.queue_entries = 64;
    world->spool = spool_open(&world->options, &why);
    if (!world->spool)
        _exit(2);
    for (int id = round * IDS_PER_ROUND;; id++) {
        begin_load(world, pipe, id);
        if (id % 40 == 0)
            spool_published(world->spool, spool_watermark(world->spool) + 10, NULL, 0);
    }
}

static bool same_as_report(void *own, const struct spool_entry *entry)
{
    const struct report *report = own;
    char native_id[24];
    (void)snprintf(native_id, sizeof native_id, "id-%d", report->id);
    assert_string_equal(entry->native_id, native_id);
    assert_non_null(entry->event);
    return true;
}

/* Kills a child at a random moment; gives what it had reported. */
static size_t kill_one(struct world *world, int round, struct report *reports, size_t limit)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(ends[0]);
        hand_off_until_killed(world, ends[1], round);
    }
    (void)close(ends[1]);
    size_t count = 0;
    /* After the first report it is at work; from then on any moment is as good. */
    while (count < limit && read(ends[0], &reports[count], sizeof *reports) == sizeof *reports)
        if (count++ == (size_t)(round * 37 % 101)) {
            (void)usleep((useconds_t)(round * 7919 % 9000));
            (void)kill(child, SIGKILL);
        }
    (void)kill(child, SIGKILL);
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return count;
}

static void what_was_accepted_survives_a_kill(void **state)
{
    (void)state;
    enum { LIMIT = 20000 };
    struct fault why;
    struct world world;
    struct report *reports = calloc(LIMIT, sizeof *reports);
    assert_non_null(reports);
    world_prepare(&world);
    for (int round = 1; round <= ROUNDS; round++) {
        size_t count = kill_one(&world, round, reports, LIMIT);
        assert_true(count > 0);
        world_open(&world);
        for (size_t i = 0; i < count; i++)
            world_must(
                spool_find(world.reader, reports[i].entry, same_as_report, &reports[i], &why),
                &why);
        struct spool_receipt again =
            world_add_one(&world, reports[count - 1].id, reports[count - 1].id % 50 + 1, 1);
        assert_int_equal(again.verdict, SPOOL_REPEATED);
        assert_int_equal(again.entry, reports[count - 1].entry);
        world_check(&world);
        world_close(&world);
    }
    free(reports);
    world_remove(&world);
}

static void a_second_process_is_told_to_wait(void **state)
{
    (void)state;
    struct world world;
    int status;
    world_make(&world);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct fault why = {0};
        struct spool *second = spool_open(&world.options, &why);
        _exit(!second && why.kind == FAULT_RETRY ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    world_end(&world);
}

static bool count_entry(void *own, const struct spool_entry *entry)
{
    int *count = own;
    assert_non_null(entry);
    (*count)++;
    return true;
}

static int count_next(struct world *world)
{
    struct fault why;
    int64_t damaged;
    int count = 0;
    world_must(spool_next(world->reader, (struct spool_range){0, 1000000}, count_entry, &count,
                          &damaged, &why),
               &why);
    return count;
}

static void a_reader_needs_no_daemon(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    world_make(&world);
    (void)world_add_one(&world, 1, 1, 1);
    world_close(&world);
    world.reader = spool_reader_open(world.file, &why);
    world_must(world.reader, &why);
    assert_int_equal(count_next(&world), 1);
    spool_reader_close(world.reader);
    assert_null(spool_reader_open("/tmp/lienthong-no-such-folder/spool.db", &why));
    world_remove(&world);
}

/* A reader that looks at what a killed daemon left must not change it. */
static void a_reader_sees_what_a_killed_process_left(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct report reports[200];
    world_prepare(&world);
    size_t count = kill_one(&world, 1, reports, sizeof reports / sizeof reports[0]);
    assert_true(count > 0);
    world.reader = spool_reader_open(world.file, &why);
    world_must(world.reader, &why);
    for (size_t i = 0; i < count; i++)
        world_must(spool_find(world.reader, reports[i].entry, same_as_report, &reports[i], &why),
                   &why);
    spool_reader_close(world.reader);
    world_remove(&world);
}

static void limit_file_size(rlim_t size)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Adds until it fails; gives the ids that were taken. */
static int fill_up(struct world *world, struct fault *why)
{
    for (int id = 1; id < 100000; id++) {
        struct parcel parcel;
        struct answer answer = ANSWER_INITIAL;
        parcel_begin(&parcel, "motcua", 1747035900000);
        (void)parcel_item(&parcel, id, 0, 1);
        if (world_try(world, &parcel, &answer)) {
            assert_int_equal(answer.receipts[0].verdict, SPOOL_STORED);
            continue;
        }
        *why = answer.fault;
        return id - 1;
    }
    fail_msg("the disk never filled");
    return 0;
}

static void a_full_disk_fails_the_handoff_and_nothing_else(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    (void)signal(SIGXFSZ, SIG_IGN);
    world_prepare(&world);
    world.options.checkpoint_pages = 1000000;
    world_open(&world);
    limit_file_size(2 << 20);
    int taken = fill_up(&world, &why);
    assert_int_equal(why.kind, FAULT_RETRY);
    assert_true(taken > 10);
    assert_int_equal(count_next(&world), taken);
    spool_published(world.spool, taken / 2, NULL, 0); /* nor is this lost, when it cannot be kept */
    (void)usleep(20000);
    limit_file_size(RLIM_INFINITY);
    assert_int_equal(world_add_one(&world, taken + 1, 0, 1).verdict, SPOOL_STORED);
    world_publish(&world, taken / 2);
    assert_int_equal(count_next(&world), taken + 1);
    world_check(&world);
    world_end(&world);
}

static void assert_check_finds(struct world *world)
{
    struct fault why;
    int findings = 0;
    assert_false(spool_check(world->reader, count_finding, &findings, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    assert_int_equal(findings, 1);
}

static void a_damaged_event_is_never_given_out(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    int64_t damaged = 0;
    int count = 0;
    world_make(&world);
    for (int id = 1; id <= 3; id++)
        (void)world_add_one(&world, id, id, 1);
    world_close(&world);
    flip_byte(world.file, "<event 2 of 2, version 1>");
    world_open(&world);
    assert_false(
        spool_next(world.reader, (struct spool_range){0, 10}, count_entry, &count, &damaged, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    assert_int_equal(count, 1);
    assert_int_equal(damaged, 2);
    assert_check_finds(&world);
    world_must(spool_bury(world.spool, damaged, "damaged", NULL, &why), &why);
    assert_int_equal(count_next(&world), 3); /* the second as a dead letter */
    assert_false(spool_release(world.spool, damaged, &why));
    world_end(&world);
}

static void a_damaged_original_is_never_given_out(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    size_t size;
    world_make(&world);
    (void)world_add_one(&world, 1, 1, 1);
    world_close(&world);
    flip_byte(world.file, "<original of ");
    world_open(&world);
    assert_null(spool_original(world.reader, 1, &size, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    assert_check_finds(&world);
    world_end(&world);
}

static void a_backup_holds_everything_and_overwrites_nothing(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    char copy[sizeof world.file + 8];
    world_make(&world);
    for (int id = 1; id <= 100; id++)
        (void)world_add_one(&world, id, id, 1);
    (void)snprintf(copy, sizeof copy, "%s.copy", world.file);
    world_must(spool_backup(world.reader, copy, &why), &why);
    assert_false(spool_backup(world.reader, copy, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    struct spool_reader *original = world.reader;
    world.reader = spool_reader_open(copy, &why);
    world_must(world.reader, &why);
    assert_int_equal(count_next(&world), 100);
    world_check(&world);
    spool_reader_close(world.reader);
    world.reader = original;
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_accepted_survives_a_kill),
        cmocka_unit_test(a_second_process_is_told_to_wait),
        cmocka_unit_test(a_reader_needs_no_daemon),
        cmocka_unit_test(a_reader_sees_what_a_killed_process_left),
        cmocka_unit_test(a_full_disk_fails_the_handoff_and_nothing_else),
        cmocka_unit_test(a_damaged_event_is_never_given_out),
        cmocka_unit_test(a_damaged_original_is_never_given_out),
        cmocka_unit_test(a_backup_holds_everything_and_overwrites_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
