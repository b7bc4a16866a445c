/* SPDX-License-Identifier: Apache-2.0 */
/* One job from its making to its report, step by step. */
#include "operate/job_task.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "operate/job_approval.h"
#include "operate/job_report.h"

#include <inttypes.h>
#include <string.h>

enum {
    LOOK_MS = 100,        /* from one look at what was released to the next */
    FIRST_PAUSE_MS = 200, /* after a failure; it doubles */
    LONGEST_PAUSE_MS = 10000,
    DETAIL_SIZE = 320,
};

ENDS_WITH_SCOPE(json_t *, json_decref)

struct job_task {
    const struct job_tools *tools;
    int64_t job;
    enum job_state state; /* in which the parts below were made */
    struct job_wish wish;
    int64_t made_ms;
    char *author, *reason, *approver;
    struct job_preview *preview;
    struct job_replay *replay;
    struct job_watch *watch;
    struct job_pace pace;
    int64_t done, failed; /* also by earlier processes */
    int failures;         /* in a row, of the task itself */
    int64_t not_before_ms;
};

/* ---- life ---- */

static void drop_parts(struct job_task *task)
{
    job_preview_free(task->preview);
    job_replay_free(task->replay);
    job_watch_free(task->watch);
    free(task->approver);
    task->preview = NULL;
    task->replay = NULL;
    task->watch = NULL;
    task->approver = NULL;
}

void job_task_free(struct job_task *task)
{
    if (!task)
        return;
    drop_parts(task);
    job_wish_end(&task->wish);
    free(task->author);
    free(task->reason);
    free(task);
}

struct job_task *job_task_new(const struct job_tools *tools, const struct spool_job *job,
                              struct fault *why)
{
    struct job_task *task = calloc(1, sizeof *task);
    if (!task) {
        (void)fault_memory(why);
        return NULL;
    }
    task->tools = tools;
    task->job = job->job;
    task->made_ms = job->made_ms;
    task->state = JOB_CANCELLED; /* none of its parts is made */
    task->author = strdup(job->author);
    task->reason = strdup(job->reason);
    if (task->author && task->reason && job_wish_of(job, &task->wish, why))
        return task;
    if (!task->author || !task->reason)
        (void)fault_memory(why);
    job_task_free(task);
    return NULL;
}

int64_t job_task_number(const struct job_task *task)
{
    return task->job;
}

/* ---- states ---- */

/* What the spool says of the job now. */
struct standing {
    enum job_state state;
    int64_t counts[ITEM_SKIPPED + 1];
    char *detail; /* the caller's to free */
    bool is_read;
};

static bool take_standing(void *own, const struct spool_job *job)
{
    struct standing *standing = own;
    standing->state = job->state;
    memcpy(standing->counts, job->counts, sizeof standing->counts);
    standing->detail = strdup(job->detail ? job->detail : "");
    standing->is_read = standing->detail != NULL;
    return false;
}

static bool look_up(const struct job_task *task, struct standing *standing, struct fault *why)
{
    struct spool_reader *reader = task->tools->bench.station->reader;
    return spool_job(reader, task->job, take_standing, standing, why) &&
           (standing->is_read || fault_memory(why));
}

static struct spool_job as_job(const struct job_task *task, const struct standing *standing)
{
    struct spool_job job = {.job = task->job, .state = standing->state, .made_ms = task->made_ms};
    memcpy(job.counts, standing->counts, sizeof job.counts);
    return job;
}

/* The end of a run, or its own stop: with its report, and why; on record as the gateway's act. */
static bool end_run(const struct job_task *task, enum job_state state, const char *reason,
                    struct fault *why)
{
    struct standing standing = {.is_read = false};
    struct spool_reader *reader = task->tools->bench.station->reader;
    if (!look_up(task, &standing, why))
        return false;
    auto_free(free) char *before = standing.detail;
    const struct spool_job job = as_job(task, &standing);
    json_t *report = job_report_run(reader, &job, why);
    auto_free(free) char *with_report =
        report ? job_report_add(before, "report", report, why) : NULL;
    auto_free(free) char *detail =
        with_report
            ? job_report_add(with_report, "why", reason ? json_string(reason) : json_null(), why)
            : NULL;
    const struct spool_record record = {.actor = {.name = "gateway"},
                                        .act = state == JOB_DONE ? "job-done" : "job-stop",
                                        .object = "",
                                        .reason = reason ? reason : "",
                                        .outcome = "done",
                                        .detail = "",
                                        .at_ms = clock_now_ms()};
    if (!detail ||
        !spool_job_state(task->tools->options->spool, task->job, state, detail, &record, why))
        return false;
    log_info(state == JOB_DONE ? "job.done" : "job.stopped",
             "job=%" PRId64 " done=%" PRId64 " failed=%" PRId64 " why=\"%s\"", task->job,
             job.counts[ITEM_DONE], job.counts[ITEM_FAILED], reason ? reason : "");
    return true;
}

/* ---- collecting ---- */

