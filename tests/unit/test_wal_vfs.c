/* SPDX-License-Identifier: Apache-2.0 */
/* The WAL's writes are gathered, and nobody can tell but by their number. */
#include "unit.h"

#include "base/file.h"
#include "spool/database.h"
#include "spool/wal_vfs.h"

#include <inttypes.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BODY_SIZE = 3000 };

/* A writer as the spool has it, and somebody who reads through SQLite's own VFS. */
struct pair {
    char folder[40], file[60], wal[64];
    sqlite3 *writer, *reader;
};

static void run(sqlite3 *database, const char *sql)
{
    char *text = NULL;
    if (sqlite3_exec(database, sql, NULL, NULL, &text) != SQLITE_OK)
        fail_msg("%s: %s", sql, text);
}

static int64_t number_of(sqlite3 *database, const char *sql)
{
    struct fault why;
    int64_t number = -1;
    if (!database_number(database, sql, &number, &why))
        fail_msg("%s: %s", sql, why.text);
    return number;
}

static int make(void **state)
{
    struct fault why;
    struct pair *pair = calloc(1, sizeof *pair);
    assert_non_null(pair);
    (void)snprintf(pair->folder, sizeof pair->folder, "/tmp/lienthong-test-XXXXXX");
    assert_non_null(mkdtemp(pair->folder));
    (void)snprintf(pair->file, sizeof pair->file, "%s/spool.db", pair->folder);
    (void)snprintf(pair->wal, sizeof pair->wal, "%s-wal", pair->file);
    pair->writer = database_open_writer(pair->file, &why);
    if (!pair->writer)
        fail_msg("%s", why.text);
    assert_int_equal(sqlite3_open_v2(pair->file, &pair->reader, SQLITE_OPEN_READONLY, NULL),
                     SQLITE_OK);
    run(pair->writer, "CREATE TABLE row (number INTEGER PRIMARY KEY, body BLOB)");
    *state = pair;
    return 0;
}

static int end(void **state)
{
    struct pair *pair = *state;
    (void)sqlite3_close(pair->reader);
    database_close(pair->writer);
    (void)unlink(pair->file);
    assert_int_equal(rmdir(pair->folder), 0);
    free(pair);
    return 0;
}

static void add_rows(sqlite3 *database, int count)
{
    char sql[160];
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO row (body) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1"
                   " FROM n WHERE i < %d) SELECT randomblob(%d) FROM n",
                   count, BODY_SIZE);
    run(database, sql);
}

/* Calls of this process that wrote something, as the kernel counts them. */
static long writes_so_far(void)
{
    long count = -1;
    FILE *file = fopen("/proc/self/io", "re");
    assert_non_null(file);
    for (char line[80]; fgets(line, sizeof line, file);)
        (void)sscanf(line, "syscw: %ld", &count);
    (void)fclose(file);
    assert_true(count >= 0);
    return count;
}

static void a_commit_is_one_write(void **state)
{
    struct pair *pair = *state;
    add_rows(pair->writer, 1); /* the header of a new WAL is synced by itself */
    long before = writes_so_far();
    add_rows(pair->writer,
             20); /* two frames or so each, and two calls of SQLite for each of them */
    assert_in_range(writes_so_far() - before, 1, 2);
}

static void what_is_committed_is_seen_through_another_vfs(void **state)
{
    struct pair *pair = *state;
    for (int count = 1; count <= 50; count++) {
        add_rows(pair->writer, 1);
        assert_int_equal(number_of(pair->reader, "SELECT count(*) FROM row"), count);
    }
    assert_int_equal(number_of(pair->reader, "SELECT count(*) FROM pragma_integrity_check"
                                             " WHERE integrity_check = 'ok'"),
                     1);
}

/* With ten pages of memory SQLite writes frames before the commit, and reads them back. */
static void a_transaction_larger_than_memory_reads_its_own_frames(void **state)
{
    struct pair *pair = *state;
    run(pair->writer, "PRAGMA cache_size = 10; PRAGMA cache_spill = 1; BEGIN");
    add_rows(pair->writer, 300);
    assert_int_equal(number_of(pair->writer, "SELECT sum(length(body)) FROM row"),
                     (int64_t)300 * BODY_SIZE);
    assert_int_equal(number_of(pair->reader, "SELECT count(*) FROM row"), 0);
    run(pair->writer, "SAVEPOINT inner; UPDATE row SET body = zeroblob(10); ROLLBACK TO inner");
    run(pair->writer, "COMMIT");
    assert_int_equal(number_of(pair->reader, "SELECT sum(length(body)) FROM row"),
                     (int64_t)300 * BODY_SIZE);
    run(pair->writer, "BEGIN; DELETE FROM row; ROLLBACK");
    assert_int_equal(number_of(pair->reader, "SELECT count(*) FROM row"), 300);
    run(pair->writer, "PRAGMA wal_checkpoint(TRUNCATE)");
    assert_int_equal(number_of(pair->reader, "SELECT count(*) FROM pragma_integrity_check"
                                             " WHERE integrity_check = 'ok'"),
                     1);
}

static void limit_file_size(rlim_t size)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_write_that_fails_is_a_commit_that_fails(void **state)
{
    struct pair *pair = *state;
    struct fault why;
    struct stat before;
    add_rows(pair->writer, 1);
    assert_int_equal(stat(pair->wal, &before), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    limit_file_size((rlim_t)before.st_size + BODY_SIZE); /* part of it fits */
    bool is_done =
        database_run(pair->writer, "INSERT INTO row (body) VALUES (randomblob(30000))", &why);
    limit_file_size(RLIM_INFINITY);
    assert_false(is_done);
    assert_int_equal(why.kind, FAULT_RETRY);
    assert_int_equal(number_of(pair->reader, "SELECT count(*) FROM row"), 1);
    add_rows(pair->writer, 5);
    assert_int_equal(number_of(pair->reader, "SELECT count(*) FROM row"), 6);
    assert_int_equal(number_of(pair->reader, "SELECT count(*) FROM pragma_integrity_check"
                                             " WHERE integrity_check = 'ok'"),
                     1);
}

static void copy_file(const char *from, const char *to)
{
    struct fault why;
    size_t size;
    auto_free(free) char *bytes = file_read(from, 64 << 20, &size, &why);
    FILE *file = bytes ? fopen(to, "we") : NULL;
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* As a process that is killed leaves it: a copy of both files while the writer has them open. */
static void what_is_committed_lies_in_the_files(void **state)
{
    struct pair *pair = *state;
    char copy[sizeof pair->file], wal[sizeof pair->wal];
    sqlite3 *left = NULL;
    (void)snprintf(copy, sizeof copy, "%s/copy.db", pair->folder);
    (void)snprintf(wal, sizeof wal, "%s-wal", copy);
    add_rows(pair->writer, 40);
    copy_file(pair->file, copy);
    copy_file(pair->wal, wal);
    assert_int_equal(sqlite3_open(copy, &left), SQLITE_OK);
    assert_int_equal(number_of(left, "SELECT count(*) FROM row"), 40);
    (void)sqlite3_close(left); /* checkpoints, and takes the WAL away */
    (void)unlink(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_commit_is_one_write, make, end),
        cmocka_unit_test_setup_teardown(what_is_committed_is_seen_through_another_vfs, make, end),
        cmocka_unit_test_setup_teardown(a_transaction_larger_than_memory_reads_its_own_frames, make,
                                        end),
        cmocka_unit_test_setup_teardown(a_write_that_fails_is_a_commit_that_fails, make, end),
        cmocka_unit_test_setup_teardown(what_is_committed_lies_in_the_files, make, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
