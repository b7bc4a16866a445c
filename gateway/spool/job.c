/* SPDX-License-Identifier: Apache-2.0 */
/* Bulk replays as they are kept.  A step of a job and what it did to its entries are one
 * transaction, so that a kill at any moment leaves nothing to be done twice. */
#include "spool/job.h"

#include "base/clock.h"
#include "spool/revision.h"
#include "spool/settle.h"
#include "spool/writer.h"

#include <inttypes.h>
#include <string.h>

#define IN(state) (1U << (state))

enum { ITEM_STATES = ITEM_SKIPPED + 1, OBJECT_SIZE = 32 };

/* From which states a job can go to each. */
static const unsigned from[] = {
    [JOB_COLLECTING] = 0,
    [JOB_PREVIEWED] = IN(JOB_COLLECTING),
    [JOB_RUNNING] = IN(JOB_PREVIEWED) | IN(JOB_PAUSED) | IN(JOB_STOPPED),
    [JOB_PAUSED] = IN(JOB_RUNNING),
    [JOB_STOPPED] = IN(JOB_RUNNING) | IN(JOB_COLLECTING),
    [JOB_DONE] = IN(JOB_RUNNING),
    [JOB_CANCELLED] =
        IN(JOB_COLLECTING) | IN(JOB_PREVIEWED) | IN(JOB_RUNNING) | IN(JOB_PAUSED) | IN(JOB_STOPPED),
};
static const unsigned over = IN(JOB_DONE) | IN(JOB_CANCELLED);

/* What of a job's row changes. */
struct progress_of_job {
    enum job_state state;
    int64_t counts[ITEM_STATES];
};

static bool find_job(struct store *store, int64_t job, struct progress_of_job *progress,
                     struct fault *why)
{
    static const char sql[] = "SELECT state, counts FROM job WHERE number = ?";
    auto_free(statement_rest) sqlite3_stmt *find = store_statement(store, sql, why);
    bool found = false;
    if (!find)
        return false;
    bind_number(find, 1, job);
    if (!database_next(store->database, find, "find a job", &found, why))
        return false;
    if (!found)
        return fault_set(why, FAULT_REFUSE, "spool: there is no such job");
    if (sqlite3_column_bytes(find, 1) != (int)sizeof progress->counts)
        return fault_set(why, FAULT_BROKEN, "spool: job %" PRId64 " is damaged", job);
    progress->state = (enum job_state)sqlite3_column_int(find, 0);
    memcpy(progress->counts, sqlite3_column_blob(find, 1), sizeof progress->counts);
    return true;
}

/* ---- on record ---- */

static bool put_on_record(struct store *store, int64_t job, const struct spool_record *given,
                          const char *outcome, struct fault *why)
{
    char object[OBJECT_SIZE];
    if (!given)
        return true;
    struct spool_record record = *given;
    (void)snprintf(object, sizeof object, "job:%" PRId64, job);
    if (!record.object || !record.object[0])
        record.object = object;
    record.outcome = outcome;
    return audit_append(store, &record, why);
}

/* ---- making ---- */

struct making {
    const struct spool_job *what;
    const struct spool_record *record;
    int64_t job;
};

static bool work_make(struct store *store, void *arguments, struct fault *why)
{
    static const char sql[] = "INSERT INTO job (state, kind, filter, options, author, reason, made,"
                              " started, ended, cursor, detail, counts)"
                              " VALUES (0, ?, ?, ?, ?, ?, ?, 0, 0, 0, '', ?)";
    static const int64_t none[ITEM_STATES];
    struct making *making = arguments;
    const char *const texts[] = {making->what->kind, making->what->filter, making->what->options,
                                 making->what->author, making->what->reason};
    auto_free(statement_rest) sqlite3_stmt *add = store_statement(store, sql, why);
    if (!add)
        return false;
    for (int i = 0; i < 5; i++)
        bind_text(add, 1 + i, texts[i] ? texts[i] : "");
    bind_number(add, 6, making->what->made_ms);
    bind_bytes(add, 7, none, sizeof none);
    if (!database_step(store->database, add, "make a job", why))
        return false;
    making->job = sqlite3_last_insert_rowid(store->database);
    return put_on_record(store, making->job, making->record, "done", why);
}

bool spool_job_make(struct spool *spool, const struct spool_job *what,
                    const struct spool_record *record, int64_t *job, struct fault *why)
{
    struct making making = {.what = what, .record = record};
    if (!writer_do(spool, work_make, &making, why))
        return false;
    *job = making.job;
    return true;
}

/* ---- items ---- */

