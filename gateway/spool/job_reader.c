/* SPDX-License-Identifier: Apache-2.0 */
/* Reading jobs, their items in the order in which they are run, and saved filters. */
#include "spool/job.h"
#include "spool/row.h"

#include <inttypes.h>
#include <string.h>

#define COLUMNS                                                                                    \
    "number, state, kind, filter, options, author, reason, made, started, ended, cursor, detail,"  \
    " counts"

enum { ITEM_STATES = ITEM_SKIPPED + 1 };

static bool read_job(sqlite3_stmt *row, struct spool_job *job, struct fault *why)
{
    *job = (struct spool_job){
        .job = sqlite3_column_int64(row, 0),
        .state = (enum job_state)sqlite3_column_int(row, 1),
        .kind = (const char *)sqlite3_column_text(row, 2),
        .filter = (const char *)sqlite3_column_text(row, 3),
        .options = (const char *)sqlite3_column_text(row, 4),
        .author = (const char *)sqlite3_column_text(row, 5),
        .reason = (const char *)sqlite3_column_text(row, 6),
        .made_ms = sqlite3_column_int64(row, 7),
        .started_ms = sqlite3_column_int64(row, 8),
        .ended_ms = sqlite3_column_int64(row, 9),
        .cursor = sqlite3_column_int64(row, 10),
        .detail = (const char *)sqlite3_column_text(row, 11),
    };
    if (sqlite3_column_bytes(row, 12) != (int)sizeof job->counts)
        return fault_set(why, FAULT_BROKEN, "spool: job %" PRId64 " is damaged", job->job);
    memcpy(job->counts, sqlite3_column_blob(row, 12), sizeof job->counts);
    return true;
}

static bool give_jobs(struct spool_reader *reader, sqlite3_stmt *rows,
                      bool (*each)(void *own, const struct spool_job *job), void *own,
                      struct fault *why)
{
    for (bool found;;) {
        struct spool_job job;
        if (!database_next(reader->database, rows, "read jobs", &found, why))
            return false;
        if (!found)
            return true;
        if (!read_job(rows, &job, why))
            return false;
        if (!each(own, &job))
            return true;
    }
}

bool spool_jobs(struct spool_reader *reader, int64_t before, size_t limit,
                bool (*each)(void *own, const struct spool_job *job), void *own, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(
        reader->database,
        "SELECT " COLUMNS " FROM job WHERE number < ? ORDER BY number DESC LIMIT ?", why);
    if (!rows)
        return false;
    bind_number(rows, 1, before ? before : INT64_MAX);
    bind_number(rows, 2, limit ? (int64_t)limit : -1);
    return give_jobs(reader, rows, each, own, why);
}

bool spool_job(struct spool_reader *reader, int64_t job,
               bool (*each)(void *own, const struct spool_job *job), void *own, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *rows =
        database_prepare(reader->database, "SELECT " COLUMNS " FROM job WHERE number = ?", why);
    struct spool_job read;
    bool found = false;
    if (!rows)
        return false;
    bind_number(rows, 1, job);
    if (!database_next(reader->database, rows, "read a job", &found, why))
        return false;
    if (!found)
        return fault_set(why, FAULT_REFUSE, "spool: there is no such job");
    if (!read_job(rows, &read, why))
        return false;
    (void)each(own, &read); /* there are no more that it could refuse */
    return true;
}

bool spool_jobs_of(struct spool_reader *reader, const struct job_subject *subject,
                   bool (*each)(void *own, const struct spool_job *job), void *own,
                   struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *rows = database_prepare(
        reader->database,
        "SELECT " COLUMNS " FROM job WHERE number IN (SELECT job FROM job_item"
        " INDEXED BY job_item_of_subject WHERE subject = ?1) AND kind = ?2 ORDER BY number",
        why);
    if (!rows)
        return false;
    bind_number(rows, 1, subject->number);
    bind_text(rows, 2, subject->is_delivery ? "deliveries" : "entries");
    return give_jobs(reader, rows, each, own, why);
}

