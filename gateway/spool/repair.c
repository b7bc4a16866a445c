/* SPDX-License-Identifier: Apache-2.0 */
/* A new spool out of a damaged one: what is done, in its order. */
#include "spool/repair.h"

#include "spool/lock.h"
#include "spool/loss.h"
#include "spool/reader.h"
#include "spool/rebuild.h"
#include "spool/salvage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

ENDS_WITH_SCOPE(sqlite3 *, database_close)
ENDS_WITH_SCOPE(struct spool_reader *, spool_reader_close)

struct repairing {
    const struct spool_repair *repair;
    const struct spool_repair_seen *seen;
    struct spool_repaired *repaired;
    struct pages pages;
    sqlite3 *into;
};

static void note_damage(void *own, const char *line)
{
    struct repairing *repairing = own;
    repairing->repaired->damages++;
    repairing->seen->damage(repairing->seen->own, line);
}

/* ---- files ---- */

static bool create(const char *path, struct fault *why)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0)
        return fault_set(why, FAULT_REFUSE, "%s: %s", path, strerror(errno));
    (void)close(file); /* nothing was written */
    return true;
}

/* ---- the steps ---- */

static void tell_log(struct repairing *repairing)
{
    const struct wal *wal = &repairing->pages.wal;
    char line[160];
    if (wal->is_header_damaged)
        note_damage(repairing, "the header of the log is damaged");
    if (wal->damaged_frame > 0 && !wal->is_header_damaged) {
        (void)snprintf(line, sizeof line,
                       "frame %" PRId64 " of the log is damaged, with %" PRId64
                       " commits from there on",
                       wal->damaged_frame, wal->lost_commits);
        note_damage(repairing, line);
    }
    if (repairing->pages.is_header_damaged)
        note_damage(repairing, "page 1, the header of the file, is damaged");
}

/* What never changes, from an older copy of the same spool. */
static bool take_from_backup(struct repairing *repairing, struct fault *why)
{
    static const char sql[] =
        "INSERT OR IGNORE INTO setting SELECT * FROM old.setting WHERE name = 'receipt_key';"
        "INSERT OR IGNORE INTO name SELECT * FROM old.name;"
        "INSERT OR IGNORE INTO schema SELECT * FROM old.schema";
    int64_t is_foreign;
    sqlite3 *into = repairing->into;
    if (!repairing->repair->backup)
        return true;
    auto_free(database_close) sqlite3 *old = database_open_reader(repairing->repair->backup, why);
    auto_free(sqlite3_finalize) sqlite3_stmt *attach =
        old ? database_prepare(into, "ATTACH ? AS old", why) : NULL;
    if (!attach)
        return false;
    bind_text(attach, 1, repairing->repair->backup);
    if (!database_step(into, attach, "attach the copy", why) ||
        !database_number(into,
                         "SELECT count(*) FROM setting s JOIN old.setting o ON o.name = s.name"
                         " WHERE s.name = 'receipt_key' AND s.value <> o.value",
                         &is_foreign, why))
        return false;
    if (is_foreign)
        return fault_set(why, FAULT_REFUSE, "%s: a copy of another spool",
                         repairing->repair->backup);
    return database_run(into, sql, why) && database_run(into, "DETACH old", why);
}

/* Whether something could have stood above all that is left. */
static bool is_end_known(struct repairing *repairing, bool *is_known, struct fault *why)
{
    static const char sql[] =
        "SELECT count(*) FROM hole WHERE (tbl IN ('entry', 'released', 'notice', 'arrival')"
        " AND last = 9223372036854775807) OR tbl = 'setting'";
    int64_t holes;
    if (!database_number(repairing->into, sql, &holes, why))
        return false;
    *is_known = holes == 0 && repairing->pages.wal.damaged_frame == 0;
    return true;
}

static bool save(struct repairing *repairing, struct fault *why)
{
    static const char settings[] = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                                   "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; BEGIN";
    struct rebuild_options options = {.above = repairing->repair->above};
    sqlite3 *into = repairing->into;
    return pages_open(&repairing->pages, repairing->repair->file, why) &&
           database_run(into, settings, why) &&
           (tell_log(repairing),
            salvage_rows(&repairing->pages, into, note_damage, repairing, why)) &&
           database_run(into, "COMMIT", why) && take_from_backup(repairing, why) &&
           is_end_known(repairing, &options.is_end_known, why) &&
           rebuild_spool(into, &options, why);
}

static bool tell(struct repairing *repairing, struct fault *why)
{
    struct spool_repaired *repaired = repairing->repaired;
    auto_free(spool_reader_close) struct spool_reader *reader =
        spool_reader_open(repairing->repair->into, why);
    return reader && loss_tell(repairing->into, reader, repairing->seen, &repaired->losses, why) &&
           database_number(repairing->into, "SELECT count(*) FROM entry", &repaired->entries,
                           why) &&
           database_number(repairing->into, "SELECT count(*) FROM delivery", &repaired->deliveries,
                           why) &&
           database_get_number(repairing->into, "last_number", &repaired->last_number, why);
}

static bool run(struct repairing *repairing, struct fault *why)
{
    auto_free(database_close) sqlite3 *into = database_open_writer(repairing->repair->into, why);
    size_t size = 0;
    uint8_t key[RECEIPT_KEY_SIZE];
    repairing->into = into;
    if (!into || !save(repairing, why) ||
        !database_get(into, "receipt_key", key, sizeof key, &size, why))
        return false;
    if (size != sizeof key) { /* receipts of before hold no more: loss_tell says so */
        random_fill(key, sizeof key);
        if (!database_set(into, "receipt_key", key, sizeof key, why) ||
            !database_run(into, "INSERT INTO fact VALUES ('receipt_key_lost', 1)", why))
            return false;
    }
    return tell(repairing, why) && database_run(into, "PRAGMA journal_mode = WAL", why);
}

bool spool_repair(const struct spool_repair *repair, const struct spool_repair_seen *seen,
                  struct spool_repaired *repaired, struct fault *why)
{
    struct repairing repairing = {.repair = repair,
                                  .seen = seen,
                                  .repaired = repaired,
                                  .pages = {.file = -1, .wal = {.file = -1}}};
    int locked = -1;
    *repaired = (struct spool_repaired){0};
    bool is_created = access(repair->file, R_OK) == 0
                          ? spool_lock(repair->file, &locked, why) && create(repair->into, why)
                          : fault_set(why, FAULT_REFUSE, "%s: %s", repair->file, strerror(errno));
    bool is_done = is_created && run(&repairing, why) && database_settle(repair->into, why);
    pages_close(&repairing.pages);
    if (is_created && !is_done)
        database_remove(repair->into); /* half a spool would look like one */
    if (locked >= 0)
        (void)close(locked); /* ends the lock */
    return is_done;
}

void spool_repair_undo(const struct spool_repair *repair)
{
    database_remove(repair->into);
}