/* Counts an item over from the state that it has to its new one. */
static bool count_item(struct store *store, int64_t job, const struct job_item *item,
                       struct progress_of_job *progress, struct fault *why)
{
    static const char sql[] = "SELECT state FROM job_item WHERE job = ? AND subject = ?";
    auto_free(statement_rest) sqlite3_stmt *find = store_statement(store, sql, why);
    bool found = false;
    if (!find)
        return false;
    bind_number(find, 1, job);
    bind_number(find, 2, item->subject);
    if (!database_next(store->database, find, "find an item", &found, why))
        return false;
    int state = found ? sqlite3_column_int(find, 0) : 0;
    if (found && state >= 0 && state < ITEM_STATES)
        progress->counts[state]--;
    progress->counts[item->state]++;
    return true;
}

static bool put_item(struct store *store, int64_t job, const struct job_item *item,
                     struct progress_of_job *progress, struct fault *why)
{
    static const char sql[] = "INSERT INTO job_item VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
                              " SET state = excluded.state, detail = excluded.detail,"
                              " due_at = iif(excluded.due_at = 0, due_at, excluded.due_at)";
    if (!count_item(store, job, item, progress, why))
        return false;
    auto_free(statement_rest) sqlite3_stmt *put = store_statement(store, sql, why);
    if (!put)
        return false;
    bind_number(put, 1, job);
    bind_number(put, 2, item->subject);
    bind_number(put, 3, item->state);
    bind_number(put, 4, item->due_at_ms);
    bind_text(put, 5, item->detail);
    return database_step(store->database, put, "store an item", why);
}

static bool keep_progress(struct store *store, const struct job_step *step,
                          const struct progress_of_job *progress, struct fault *why)
{
    static const char sql[] = "UPDATE job SET cursor = ?2, counts = ?3 WHERE number = ?1";
    auto_free(statement_rest) sqlite3_stmt *update = store_statement(store, sql, why);
    if (!update)
        return false;
    bind_number(update, 1, step->job);
    bind_number(update, 2, step->cursor);
    bind_bytes(update, 3, progress->counts, sizeof progress->counts);
    return database_step(store->database, update, "move a job", why);
}

struct putting {
    struct job_step step;
    const struct job_item *items;
    size_t count;
};

static bool work_items(struct store *store, void *arguments, struct fault *why)
{
    const struct putting *putting = arguments;
    struct progress_of_job progress;
    if (!find_job(store, putting->step.job, &progress, why))
        return false;
    if (over & IN(progress.state))
        return fault_set(why, FAULT_REFUSE, "spool: the job is over");
    for (size_t i = 0; i < putting->count; i++)
        if (!put_item(store, putting->step.job, &putting->items[i], &progress, why))
            return false;
    return keep_progress(store, &putting->step, &progress, why);
}

bool spool_job_items(struct spool *spool, int64_t job, const struct job_item *items, size_t count,
                     int64_t cursor, struct fault *why)
{
    struct putting putting = {{.job = job, .cursor = cursor}, items, count};
    return writer_do(spool, work_items, &putting, why);
}

/* ---- steps ---- */

struct stepping {
    const struct job_step *step;
    const struct spool_deed *deeds;
    struct deed_outcome *outcomes;
    const struct spool_settlement *settlements;
    bool *are_settled;
    size_t count;
};

static bool find_running(struct store *store, int64_t job, struct progress_of_job *progress,
                         struct fault *why)
{
    return find_job(store, job, progress, why) &&
           (progress->state == JOB_RUNNING ||
            fault_set(why, FAULT_REFUSE, "spool: the job is not running"));
}

static enum job_item_state state_after(const struct deed_outcome *outcome)
{
    if (outcome->is_done)
        return ITEM_DONE;
    if (outcome->is_gone)
        return ITEM_SKIPPED;
    return outcome->is_stale ? ITEM_STALE : ITEM_FAILED;
}

static bool work_deeds(struct store *store, void *arguments, struct fault *why)
{
    const struct stepping *stepping = arguments;
    struct progress_of_job progress;
    if (!find_running(store, stepping->step->job, &progress, why))
        return false;
    for (size_t i = 0; i < stepping->count; i++) {
        struct deed_outcome *outcome = &stepping->outcomes[i];
        if (!deed_do(store, &stepping->deeds[i], outcome, why))
            return false;
        const struct job_item item = {.subject = stepping->deeds[i].entry,
                                      .state = state_after(outcome),
                                      .detail = outcome->is_done ? NULL : outcome->why.text};
        if (!put_item(store, stepping->step->job, &item, &progress, why))
            return false;
    }
    return keep_progress(store, stepping->step, &progress, why);
}

bool spool_job_do(struct spool *spool, const struct job_step *step, const struct spool_deed *deeds,
                  size_t count, struct deed_outcome *outcomes, struct fault *why)
{
    struct stepping stepping = {.step = step, .deeds = deeds, .outcomes = outcomes, .count = count};
    return writer_do(spool, work_deeds, &stepping, why);
}

