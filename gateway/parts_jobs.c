/* SPDX-License-Identifier: Apache-2.0 */
/* How bulk replays are joined to Kafka, which sends events again, and to what is told of releases.
 */
#include "parts_jobs.h"

#include "base/cleanup.h"
#include "kafka/republish.h"
#include "operate/event_filter.h"

/* ---- events that are sent again ---- */

static struct job_part part_of(const struct republish_part *part)
{
    return (struct job_part){.partition = part->partition,
                             .from = part->from,
                             .to = part->to,
                             .next = part->next,
                             .sent = part->sent,
                             .first_ms = part->first_ms};
}

static struct republish_part republished(const struct job_part *part)
{
    return (struct republish_part){.partition = part->partition,
                                   .from = part->from,
                                   .to = part->to,
                                   .next = part->next,
                                   .sent = part->sent,
                                   .first_ms = part->sent ? part->first_ms : 0};
}

/* The caller frees it; NULL without memory. */
static struct republish_part *copy_parts(const struct job_part *parts, size_t count)
{
    struct republish_part *copy = calloc(count + 1, sizeof *copy);
    for (size_t i = 0; copy && i < count; i++)
        copy[i] = republished(&parts[i]);
    return copy;
}

static bool plan_events(void *own, const struct job_stretch *stretch, struct job_part **parts,
                        size_t *count, struct fault *why)
{
    const struct kafka_options kafka = kafka_of(own);
    auto_free(free) struct republish_part *offsets = copy_parts(stretch->offsets, stretch->count);
    auto_free(free) struct republish_part *planned = NULL;
    if (!offsets)
        return fault_memory(why);
    const struct republish_wish wish = {.from_ms = stretch->from_ms,
                                        .to_ms = stretch->to_ms,
                                        .offsets = stretch->offsets ? offsets : NULL,
                                        .count = stretch->count};
    if (!republish_plan(&kafka, &wish, &planned, count, why))
        return false;
    *parts = calloc(*count + 1, sizeof **parts);
    if (!*parts)
        return fault_memory(why);
    for (size_t i = 0; i < *count; i++)
        (*parts)[i] = part_of(&planned[i]);
    return true;
}

/* One job's sender, with what chooses its events. */
struct sender {
    struct republish *republish;
    struct event_filter *filter; /* NULL: all of them */
};

static void close_sender(void *own)
{
    struct sender *sender = own;
    republish_close(sender->republish);
    event_filter_free(sender->filter);
    free(sender);
}

static bool is_wanted(void *own, const void *value, size_t size, bool *wanted, struct fault *why)
{
    const struct sender *sender = own;
    return event_filter_wants(sender->filter, value, size, wanted, why);
}

static bool open_filter(const struct daemon *daemon, const struct job_sending *sending,
                        struct sender *sender, struct fault *why)
{
    const struct event_filter_options options = {
        .schema = daemon->event_schema,
        .schema_no = repair_mender(daemon->repair)->schema_no,
        .spool_file = daemon->config->spool.file,
        .registry = daemon->jobs_registry,
        .place = daemon->place,
        .partner = sending->partner,
        .agency = sending->agency,
    };
    if (!sending->partner && !sending->agency)
        return true;
    sender->filter = event_filter_new(&options, why);
    return sender->filter != NULL;
}

static void *open_sender(void *own, const struct job_sending *sending, struct fault *why)
{
    const struct daemon *daemon = own;
    struct sender *sender = calloc(1, sizeof *sender);
    auto_free(free) struct republish_part *parts = copy_parts(sending->parts, sending->count);
    const struct republish_options options = {
        .kafka = kafka_of(daemon),
        .job = sending->job,
        .made_ms = sending->made_ms,
        .only_counts = sending->only_counts,
        .wanted = sending->partner || sending->agency ? is_wanted : NULL,
        .own = sender,
    };
    if (!sender || !parts) {
        free(sender);
        (void)fault_memory(why);
        return NULL;
    }
    if (open_filter(daemon, sending, sender, why))
        sender->republish = republish_open(&options, parts, sending->count, why);
    if (sender->republish)
        return sender;
    close_sender(sender);
    return NULL;
}

static bool step_sender(void *own, size_t limit, struct job_part *parts, struct fault *why)
{
    const struct sender *sender = own;
    size_t count;
    if (!republish_step(sender->republish, limit, why))
        return false;
    const struct republish_part *now = republish_parts(sender->republish, &count);
    for (size_t i = 0; i < count; i++) {
        int64_t expected = parts[i].expected, first_ms = parts[i].first_ms;
        parts[i] = part_of(&now[i]);
        parts[i].expected = expected;
        if (first_ms)
            parts[i].first_ms = first_ms;
    }
    return true;
}

/* ---- what is told of deliveries ---- */

static bool tell_released(void *own, const struct spool_delivery *delivery,
                          struct spool_settlement *settlement, void **memory, struct fault *why)
{
    const struct daemon *daemon = own;
    const struct told told = {.outcome = OUTCOME_RELEASED,
                              .at_ms = settlement->at_ms,
                              .attempts = delivery->attempts,
                              .detail = settlement->detail};
    if (!daemon->tells.receipt)
        return true; /* nothing is delivered here, and nobody is told of it */
    struct tellings *tellings = calloc(1, sizeof *tellings);
    if (!tellings)
        return fault_memory(why);
    if (!tell_outcome(&daemon->tells, delivery, &told, tellings, why)) {
        free(tellings);
        return false;
    }
    settlement->notices = tellings->notices;
    settlement->notice_count = tellings->count;
    *memory = tellings;
    return true;
}

static void forget_told(void *memory)
{
    if (memory)
        tell_free(memory);
    free(memory);
}

/* ---- the parts ---- */

static bool needs_approval(void *own, const char *partner)
{
    const struct daemon *daemon = own;
    return repair_needs_approval(daemon->repair, partner);
}

static bool start_runner(struct daemon *daemon, struct fault *why)
{
    const struct job_runner_options options = {
        .spool = daemon->spool,
        .spool_file = daemon->config->spool.file,
        .mender = repair_mender(daemon->repair),
        .needs_approval = needs_approval,
        .own = daemon,
        .tell = {.own = daemon, .released = tell_released, .forget = forget_told},
        .events = {.own = daemon,
                   .plan = plan_events,
                   .open = open_sender,
                   .step = step_sender,
                   .close = close_sender},
    };
    daemon->job_runner = job_runner_start(&options, why);
    return daemon->job_runner != NULL;
}

bool start_jobs(struct daemon *daemon, struct fault *why)
{
    if (!registry_configured(daemon->config, &daemon->jobs_registry, why) ||
        !start_runner(daemon, why))
        return false;
    const struct job_calls_options options = {
        .spool = daemon->spool,
        .spool_file = daemon->config->spool.file,
        .adapters = daemon->adapters,
        .runner = daemon->job_runner,
    };
    daemon->job_calls = job_calls_open(&options, why);
    return daemon->job_calls != NULL;
}

void stop_jobs(struct daemon *daemon)
{
    registry_interrupt(daemon->jobs_registry); /* a silent one would hold up the stop */
    job_runner_stop(daemon->job_runner);
    job_calls_close(daemon->job_calls);
    registry_close(daemon->jobs_registry);
}