/* ---- items: one range of the index for each state, merged ---- */

struct arm {
    sqlite3_stmt *rows;
    bool has_row;
    struct job_item item;
};

static bool advance(struct spool_reader *reader, struct arm *arm, struct fault *why)
{
    if (!database_next(reader->database, arm->rows, "read items", &arm->has_row, why))
        return false;
    if (arm->has_row)
        arm->item = (struct job_item){
            .subject = sqlite3_column_int64(arm->rows, 0),
            .due_at_ms = sqlite3_column_int64(arm->rows, 1),
            .state = (enum job_item_state)sqlite3_column_int(arm->rows, 2),
            .detail = (const char *)sqlite3_column_text(arm->rows, 3),
        };
    return true;
}

static bool open_arm(struct spool_reader *reader, const struct job_items_range *range, int state,
                     struct arm *arm, struct fault *why)
{
    arm->rows = database_prepare(
        reader->database,
        "SELECT subject, due_at, state, detail FROM job_item INDEXED BY job_item_in_turn"
        " WHERE job = ?1 AND state = ?2 AND (due_at, subject) > (?3, ?4)"
        " ORDER BY due_at, subject",
        why);
    if (!arm->rows)
        return false;
    bind_number(arm->rows, 1, range->job);
    bind_number(arm->rows, 2, state);
    bind_number(arm->rows, 3, range->after_due_ms);
    bind_number(arm->rows, 4, range->after_subject);
    return advance(reader, arm, why);
}

static bool is_before(const struct job_item *one, const struct job_item *other)
{
    return one->due_at_ms != other->due_at_ms ? one->due_at_ms < other->due_at_ms
                                              : one->subject < other->subject;
}

static struct arm *first_of(struct arm arms[ITEM_STATES])
{
    struct arm *first = NULL;
    for (struct arm *arm = arms; arm < arms + ITEM_STATES; arm++)
        if (arm->has_row && (!first || is_before(&arm->item, &first->item)))
            first = arm;
    return first;
}

static bool merge(struct spool_reader *reader, struct arm arms[ITEM_STATES], size_t limit,
                  bool (*each)(void *own, const struct job_item *item), void *own,
                  struct fault *why)
{
    for (size_t given = 0; limit == 0 || given < limit; given++) {
        struct arm *first = first_of(arms);
        if (!first || !each(own, &first->item))
            return true;
        if (!advance(reader, first, why))
            return false;
    }
    return true;
}

bool spool_job_items_of(struct spool_reader *reader, const struct job_items_range *range,
                        bool (*each)(void *own, const struct job_item *item), void *own,
                        struct fault *why)
{
    struct arm arms[ITEM_STATES] = {{0}};
    bool is_done = true;
    for (int state = 0; is_done && state < ITEM_STATES; state++)
        if (range->states & (1U << state))
            is_done = open_arm(reader, range, state, &arms[state], why);
    is_done = is_done && merge(reader, arms, range->limit, each, own, why);
    for (int state = 0; state < ITEM_STATES; state++)
        (void)sqlite3_finalize(arms[state].rows); /* repeats the last step's code */
    return is_done;
}

bool spool_filters(struct spool_reader *reader, const char *user,
                   bool (*each)(void *own, const char *name, const char *filter), void *own,
                   struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *rows =
        database_prepare(reader->database,
                         "SELECT name, filter FROM saved_filter WHERE user = ? ORDER BY name", why);
    if (!rows)
        return false;
    bind_text(rows, 1, user);
    for (bool found;;) {
        if (!database_next(reader->database, rows, "read filters", &found, why))
            return false;
        if (!found || !each(own, (const char *)sqlite3_column_text(rows, 0),
                            (const char *)sqlite3_column_text(rows, 1)))
            return true;
    }
}
