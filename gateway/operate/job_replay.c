/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs that send events again: one item for each partition, which says how far it is. */
#include "base/cleanup.h"
#include "operate/job_events.h"

#include <string.h>

#define IN(state) (1U << (state))

enum { PARTS_MOST = 10000 };

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(struct job_replay *, job_replay_free)

struct job_replay {
    const struct job_events *events;
    struct spool *spool;
    int64_t job;
    int64_t made_ms; /* of the job; 0 in a preview */
    const struct job_wish *wish;
    bool is_preview;
    void *sender; /* NULL: there is nothing to send */
    struct job_part *parts;
    size_t count;
};

static struct job_replay *make(const struct job_events *events, struct spool *spool, int64_t job,
                               const struct job_wish *wish, struct fault *why)
{
    struct job_replay *replay = calloc(1, sizeof *replay);
    if (!replay) {
        (void)fault_memory(why);
        return NULL;
    }
    replay->events = events;
    replay->spool = spool;
    replay->job = job;
    replay->wish = wish;
    return replay;
}

void job_replay_free(struct job_replay *replay)
{
    if (!replay)
        return;
    if (replay->sender)
        replay->events->close(replay->sender);
    free(replay->parts);
    free(replay);
}

static bool open_sender(struct job_replay *replay, struct fault *why)
{
    const json_t *filter = json_object_get(replay->wish->what, "filter");
    const struct job_sending sending = {
        .job = replay->job,
        .made_ms = replay->made_ms,
        .only_counts = replay->is_preview,
        .partner = json_string_value(json_object_get(filter, "partner")),
        .agency = json_string_value(json_object_get(filter, "agency")),
        .parts = replay->parts,
        .count = replay->count,
    };
    if (replay->count == 0)
        return true;
    replay->sender = replay->events->open(replay->events->own, &sending, why);
    return replay->sender != NULL;
}

/* ---- items ---- */

/* The caller frees the text. */
static char *write_part(const struct job_part *part)
{
    auto_free(json_decref) json_t *json = json_pack(
        "{sI sI sI sI sI sI}", "from", (json_int_t)part->from, "to", (json_int_t)part->to, /**/
        "next", (json_int_t)part->next, "sent", (json_int_t)part->sent,                    /**/
        "expected", (json_int_t)part->expected, "first_ms", (json_int_t)part->first_ms);
    return json ? json_dumps(json, JSON_COMPACT) : NULL;
}

bool job_part_read(const struct job_item *item, struct job_part *part)
{
    json_int_t numbers[6];
    auto_free(json_decref) json_t *json = item->detail ? json_loads(item->detail, 0, NULL) : NULL;
    if (!json || json_unpack(json, "{sI sI sI sI sI sI}", "from", &numbers[0], "to", &numbers[1],
                             "next", &numbers[2], "sent", &numbers[3], "expected", &numbers[4],
                             "first_ms", &numbers[5]) != 0)
        return false;
    *part = (struct job_part){.partition = (int32_t)item->subject,
                              .from = numbers[0],
                              .to = numbers[1],
                              .next = numbers[2],
                              .sent = numbers[3],
                              .expected = numbers[4],
                              .first_ms = numbers[5]};
    return true;
}

static int64_t total_sent(const struct job_replay *replay)
{
    int64_t sent = 0;
    for (size_t i = 0; i < replay->count; i++)
        sent += replay->parts[i].sent;
    return sent;
}

/* What a preview counted is what is expected of the run, which begins at the beginning. */
static struct job_part shown(const struct job_replay *replay, size_t at)
{
    struct job_part part = replay->parts[at];
    if (!replay->is_preview)
        return part;
    part.expected = part.sent;
    part.sent = 0;
    part.next = part.from;
    return part;
}

static bool keep(const struct job_replay *replay, struct fault *why)
{
    auto_free(free) struct job_item *items = calloc(replay->count + 1, sizeof *items);
    bool is_good = items != NULL;
    for (size_t i = 0; is_good && i < replay->count; i++) {
        const struct job_part part = shown(replay, i);
        char *detail = write_part(&part);
        items[i] = (struct job_item){
            .subject = part.partition,
            .due_at_ms = part.first_ms ? part.first_ms : 1,
            .state = part.next < part.to ? ITEM_WOULD_PASS : ITEM_DONE,
            .detail = detail,
        };
        is_good = detail != NULL;
    }
    is_good = is_good ? spool_job_items(replay->spool, replay->job, items, replay->count,
                                        total_sent(replay), why)
                      : fault_memory(why);
    for (size_t i = 0; items && i < replay->count; i++)
        free((void *)(uintptr_t)items[i].detail);
    return is_good;
}

/* ---- the stretch that is asked for ---- */

