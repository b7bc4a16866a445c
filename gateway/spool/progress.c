/* SPDX-License-Identifier: Apache-2.0 */
/* How far the journal is, for threads that wait for it to move, and how it fares. */
#include "spool/writer.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

void progress_open(struct progress *progress)
{
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&progress->lock, NULL);
    (void)pthread_cond_init(&progress->moved, &attributes);
    (void)pthread_cond_init(&progress->published, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

void progress_close(struct progress *progress)
{
    (void)pthread_cond_destroy(&progress->published);
    (void)pthread_cond_destroy(&progress->moved);
    (void)pthread_mutex_destroy(&progress->lock);
}

void progress_move(struct progress *progress, const struct counters *counters)
{
    (void)pthread_mutex_lock(&progress->lock);
    bool is_published = progress->watermark != counters->watermark;
    progress->last_next = counters->last_next;
    progress->watermark = counters->watermark;
    progress->levels.last_number = counters->last_number;
    /* After a repair numbers leap, and nothing stands under those between. */
    progress->levels.unpublished =
        counters->last_next > counters->watermark ? counters->last_next - counters->watermark : 0;
    progress->levels.parked = counters->parked;
    progress->levels.dead = counters->dead;
    progress->levels.entries = counters->entries;
    progress->levels.deliveries_waiting = counters->deliveries[DELIVERY_WAITING];
    progress->levels.deliveries_parked = counters->deliveries[DELIVERY_PARKED];
    progress->levels.deliveries_dead = counters->deliveries[DELIVERY_DEAD];
    progress->last_arrival = counters->last_arrival;
    (void)pthread_cond_broadcast(&progress->moved);
    if (is_published)
        (void)pthread_cond_broadcast(&progress->published);
    (void)pthread_mutex_unlock(&progress->lock);
}

bool progress_has_room(struct progress *progress, struct fault *why)
{
    (void)pthread_mutex_lock(&progress->lock);
    bool is_below = progress->levels.below_reserve;
    bool is_damaged = progress->levels.is_damaged;
    (void)pthread_mutex_unlock(&progress->lock);
    if (is_damaged)
        return fault_set(why, FAULT_RETRY, "spool: a page of it is damaged; nothing more goes in");
    return !is_below || fault_set(why, FAULT_RETRY, "spool: the disk is below its reserve");
}

void progress_note_damage(struct progress *progress)
{
    (void)pthread_mutex_lock(&progress->lock);
    bool is_new = !progress->levels.is_damaged;
    progress->levels.is_damaged = true;
    (void)pthread_mutex_unlock(&progress->lock);
    if (is_new)
        log_error("spool.damaged", "says=\"a write met a damaged page: nothing more is accepted; "
                                   "see lienthong spool repair\"");
}

void progress_end(struct progress *progress)
{
    (void)pthread_mutex_lock(&progress->lock);
    progress->is_closed = true;
    (void)pthread_cond_broadcast(&progress->moved);
    (void)pthread_cond_broadcast(&progress->published);
    (void)pthread_mutex_unlock(&progress->lock);
}

/* The time of the condition variables' clock that is so far from now. */
static struct timespec in_ms(int64_t timeout_ms)
{
    int64_t until = clock_ticks_ms() + timeout_ms;
    return (struct timespec){.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
}

bool spool_wait_above(struct spool *spool, int64_t after, int64_t timeout_ms)
{
    struct progress *progress = &spool->progress;
    const struct timespec limit = in_ms(timeout_ms);
    (void)pthread_mutex_lock(&progress->lock);
    while (progress->last_next <= after && !progress->is_closed)
        if (pthread_cond_timedwait(&progress->moved, &progress->lock, &limit) == ETIMEDOUT)
            break;
    bool is_above = progress->last_next > after;
    (void)pthread_mutex_unlock(&progress->lock);
    return is_above;
}

int64_t spool_wait_published(struct spool *spool, int64_t seen, int64_t timeout_ms)
{
    struct progress *progress = &spool->progress;
    const struct timespec limit = in_ms(timeout_ms);
    (void)pthread_mutex_lock(&progress->lock);
    while (progress->watermark == seen && !progress->is_closed)
        if (pthread_cond_timedwait(&progress->published, &progress->lock, &limit) == ETIMEDOUT)
            break;
    int64_t watermark = progress->watermark;
    (void)pthread_mutex_unlock(&progress->lock);
    return watermark;
}

int64_t spool_watermark(struct spool *spool)
{
    (void)pthread_mutex_lock(&spool->progress.lock);
    int64_t watermark = spool->progress.watermark;
    (void)pthread_mutex_unlock(&spool->progress.lock);
    return watermark;
}

int64_t spool_last_arrival(struct spool *spool)
{
    (void)pthread_mutex_lock(&spool->progress.lock);
    int64_t last = spool->progress.last_arrival;
    (void)pthread_mutex_unlock(&spool->progress.lock);
    return last;
}

void spool_levels(struct spool *spool, struct spool_levels *levels)
{
    (void)pthread_mutex_lock(&spool->progress.lock);
    *levels = spool->progress.levels;
    (void)pthread_mutex_unlock(&spool->progress.lock);
    queue_levels(&spool->queue, &levels->queue_entries, &levels->queue_bytes);
}

static int64_t size_of(const char *file, const char *suffix)
{
    struct stat status;
    auto_free(free) char *path = NULL;
    if (asprintf(&path, "%s%s", file, suffix) < 0) {
        path = NULL;
        return 0;
    }
    return stat(path, &status) == 0 ? status.st_size : 0;
}

static int64_t free_bytes(const struct spool *spool)
{
    struct statvfs disk;
    if (fstatvfs(spool->lock_file, &disk) != 0)
        return INT64_MAX; /* a disk that cannot be asked is not known to be full */
    return (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
}

/* Arrival of the oldest entry that is ready and unpublished; 0 when there is none. */
static int64_t oldest_ready(struct store *store)
{
    int64_t oldest = 0;
    struct fault why;
    auto_free(sqlite3_finalize) sqlite3_stmt *find = database_prepare(
        store->database,
        "SELECT received_at FROM entry WHERE number > ? AND state = 0 ORDER BY number LIMIT 1",
        &why);
    bool found = false;
    if (find) {
        bind_number(find, 1, store->counters.watermark);
        if (database_next(store->database, find, "look for the oldest", &found, &why) && found)
            oldest = sqlite3_column_int64(find, 0);
    }
    return oldest;
}

void levels_refresh(struct spool *spool)
{
    int64_t oldest = spool->store.counters.last_next > spool->store.counters.watermark
                         ? oldest_ready(&spool->store)
                         : 0;
    int64_t file = size_of(spool->file, "") + size_of(spool->file, "-wal");
    int64_t left = free_bytes(spool);
    bool is_below = left < spool->options.reserve_bytes;
    (void)pthread_mutex_lock(&spool->progress.lock);
    struct spool_levels *levels = &spool->progress.levels;
    bool was_below = levels->below_reserve;
    levels->oldest_ms = oldest;
    levels->is_overdue = oldest && clock_now_ms() - oldest > spool->options.overdue_ms;
    levels->file_bytes = file;
    levels->free_bytes = left;
    levels->below_reserve = is_below;
    levels->groups = spool->groups;
    (void)pthread_mutex_unlock(&spool->progress.lock);
    if (is_below && !was_below)
        log_error("spool.disk_low", "free_bytes=%" PRId64 " reserve_bytes=%" PRId64, left,
                  spool->options.reserve_bytes);
    if (!is_below && was_below)
        log_info("spool.disk_well", "free_bytes=%" PRId64, left);
}
