/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of a spool: that they are on disk when they are said to be, and what becomes of one that
 * is put back. */
#include "spool_world.h"

#include "spool/job.h"
#include "spool/restore.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { MOST_SYNCS = 256, PATH_SIZE = WORLD_PATH_SIZE + 24 };

/* Inodes in the order of their syncs. */
static ino_t synced[MOST_SYNCS];
static size_t sync_count;

/* The process ends, as by kill -9, before that many more syncs are done; -1: never. */
static int ends_after = -1;

static void end_in_time(void)
{
    if (ends_after-- == 0)
        _exit(1);
}

/* Both in the C library's place. */
int fdatasync(int descriptor)
{
    end_in_time();
    return (int)syscall(SYS_fdatasync, descriptor);
}

int fsync(int descriptor)
{
    struct stat status;
    end_in_time();
    assert_int_equal(fstat(descriptor, &status), 0);
    if (sync_count < MOST_SYNCS)
        synced[sync_count++] = status.st_ino;
    return (int)syscall(SYS_fsync, descriptor);
}

static bool was_synced(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    for (size_t i = 0; i < sync_count; i++)
        if (synced[i] == status.st_ino)
            return true;
    return false;
}

static void back_up(struct world *world, char copy[PATH_SIZE])
{
    struct fault why;
    (void)snprintf(copy, PATH_SIZE, "%.63s/spool.db.copy", world->folder);
    world_must(spool_backup(world->reader, copy, &why), &why);
}

static void a_backup_and_its_name_are_on_disk(void **state)
{
    struct world world;
    char copy[PATH_SIZE];
    (void)state;
    world_make(&world);
    (void)world_add_one(&world, 1, 1, 1);
    sync_count = 0;
    back_up(&world, copy);
    assert_true(was_synced(copy));
    assert_true(was_synced(world.folder));
    world_end(&world);
}

static void remove_spool(const struct world *world)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        char path[PATH_SIZE];
        (void)snprintf(path, sizeof path, "%.70s%s", world->file, endings[i]);
        (void)unlink(path); /* not all of them are there */
    }
}

static void what_is_put_back_gives_no_number_twice(void **state)
{
    struct world world;
    struct fault why;
    char copy[PATH_SIZE];
    struct spool_restored restored;
    (void)state;
    world_make(&world);
    struct spool_receipt first = world_add_one(&world, 1, 1, 1);
    back_up(&world, copy);
    struct spool_receipt after = world_add_one(&world, 2, 2, 1);
    assert_false(spool_restore(copy, world.file, 0, world_print_finding, NULL, &restored, &why));
    assert_int_equal(why.kind, FAULT_RETRY); /* it runs */
    world_close(&world);
    assert_false(spool_restore(copy, world.file, 0, world_print_finding, NULL, &restored, &why));
    assert_int_equal(why.kind, FAULT_REFUSE); /* it is there */
    remove_spool(&world);
    world_must(spool_restore(copy, world.file, 77, world_print_finding, NULL, &restored, &why),
               &why);
    assert_int_equal(restored.last_number, first.entry);
    assert_true(restored.next_number > 77);
    world_open(&world);
    assert_int_equal(world_add_one(&world, 1, 1, 1).verdict, SPOOL_REPEATED);
    struct spool_receipt again = world_add_one(&world, 2, 2, 1);
    assert_int_equal(again.verdict, SPOOL_STORED);
    assert_true(again.entry > after.entry);
    assert_int_equal(again.entry, restored.next_number);
    world_check(&world);
    world_end(&world);
}

/* Whether it was ended in the middle. */
static bool restore_and_end(const struct world *world, const char *copy, int syncs)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct spool_restored restored;
        struct fault why;
        ends_after = syncs;
        _exit(spool_restore(copy, world->file, 77, world_print_finding, NULL, &restored, &why) ? 0
                                                                                               : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    return WEXITSTATUS(status) == 1;
}

static void a_restore_that_ends_in_the_middle_leaves_no_spool_or_a_whole_one(void **state)
{
    struct world world;
    char copy[PATH_SIZE];
    (void)state;
    world_make(&world);
    for (int id = 1; id <= 100; id++)
        (void)world_add_one(&world, id, id, 1);
    back_up(&world, copy);
    world_close(&world);
    remove_spool(&world);
    int ended = 0;
    for (bool goes_on = true; goes_on; ended += goes_on) {
        goes_on = restore_and_end(&world, copy, ended);
        if (access(world.file, F_OK) != 0)
            continue;
        world_open(&world);
        assert_true(world_add_one(&world, 101, 1, 1).entry > 1000000);
        world_close(&world);
        remove_spool(&world);
    }
    assert_true(ended > 2);
    world_open(&world);
    world_end(&world);
}

static int64_t make_job(struct world *world, enum job_state state)
{
    struct fault why;
    int64_t job;
    const struct spool_job what = {.kind = "entries", .author = "hoa", .made_ms = 1747035900000};
    world_must(spool_job_make(world->spool, &what, NULL, &job, &why), &why);
    for (enum job_state next = JOB_PREVIEWED; next <= state; next++)
        world_must(spool_job_state(world->spool, job, next, NULL, NULL, &why), &why);
    return job;
}

static bool take_state(void *own, const struct spool_job *job)
{
    *(enum job_state *)own = job->state;
    return true;
}

static enum job_state state_of(struct world *world, int64_t job)
{
    struct fault why;
    enum job_state state = JOB_CANCELLED;
    world_must(spool_job(world->reader, job, take_state, &state, &why), &why);
    return state;
}

/* It may have ended since. */
static void a_bulk_replay_that_ran_at_the_copy_waits_for_a_person(void **state)
{
    struct world world;
    struct fault why;
    char copy[PATH_SIZE];
    struct spool_restored restored;
    (void)state;
    world_make(&world);
    int64_t previewed = make_job(&world, JOB_PREVIEWED);
    int64_t running = make_job(&world, JOB_RUNNING);
    back_up(&world, copy);
    world_close(&world);
    remove_spool(&world);
    world_must(spool_restore(copy, world.file, 0, world_print_finding, NULL, &restored, &why),
               &why);
    assert_int_equal(restored.paused, 1);
    world_open(&world);
    assert_int_equal(state_of(&world, previewed), JOB_PREVIEWED);
    assert_int_equal(state_of(&world, running), JOB_PAUSED);
    world_must(spool_job_state(world.spool, running, JOB_RUNNING, NULL, NULL, &why), &why);
    world_end(&world);
}

static void a_copy_that_is_not_sound_leaves_nothing_behind(void **state)
{
    struct world world;
    struct fault why;
    char copy[PATH_SIZE];
    struct spool_restored restored;
    (void)state;
    world_make(&world);
    (void)world_add_one(&world, 1, 1, 1);
    back_up(&world, copy);
    world_close(&world);
    remove_spool(&world);
    assert_int_equal(truncate(copy, 5 * 4096), 0);
    assert_false(spool_restore(copy, world.file, 0, world_print_finding, NULL, &restored, &why));
    assert_int_equal(access(world.file, F_OK), -1);
    world_remove(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backup_and_its_name_are_on_disk),
        cmocka_unit_test(what_is_put_back_gives_no_number_twice),
        cmocka_unit_test(a_restore_that_ends_in_the_middle_leaves_no_spool_or_a_whole_one),
        cmocka_unit_test(a_bulk_replay_that_ran_at_the_copy_waits_for_a_person),
        cmocka_unit_test(a_copy_that_is_not_sound_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
