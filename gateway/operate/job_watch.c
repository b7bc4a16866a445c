/* SPDX-License-Identifier: Apache-2.0 */
/* What became of the deliveries that a job released. */
#include "operate/job_watch.h"

#include "base/clock.h"
#include "operate/job_note.h"

#include <stdlib.h>

struct watched {
    int64_t delivery;
    int64_t since_ms; /* of clock_ticks_ms */
};

struct job_watch {
    struct watched list[WATCH_MOST];
    size_t count;
};

struct job_watch *job_watch_new(struct fault *why)
{
    struct job_watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        (void)fault_memory(why);
    return watch;
}

void job_watch_free(struct job_watch *watch)
{
    free(watch);
}

size_t job_watch_room(const struct job_watch *watch)
{
    return WATCH_MOST - watch->count;
}

bool job_watch_is_empty(const struct job_watch *watch)
{
    return watch->count == 0;
}

void job_watch_add(struct job_watch *watch, int64_t delivery, int64_t now_ms)
{
    if (watch->count < WATCH_MOST)
        watch->list[watch->count++] = (struct watched){delivery, now_ms};
}

/* What is seen of one. */
struct sight {
    enum delivery_state state;
    char *note; /* of a dead one; the caller's to free */
};

static bool see(void *own, const struct spool_delivery *delivery)
{
    struct sight *sight = own;
    sight->state = delivery->state;
    if (delivery->state == DELIVERY_DEAD)
        sight->note = job_note_write(delivery->cause ? delivery->cause : "", NULL);
    return false;
}

static bool fail(struct spool *spool, int64_t job, int64_t delivery, const char *note,
                 struct fault *why)
{
    const struct job_item item = {.subject = delivery, .state = ITEM_FAILED, .detail = note};
    return spool_job_items(spool, job, &item, 1, 0, why);
}

/* What is looked with. */
struct looking {
    struct spool *spool;
    struct spool_reader *reader;
    int64_t job;
    int64_t now_ms;
    size_t failed;
};

/* `*stays` says whether it is to be looked at again. */
static bool look_at(struct looking *looking, const struct watched *watched, bool *stays,
                    struct fault *why)
{
    struct sight sight = {.state = DELIVERY_DISCARDED};
    if (!spool_find_delivery(looking->reader, watched->delivery, see, &sight, why) &&
        why->kind != FAULT_REFUSE)
        return false;
    *stays = sight.state == DELIVERY_WAITING && looking->now_ms - watched->since_ms < WATCH_MS;
    if (sight.state != DELIVERY_DEAD)
        return true;
    bool is_kept = fail(looking->spool, looking->job, watched->delivery, sight.note, why);
    free(sight.note);
    looking->failed += is_kept;
    return is_kept;
}

bool job_watch_look(struct job_watch *watch, struct spool *spool, struct spool_reader *reader,
                    int64_t job, size_t *failed, struct fault *why)
{
    struct looking looking = {spool, reader, job, clock_ticks_ms(), 0};
    bool is_done = true;
    size_t kept = 0;
    for (size_t i = 0; i < watch->count; i++) {
        bool stays = true; /* also what was not looked at */
        is_done = is_done && look_at(&looking, &watch->list[i], &stays, why);
        if (stays)
            watch->list[kept++] = watch->list[i];
    }
    watch->count = kept;
    *failed = looking.failed;
    return is_done;
}
