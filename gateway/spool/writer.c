/* SPDX-License-Identifier: Apache-2.0 */
/* The one thread that writes: whatever queued while the last fsync ran goes into the next group. */
#include "spool/writer.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <unistd.h>

enum { IDLE_MS = 250 };

static bool write_tasks(struct store *store, struct task *tasks, struct fault *why)
{
    if (!store_begin(store, why))
        return false;
    for (struct task *task = tasks; task; task = task->next) {
        if (task->write(task, store, why))
            continue;
        if (why->kind != FAULT_REFUSE)
            return false;
        task->refusal = *why;
    }
    return store_commit(store, why);
}

static void end_tasks(struct queue *queue, struct task *tasks, const struct fault *why)
{
    int64_t entries = 0;
    int64_t bytes = 0;
    for (struct task *task = tasks; task;) {
        struct task *next = task->next; /* the task is gone after its end */
        struct fault refusal = task->refusal;
        entries += task->entries;
        bytes += task->bytes;
        task->end(task, why ? why : refusal.kind != FAULT_NONE ? &refusal : NULL);
        task = next;
    }
    queue_give_back(queue, entries, bytes);
}

/* In the writer's own thread and connection: older SQLite can damage a WAL that two connections
 * write or checkpoint at once.  Readers that follow each other closely can keep the WAL from ever
 * beginning anew; when it has grown to a multiple, the writer waits a moment for them. */
static void checkpoint(struct spool *spool)
{
    enum { PATIENCE_MS = 100, MANY = 4 };
    sqlite3 *database = spool->store.database;
    bool is_long = spool->wal_frames >= MANY * spool->options.checkpoint_pages;
    int mode = is_long ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
    int log = 0;
    int done = 0;
    (void)sqlite3_busy_timeout(database, PATIENCE_MS);
    int code = sqlite3_wal_checkpoint_v2(database, NULL, mode, &log, &done);
    (void)sqlite3_busy_timeout(database, DATABASE_BUSY_MS);
    if (code != SQLITE_OK && code != SQLITE_BUSY)
        log_error("spool.checkpoint_failed", "why=\"%s\"", sqlite3_errstr(code));
    /* Where the WAL goes on all the same: not again at each commit. */
    spool->checkpoint_at = log + spool->options.checkpoint_pages;
}

/* What was overwritten in the database lies in the WAL as it was, until that is cut to nothing; it
 * cannot be while a reader looks at it, and is tried again. */