/* Each of them as an act on its delivery. */
static bool record_settlement(struct store *store, const struct stepping *stepping, size_t at,
                              struct fault *why)
{
    char object[OBJECT_SIZE];
    const struct spool_record *given = stepping->step->record;
    (void)snprintf(object, sizeof object, "delivery:d-%" PRId64,
                   stepping->settlements[at].delivery);
    if (!given)
        return true;
    struct spool_record record = *given;
    record.object = object;
    record.outcome = stepping->are_settled[at] ? "done" : "refused";
    return audit_append(store, &record, why);
}

static bool work_settlements(struct store *store, void *arguments, struct fault *why)
{
    const struct stepping *stepping = arguments;
    struct progress_of_job progress;
    if (!find_running(store, stepping->step->job, &progress, why))
        return false;
    for (size_t i = 0; i < stepping->count; i++) {
        const char *reason;
        if (!settle_one(store, &stepping->settlements[i], &reason, why))
            return false;
        stepping->are_settled[i] = !reason;
        const struct job_item item = {.subject = stepping->settlements[i].delivery,
                                      .state = reason ? ITEM_SKIPPED : ITEM_DONE,
                                      .detail = reason};
        if (!put_item(store, stepping->step->job, &item, &progress, why) ||
            !record_settlement(store, stepping, i, why))
            return false;
    }
    return keep_progress(store, stepping->step, &progress, why);
}

bool spool_job_settle(struct spool *spool, const struct job_step *step,
                      const struct spool_settlement *settlements, size_t count, bool *outcomes,
                      struct fault *why)
{
    struct stepping stepping = {
        .step = step, .settlements = settlements, .are_settled = outcomes, .count = count};
    return writer_do(spool, work_settlements, &stepping, why);
}

/* ---- states ---- */

struct turning {
    int64_t job;
    enum job_state state;
    const char *detail;
    const struct spool_record *record;
    bool is_refused;
};

static bool change_state(struct store *store, const struct turning *turning, struct fault *why)
{
    static const char sql[] =
        "UPDATE job SET state = ?2, detail = ifnull(?3, detail),"
        " started = iif(?4 AND started = 0, ?6, started), ended = iif(?5, ?6, ended)"
        " WHERE number = ?1";
    auto_free(statement_rest) sqlite3_stmt *update = store_statement(store, sql, why);
    if (!update)
        return false;
    bind_number(update, 1, turning->job);
    bind_number(update, 2, turning->state);
    bind_text(update, 3, turning->detail);
    bind_number(update, 4, turning->state == JOB_RUNNING);
    bind_number(update, 5, (over & IN(turning->state)) != 0);
    bind_number(update, 6, turning->record ? turning->record->at_ms : clock_now_ms());
    return database_step(store->database, update, "change a job", why);
}

static bool work_state(struct store *store, void *arguments, struct fault *why)
{
    struct turning *turning = arguments;
    struct progress_of_job progress;
    if (!find_job(store, turning->job, &progress, why))
        return false;
    turning->is_refused = !(from[turning->state] & IN(progress.state));
    return (turning->is_refused || change_state(store, turning, why)) &&
           put_on_record(store, turning->job, turning->record,
                         turning->is_refused ? "refused" : "done", why);
}

bool spool_job_state(struct spool *spool, int64_t job, enum job_state state, const char *detail,
                     const struct spool_record *record, struct fault *why)
{
    struct turning turning = {.job = job, .state = state, .detail = detail, .record = record};
    if (!writer_do(spool, work_state, &turning, why))
        return false;
    return !turning.is_refused ||
           fault_set(why, FAULT_REFUSE, "spool: the job is not in a state for that");
}

/* ---- saved filters ---- */

struct saving {
    const char *user, *name, *filter;
};

static bool work_filter(struct store *store, void *arguments, struct fault *why)
{
    static const char keep[] = "INSERT OR REPLACE INTO saved_filter VALUES (?1, ?2, ?3)";
    static const char forget[] = "DELETE FROM saved_filter WHERE user = ?1 AND name = ?2";
    const struct saving *saving = arguments;
    auto_free(statement_rest) sqlite3_stmt *change =
        store_statement(store, saving->filter ? keep : forget, why);
    if (!change)
        return false;
    bind_text(change, 1, saving->user);
    bind_text(change, 2, saving->name);
    bind_text(change, 3, saving->filter);
    return database_step(store->database, change, "keep a filter", why);
}

bool spool_save_filter(struct spool *spool, const char *user, const char *name, const char *filter,
                       struct fault *why)
{
    struct saving saving = {user, name, filter};
    return writer_do(spool, work_filter, &saving, why);
}