static bool begin_collecting(struct job_task *task, struct fault *why)
{
    const struct job_runner_options *options = task->tools->options;
    if (task->preview || task->replay)
        return true;
    if (task->wish.kind != JOB_OF_EVENTS) {
        task->preview =
            job_preview_new(options->spool, &task->tools->bench, task->job, &task->wish, why);
        return task->preview != NULL;
    }
    task->replay =
        job_replay_preview(&options->events, options->spool, task->job, &task->wish, why);
    return task->replay != NULL;
}

/* The caller owns it. */
static char *describe_preview(const struct job_task *task, const struct spool_job *job,
                              struct fault *why)
{
    bool needs = task->preview && job_preview_needs_approval(task->preview);
    int64_t oldest_ms =
        task->preview ? job_preview_oldest(task->preview) : job_replay_oldest(task->replay);
    json_t *report = job_report_preview(task->tools->bench.station->reader, job, oldest_ms, why);
    auto_free(free) char *detail = report ? job_report_add(NULL, "preview", report, why) : NULL;
    return detail ? job_report_add(detail, "needs_approval", json_boolean(needs), why) : NULL;
}

static bool end_collecting(const struct job_task *task, struct fault *why)
{
    struct standing standing = {.is_read = false};
    if (!look_up(task, &standing, why))
        return false;
    free(standing.detail);
    const struct spool_job job = as_job(task, &standing);
    auto_free(free) char *detail = describe_preview(task, &job, why);
    if (!detail ||
        !spool_job_state(task->tools->options->spool, task->job, JOB_PREVIEWED, detail, NULL, why))
        return false;
    log_info("job.previewed", "job=%" PRId64 " would_pass=%" PRId64 " would_fail=%" PRId64,
             task->job, job.counts[ITEM_WOULD_PASS], job.counts[ITEM_WOULD_FAIL]);
    return true;
}

static bool collect(struct job_task *task, struct fault *why)
{
    bool is_over = false;
    size_t sent;
    if (!begin_collecting(task, why))
        return false;
    bool is_good = task->preview
                       ? job_preview_step(task->preview, &is_over, why)
                       : job_replay_step(task->replay, JOB_STEP_MOST, &sent, &is_over, why);
    return is_good && (!is_over || end_collecting(task, why));
}

/* ---- running ---- */

static bool begin_running(struct job_task *task, const struct standing *standing, struct fault *why)
{
    const struct job_runner_options *options = task->tools->options;
    struct spool_reader *reader = task->tools->bench.station->reader;
    task->pace = (struct job_pace){.rate_per_s = task->wish.rules.rate_per_s};
    task->done = standing->counts[ITEM_DONE];
    task->failed = standing->counts[ITEM_FAILED];
    if (!job_approver(reader, task->job, task->author, &task->approver, why))
        return false;
    if (!task->approver && job_needs_approval(standing->detail))
        return fault_set(why, FAULT_REFUSE, "nobody has approved its rule");
    if (task->wish.kind == JOB_OF_DELIVERIES) {
        task->watch = job_watch_new(why);
        return task->watch != NULL;
    }
    if (task->wish.kind == JOB_OF_ENTRIES)
        return true;
    const struct spool_job job = as_job(task, standing);
    task->replay = job_replay_run(&options->events, options->spool, reader, &job, &task->wish, why);
    return task->replay != NULL;
}

/* What was released and is dead again counts as failed instead of done. */
static bool watch(struct job_task *task, struct fault *why)
{
    size_t failed = 0;
    if (!task->watch)
        return true;
    bool is_seen = job_watch_look(task->watch, task->tools->options->spool,
                                  task->tools->bench.station->reader, task->job, &failed, why);
    task->done -= (int64_t)failed;
    task->failed += (int64_t)failed;
    metrics_add(task->tools->numbers.failed, (int64_t)failed);
    return is_seen;
}

static bool step_events(struct job_task *task, size_t limit, struct job_stepped *stepped,
                        struct fault *why)
{
    *stepped = (struct job_stepped){.tried = 0};
    bool is_good = job_replay_step(task->replay, limit, &stepped->tried, &stepped->is_over, why);
    metrics_add(task->tools->numbers.done, is_good ? (int64_t)stepped->tried : 0);
    return is_good;
}

/* What was neither done nor failed was refused: it is stale, or not what it was when it was chosen.
 */
static void count_items(const struct job_numbers *numbers, const struct job_stepped *stepped)
{
    size_t over = stepped->done + stepped->failed;
    metrics_add(numbers->done, (int64_t)stepped->done);
    metrics_add(numbers->failed, (int64_t)stepped->failed);
    metrics_add(numbers->refused, stepped->tried > over ? (int64_t)(stepped->tried - over) : 0);
}

