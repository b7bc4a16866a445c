/* SPDX-License-Identifier: Apache-2.0 */
/* A copy becomes the spool: numbers leap over those that may have been given since, and nothing
 * goes on by itself that may have been done since. */
#include "spool/restore.h"

#include "spool/job.h"
#include "spool/leap.h"
#include "spool/lock.h"
#include "spool/row.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

ENDS_WITH_SCOPE(struct spool_reader *, spool_reader_close)
ENDS_WITH_SCOPE(sqlite3 *, database_close)

/* enum job_state, as SQL has it. */
#define RUNNING "2"
#define PAUSED  "3"
_Static_assert(JOB_RUNNING == 2 && JOB_PAUSED == 3, "the numbers that the rows have");

/* What spool_restore is asked for. */
struct wish {
    const char *copy, *file;
    int64_t above;
    void (*each)(void *own, const char *finding);
    void *own;
};

/* A log beside the place would be taken for the copy's; one beside the copy is not copied. */
static bool is_free(const char *file, const char *ending, struct fault *why)
{
    auto_free(free) char *name = NULL;
    if (asprintf(&name, "%s%s", file, ending) < 0) {
        name = NULL;
        return fault_memory(why);
    }
    return access(name, F_OK) != 0 ||
           fault_set(why, FAULT_REFUSE, "%s is there: move it away first", name);
}

static bool look(struct spool_reader *reader, struct spool_restored *restored, struct fault *why)
{
    sqlite3 *database = reader->database;
    int64_t pruned_to;
    if (!database_get_number(database, "watermark", &restored->watermark, why) ||
        !database_get_number(database, "last_number", &pruned_to, why) ||
        !database_number(database,
                         "SELECT max(ifnull((SELECT max(number) FROM entry), 0),"
                         " ifnull((SELECT max(number) FROM released), 0),"
                         " ifnull((SELECT max(number) FROM notice), 0))",
                         &restored->last_number, why) ||
        !database_number(database, "SELECT received_at FROM entry ORDER BY number DESC LIMIT 1",
                         &restored->last_received_ms, why) ||
        !database_number(database, "SELECT count(*) FROM stuck WHERE is_delivery = 0",
                         &restored->stuck, why) ||
        !database_number(database,
                         "SELECT count(*) FROM delivery INDEXED BY delivery_undone"
                         " WHERE state < 3",
                         &restored->undone, why) ||
        !database_number(database, "SELECT count(*) FROM job WHERE state = " RUNNING,
                         &restored->paused, why))
        return false;
    if (restored->last_number < pruned_to)
        restored->last_number = pruned_to;
    if (restored->last_number < restored->watermark)
        restored->last_number = restored->watermark;
    return true;
}

static bool put_into_one_file(sqlite3 *database, struct fault *why)
{
    return sqlite3_wal_checkpoint_v2(database, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) ==
               SQLITE_OK ||
           database_fault(database, "checkpoint", why);
}

static bool go_on_above(const char *file, int64_t above, struct spool_restored *restored,
                        struct fault *why)
{
    auto_free(database_close) sqlite3 *database = database_open_writer(file, why);
    int64_t arrivals[2];
    if (!database || !database_get_number(database, "last_arrival", &arrivals[0], why) ||
        !database_number(database, "SELECT max(number) FROM arrival", &arrivals[1], why))
        return false;
    int64_t last = above > restored->last_number ? above : restored->last_number;
    int64_t arrival = arrivals[0] > arrivals[1] ? arrivals[0] : arrivals[1];
    restored->next_number = last + NUMBER_LEAP + 1;
    return database_set_number(database, "last_number", last + NUMBER_LEAP, why) &&
           database_set_number(database, "last_arrival", arrival + NUMBER_LEAP, why) &&
           database_run(database, "UPDATE job SET state = " PAUSED " WHERE state = " RUNNING,
                        why) &&
           put_into_one_file(database, why);
}

/* A file that spool_backup made is one file: what lay in the log is in it. */
static bool copy_file(const char *from, const char *to, struct fault *why)
{
    struct stat status;
    int source = open(from, O_RDONLY | O_CLOEXEC);
    if (source < 0)
        return fault_set(why, FAULT_REFUSE, "%s: %s", from, strerror(errno));
    int target = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    bool is_done = target >= 0 && fstat(source, &status) == 0;
    for (off_t at = 0; is_done && at < status.st_size;)
        is_done = sendfile(target, source, &at, (size_t)(status.st_size - at)) > 0;
    if (!is_done)
        (void)fault_set(why, FAULT_BROKEN, "%s: %s", to, strerror(errno));
    (void)close(source); /* it was only read */
    if (target >= 0)
        (void)close(target); /* database_settle tells what fails */
    return is_done;
}

/* Opened as the daemon does it, a copy of an older version becomes one of this. */
static bool upgrade(const char *file, struct fault *why)
{
    auto_free(database_close) sqlite3 *database = database_open_writer(file, why);
    return database != NULL;
}

static bool judge(const char *file, void (*each)(void *own, const char *finding), void *own,
                  struct spool_restored *restored, struct fault *why)
{
    auto_free(spool_reader_close) struct spool_reader *reader = spool_reader_open(file, why);
    return reader && spool_check(reader, each, own, why) && look(reader, restored, why);
}

static bool put_in_place(const char *made, const char *file, struct fault *why)
{
    return (rename(made, file) == 0 ||
            fault_set(why, FAULT_BROKEN, "%s: %s", file, strerror(errno))) &&
           database_settle(file, why);
}

/* Under another name until it is whole: a restore that ends in the middle must leave nothing that a
 * daemon would take for its spool. */
static bool make(const struct wish *wish, struct spool_restored *restored, struct fault *why)
{
    auto_free(free) char *made = NULL;
    if (asprintf(&made, "%s.restoring", wish->file) < 0) {
        made = NULL;
        return fault_memory(why);
    }
    database_remove(made); /* what such a one left */
    bool is_done = copy_file(wish->copy, made, why) && upgrade(made, why) &&
                   judge(made, wish->each, wish->own, restored, why) &&
                   go_on_above(made, wish->above, restored, why) && database_settle(made, why) &&
                   put_in_place(made, wish->file, why);
    if (!is_done)
        database_remove(made);
    return is_done;
}

bool spool_restore(const char *copy, const char *file, int64_t above,
                   void (*each)(void *own, const char *finding), void *own,
                   struct spool_restored *restored, struct fault *why)
{
    const struct wish wish = {copy, file, above, each, own};
    int locked = -1;
    bool is_done = spool_lock(file, &locked, why) && is_free(file, "", why) &&
                   is_free(file, "-wal", why) && is_free(copy, "-wal", why) &&
                   make(&wish, restored, why);
    if (locked >= 0)
        (void)close(locked); /* ends the lock */
    return is_done;
}