static void shorten_log(struct spool *spool)
{
    enum { PATIENCE_MS = 100, PAUSE_MS = 1000 };
    sqlite3 *database = spool->store.database;
    (void)sqlite3_busy_timeout(database, PATIENCE_MS);
    int code = sqlite3_wal_checkpoint_v2(database, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    (void)sqlite3_busy_timeout(database, DATABASE_BUSY_MS);
    if (code != SQLITE_OK && code != SQLITE_BUSY)
        log_error("spool.checkpoint_failed", "why=\"%s\"", sqlite3_errstr(code));
    spool->store.wants_short_log = code != SQLITE_OK;
    spool->shorten_at_ms = clock_ticks_ms() + PAUSE_MS; /* a backup may read for minutes */
    if (code == SQLITE_OK)
        spool->checkpoint_at = spool->options.checkpoint_pages;
}

/* Takes out of the list what must not be lost with its group. */
static struct task *take_lasting(struct task **tasks)
{
    struct task *lasting = NULL;
    struct task **last = &lasting;
    for (struct task **place = tasks; *place;) {
        struct task *task = *place;
        if (!task->is_lasting) {
            place = &task->next;
            continue;
        }
        *place = task->next;
        task->next = NULL;
        task->refusal.kind = FAULT_NONE;
        *last = task;
        last = &task->next;
    }
    return lasting;
}

static void fail_group(struct spool *spool, struct task *tasks, const struct fault *why)
{
    store_rollback(&spool->store);
    if (spool->failures++ == 0)
        log_error("spool.group_failed", "why=\"%s\"", why->text);
    spool->levels_at_ms = 0; /* a full disk shows in the levels at once */
    struct task *lasting = take_lasting(&tasks);
    end_tasks(&spool->queue, tasks, why);
    if (!queue_put_back(&spool->queue, lasting))
        end_tasks(&spool->queue, lasting, why);
    else if (lasting)
        (void)usleep(IDLE_MS * 1000); /* the disk seldom mends sooner */
}

static void run_group(struct spool *spool, struct task *tasks)
{
    struct store *store = &spool->store;
    const struct counters before = store->counters;
    struct fault why;
    if (!write_tasks(store, tasks, &why)) {
        store->counters = before;
        if (why.is_damage)
            progress_note_damage(&spool->progress);
        fail_group(spool, tasks, &why);
        return;
    }
    if (spool->failures > 0)
        log_info("spool.group_well", "failures=%" PRId64, spool->failures);
    spool->failures = 0;
    spool->groups++;
    progress_move(&spool->progress, &store->counters);
    end_tasks(&spool->queue, tasks, NULL);
    if (store->counters.changes != before.changes)
        watchers_call(&spool->watchers);
    if (spool->wal_frames >= spool->checkpoint_at)
        checkpoint(spool);
}

static void *write_groups(void *own)
{
    struct spool *spool = own;
    (void)pthread_setname_np(pthread_self(), "spool-writer"); /* only to be told apart in top -H */
    while (!queue_is_ended(&spool->queue)) {
        struct task *tasks = queue_take(&spool->queue, IDLE_MS);
        if (tasks)
            run_group(spool, tasks);
        if (clock_ticks_ms() >= spool->levels_at_ms) {
            levels_refresh(spool);
            spool->levels_at_ms = clock_ticks_ms() + IDLE_MS;
        }
        if (spool->store.wants_short_log && clock_ticks_ms() >= spool->shorten_at_ms)
            shorten_log(spool);
    }
    return NULL;
}

static int note_wal(void *own, sqlite3 *database, const char *name, int frames)
{
    (void)database;
    (void)name;
    struct spool *spool = own;
    if (frames < spool->wal_frames) /* it began anew */
        spool->checkpoint_at = spool->options.checkpoint_pages;
    spool->wal_frames = frames;
    return SQLITE_OK;
}

bool writer_start(struct spool *spool, struct fault *why)
{
    spool->checkpoint_at = spool->options.checkpoint_pages;
    (void)sqlite3_wal_hook(spool->store.database, note_wal, spool);
    progress_move(&spool->progress, &spool->store.counters);
    levels_refresh(spool);
    if (pthread_create(&spool->writer, NULL, write_groups, spool) != 0)
        return fault_set(why, FAULT_BROKEN, "spool: the writer's thread does not start");
    spool->is_running = true;
    return true;
}

void writer_stop(struct spool *spool)
{
    queue_end(&spool->queue);
    if (spool->is_running)
        (void)pthread_join(spool->writer, NULL);
}

/* ---- work of others in the writer's thread ---- */

/* On the caller's stack until it ends. */
struct call {
    struct task task;
    bool (*work)(struct store *store, void *arguments, struct fault *why);
    void *arguments;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool is_ended; /* guarded by lock, as is the fault */
    struct fault fault;
};

static bool write_call(struct task *task, struct store *store, struct fault *why)
{
    const struct call *call = (const struct call *)task;
    return call->work(store, call->arguments, why);
}

static void end_call(struct task *task, const struct fault *why)
{
    struct call *call = (struct call *)task;
    (void)pthread_mutex_lock(&call->lock);
    call->fault = why ? *why : (struct fault){.kind = FAULT_NONE};
    call->is_ended = true;
    (void)pthread_cond_signal(&call->ended);
    (void)pthread_mutex_unlock(&call->lock);
}

bool writer_goes_on(const struct spool *spool, struct fault *why)
{
    return !atomic_load(&spool->is_interrupted) ||
           fault_set(why, FAULT_RETRY, "spool: the gateway stops: the rest is for another time");
}

bool writer_do(struct spool *spool,
               bool (*work)(struct store *store, void *arguments, struct fault *why),
               void *arguments, struct fault *why)
{
    struct call call = {
        .task = {.write = write_call, .end = end_call},
        .work = work,
        .arguments = arguments,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .ended = PTHREAD_COND_INITIALIZER,
    };
    bool is_put = queue_put(&spool->queue, &call.task, NO_LIMIT, NO_LIMIT, why);
    if (is_put) {
        (void)pthread_mutex_lock(&call.lock);
        while (!call.is_ended)
            (void)pthread_cond_wait(&call.ended, &call.lock);
        (void)pthread_mutex_unlock(&call.lock);
        if (call.fault.kind != FAULT_NONE)
            *why = call.fault;
    }
    (void)pthread_cond_destroy(&call.ended);
    (void)pthread_mutex_destroy(&call.lock);
    return is_put && call.fault.kind == FAULT_NONE;
}