static bool step_items(struct job_task *task, size_t limit, struct job_stepped *stepped,
                       struct fault *why)
{
    const struct job_running running = {
        .spool = task->tools->options->spool,
        .bench = &task->tools->bench,
        .tell = &task->tools->options->tell,
        .wish = &task->wish,
        .job = task->job,
        .author = task->author,
        .reason = task->reason,
        .approver = task->approver,
        .watch = task->watch,
    };
    bool is_good = task->watch ? job_run_deliveries(&running, limit, stepped, why)
                               : job_run_entries(&running, limit, stepped, why);
    if (is_good)
        count_items(&task->tools->numbers, stepped);
    return is_good;
}

static size_t room(struct job_task *task)
{
    size_t most = JOB_STEP_MOST;
    if (task->watch && job_watch_room(task->watch) < most)
        most = job_watch_room(task->watch);
    return job_pace_room(&task->pace, clock_ticks_us(), most);
}

static bool stop_by_itself(const struct job_task *task, struct fault *why)
{
    char reason[DETAIL_SIZE];
    (void)snprintf(reason, sizeof reason, "%" PRId64 " of %" PRId64 " failed, more than %g %%",
                   task->failed, task->done + task->failed, 100 * task->wish.rules.stop_above);
    return end_run(task, JOB_STOPPED, reason, why);
}

static bool run_step(struct job_task *task, int64_t *wait_ms, struct fault *why)
{
    struct job_stepped stepped = {.tried = 0};
    if (!watch(task, why))
        return false;
    if (job_pace_must_stop(task->done, task->failed, task->wish.rules.stop_above))
        return stop_by_itself(task, why);
    size_t limit = room(task);
    *wait_ms = job_pace_wait_ms(&task->pace, clock_ticks_us());
    if (limit == 0) {
        *wait_ms = *wait_ms > 0 ? *wait_ms : LOOK_MS;
        return true;
    }
    if (!(task->replay ? step_events(task, limit, &stepped, why)
                       : step_items(task, limit, &stepped, why)))
        return false;
    job_pace_take(&task->pace, stepped.tried);
    task->done += (int64_t)stepped.done;
    task->failed += (int64_t)stepped.failed;
    if (!stepped.is_over)
        return true;
    if (!task->watch || job_watch_is_empty(task->watch))
        return end_run(task, JOB_DONE, NULL, why);
    *wait_ms = LOOK_MS; /* for what became of the last ones */
    return true;
}

/* ---- steps ---- */

/* A job that cannot go on stops, and says why; a person may have it go on. */
static void give_up(const struct job_task *task, const struct fault *reason)
{
    struct fault why;
    if (!end_run(task, JOB_STOPPED, reason->text, &why) && why.kind != FAULT_REFUSE)
        log_error("job.not_stopped", "job=%" PRId64 " why=\"%s\"", task->job, why.text);
}

/* What passes by itself is tried again, for ever. */
static void wait_after(struct job_task *task, const struct fault *reason)
{
    int64_t pause_ms = FIRST_PAUSE_MS;
    for (int i = 0; i < task->failures && pause_ms < LONGEST_PAUSE_MS; i++)
        pause_ms *= 2;
    task->failures++;
    task->not_before_ms = clock_ticks_ms() + pause_ms;
    log_warn("job.retry", "job=%" PRId64 " in_ms=%" PRId64 " why=\"%s\"", task->job, pause_ms,
             reason->text);
}

static bool is_active(enum job_state state)
{
    return state == JOB_COLLECTING || state == JOB_RUNNING;
}

static bool advance(struct job_task *task, const struct standing *standing, int64_t *wait_ms,
                    struct fault *why)
{
    if (standing->state != task->state) {
        drop_parts(task);
        task->state = JOB_CANCELLED; /* until its parts are made */
        if (standing->state == JOB_RUNNING && !begin_running(task, standing, why)) {
            drop_parts(task);
            return false;
        }
        task->state = standing->state;
    }
    return task->state == JOB_RUNNING ? run_step(task, wait_ms, why) : collect(task, why);
}

/* Whether a step failed because somebody paused or ended the job meanwhile. */
static bool was_turned(const struct job_task *task, enum job_state before)
{
    struct fault why;
    struct standing standing = {.is_read = false};
    bool is_turned = look_up(task, &standing, &why) && standing.state != before;
    free(standing.detail);
    return is_turned;
}

void job_task_step(struct job_task *task, int64_t *wait_ms, bool *is_over)
{
    struct fault why;
    struct standing standing = {.is_read = false};
    int64_t pause_ms = task->not_before_ms - clock_ticks_ms();
    *wait_ms = 0;
    *is_over = false;
    if (pause_ms > 0) {
        *wait_ms = pause_ms;
        return;
    }
    bool is_done = look_up(task, &standing, &why);
    *is_over = is_done && !is_active(standing.state);
    is_done = is_done && (*is_over || advance(task, &standing, wait_ms, &why));
    free(standing.detail);
    if (is_done)
        task->failures = 0;
    else if (why.kind != FAULT_REFUSE)
        wait_after(task, &why);
    else if (!was_turned(task, standing.state))
        give_up(task, &why);
}