static bool read_offset(const json_t *json, struct job_part *part)
{
    const json_t *to = json_object_get(json, "to");
    const json_t *partition = json_object_get(json, "partition");
    const json_t *from = json_object_get(json, "from");
    *part = (struct job_part){.partition = (int32_t)json_integer_value(partition),
                              .from = json_integer_value(from),
                              .to = to ? json_integer_value(to) : INT64_MAX};
    return json_is_integer(partition) && json_integer_value(partition) >= 0 &&
           json_integer_value(partition) <= INT32_MAX && part->from >= 0 &&
           (!from || json_is_integer(from)) && (!to || json_is_integer(to)) &&
           json_object_size(json) == (size_t)(1 + (from != NULL) + (to != NULL));
}

/* `*offsets` is the caller's to free; NULL when it is not asked for by offset. */
static bool read_offsets(const json_t *list, struct job_part **offsets, size_t *count,
                         struct fault *why)
{
    *count = json_array_size(list);
    if (!list)
        return true;
    if (!json_is_array(list) || *count == 0 || *count > PARTS_MOST)
        return fault_set(why, FAULT_REFUSE, "filter.offsets: a list of {partition, from, to}");
    *offsets = calloc(*count, sizeof **offsets);
    if (!*offsets)
        return fault_memory(why);
    for (size_t i = 0; i < *count; i++)
        if (!read_offset(json_array_get(list, i), &(*offsets)[i]))
            return fault_set(why, FAULT_REFUSE, "filter.offsets: a list of {partition, from, to}");
    return true;
}

static bool plan(struct job_replay *replay, struct fault *why)
{
    const json_t *filter = json_object_get(replay->wish->what, "filter");
    struct job_stretch stretch = {.from_ms = 0};
    auto_free(free) struct job_part *offsets = NULL;
    if (!job_wish_times(filter, &stretch.from_ms, &stretch.to_ms, why) ||
        !read_offsets(json_object_get(filter, "offsets"), &offsets, &stretch.count, why))
        return false;
    stretch.offsets = offsets;
    return replay->events->plan(replay->events->own, &stretch, &replay->parts, &replay->count, why);
}

struct job_replay *job_replay_preview(const struct job_events *events, struct spool *spool,
                                      int64_t job, const struct job_wish *wish, struct fault *why)
{
    auto_free(job_replay_free) struct job_replay *replay = make(events, spool, job, wish, why);
    if (!replay)
        return NULL;
    replay->is_preview = true;
    return plan(replay, why) && open_sender(replay, why) ? steal(replay) : NULL;
}

/* ---- the run ---- */

static bool add_part(void *own, const struct job_item *item)
{
    struct job_replay *replay = own;
    replay->count += job_part_read(item, &replay->parts[replay->count]);
    return true;
}

struct job_replay *job_replay_run(const struct job_events *events, struct spool *spool,
                                  struct spool_reader *reader, const struct spool_job *job,
                                  const struct job_wish *wish, struct fault *why)
{
    const struct job_items_range range = {
        .job = job->job, .states = IN(ITEM_WOULD_PASS) | IN(ITEM_DONE), .after_due_ms = INT64_MIN};
    int64_t items = job->counts[ITEM_WOULD_PASS] + job->counts[ITEM_DONE];
    auto_free(job_replay_free) struct job_replay *replay = make(events, spool, job->job, wish, why);
    if (!replay)
        return NULL;
    replay->made_ms = job->made_ms;
    replay->parts = calloc((size_t)items + 1, sizeof *replay->parts);
    if (!replay->parts) {
        (void)fault_memory(why);
        return NULL;
    }
    if (!spool_job_items_of(reader, &range, add_part, replay, why))
        return NULL;
    return open_sender(replay, why) ? steal(replay) : NULL;
}

/* ---- steps ---- */

static bool is_over(const struct job_replay *replay)
{
    for (size_t i = 0; i < replay->count; i++)
        if (replay->parts[i].next < replay->parts[i].to)
            return false;
    return true;
}

bool job_replay_step(struct job_replay *replay, size_t limit, size_t *sent, bool *over,
                     struct fault *why)
{
    int64_t before = total_sent(replay);
    if (replay->sender && !is_over(replay) &&
        !replay->events->step(replay->sender, limit, replay->parts, why))
        return false;
    *over = is_over(replay);
    *sent = (size_t)(total_sent(replay) - before);
    /* A preview is begun again by whoever comes after a kill: it is kept once, at its end. */
    return (replay->is_preview && !*over) || keep(replay, why);
}

int64_t job_replay_oldest(const struct job_replay *replay)
{
    int64_t oldest_ms = 0;
    for (size_t i = 0; i < replay->count; i++) {
        int64_t at_ms = replay->parts[i].first_ms;
        if (at_ms && (!oldest_ms || at_ms < oldest_ms))
            oldest_ms = at_ms;
    }
    return oldest_ms;
}
