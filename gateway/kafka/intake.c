/* SPDX-License-Identifier: Apache-2.0 */
/* Takes records from the group, and stores what they are in the spool with the positions. */
#include "kafka/intake.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "kafka/arrivals.h"
#include "kafka/member.h"
#include "kafka/topics.h"

#include <inttypes.h>

enum {
    QUIET_MS = 5000,     /* after which positions are stored that no record goes with */
    FIRST_MS = 3000,     /* of a client, in which no answer is nothing to speak of */
    PATIENCE_MS = 15000, /* after which it is told that the group gives nothing */
    SETTLED_MS = 5000,   /* of an unchanged share: no rebalance is under way */
    PARTIAL_MS = 30000   /* of less than all: then the group is made to give out anew, once */
};

struct intake {
    struct subscriber_options options;
    struct spool *spool;
    struct stop *stop;
    char *topic;
    struct spool_reader *reader;
    struct arrivals *arrivals;
    struct member *member;  /* NULL: to be opened */
    bool is_in;             /* it has asked to join */
    int64_t asked_at_ms;    /* when the member was opened, or asked: by the clock's ticks */
    size_t partition_count; /* of the topic, when it joined */
    size_t share;           /* partitions that it held last */
    size_t told_share;      /* of which the log knows */
    int64_t share_since_ms; /* by the clock's ticks */
    bool is_another;        /* the member has a second id */
    size_t taken;           /* records in hand that are among the arrivals, or concern nobody */
    bool is_anew;           /* positions of before are to be forgotten */
    int64_t stored_at_ms;   /* by the clock's ticks */

    struct metric *read;
    struct metric *unread;
    struct metric *lag;
};

ENDS_WITH_SCOPE(struct intake *, intake_close)

/* ---- life ---- */

static void name_metrics(struct intake *intake)
{
    static const char name[] = "lienthong_subscribed_total";
    static const char about[] = "records taken from the events' topic";
    intake->read = metrics_counter(name, about, "outcome=\"read\"");
    intake->unread = metrics_counter(name, about, "outcome=\"unread\"");
    intake->lag = metrics_gauge("lienthong_subscriber_lag",
                                "records before the end of the events' topic; -1: not known", NULL);
}

static bool open_member(struct intake *intake, struct fault *why)
{
    const struct member_options options = {
        .kafka = &intake->options.kafka,
        .topic = intake->topic,
        .reader = intake->reader,
        .batch_entries = intake->options.batch_entries,
        .batch_bytes = intake->options.batch_bytes,
        .leaves_group = intake->options.leaves_group,
        .is_another = intake->is_another,
    };
    intake->member = member_open(&options, why);
    intake->asked_at_ms = clock_ticks_ms();
    return intake->member != NULL;
}

struct intake *intake_open(const struct subscriber_options *options, struct spool *spool,
                           struct stop *stop, struct fault *why)
{
    auto_free(intake_close) struct intake *intake = calloc(1, sizeof *intake);
    if (!intake) {
        fault_memory(why);
        return NULL;
    }
    intake->options = *options;
    intake->spool = spool;
    intake->stop = stop;
    intake->is_anew = options->starts_anew;
    intake->stored_at_ms = clock_ticks_ms();
    name_metrics(intake);
    intake->topic = kafka_topic(&intake->options.kafka, TOPIC_EVENTS, why);
    if (!intake->topic)
        return NULL;
    intake->reader = spool_reader_open(intake->options.spool_file, why);
    if (!intake->reader)
        return NULL;
    intake->arrivals = arrivals_new(&intake->options, spool, intake->reader, why);
    return intake->arrivals && open_member(intake, why) ? steal(intake) : NULL;
}

static void drop_member(struct intake *intake)
{
    arrivals_clear(intake->arrivals);
    intake->taken = 0;
    member_close(intake->member);
    intake->member = NULL;
    intake->is_in = false;
}

void intake_close(struct intake *intake)
{
    if (!intake)
        return;
    arrivals_free(intake->arrivals);
    member_close(intake->member);
    spool_reader_close(intake->reader);
    free(intake->topic);
    free(intake);
}

int64_t intake_lag(const struct intake *intake)
{
    return intake->member ? member_lag(intake->member) : -1;
}

/* ---- a place in the group ---- */

static enum intake_step check_positions(struct intake *intake, enum positions_word word,
                                        struct fault *why)
{
    const struct positions positions = {.client = member_client(intake->member),
                                        .topic = intake->topic,
                                        .spool = intake->spool,
                                        .reader = intake->reader,
                                        .stop = intake->stop};
    struct positions_found found;
    if (intake->is_anew && !spool_replace_positions(intake->spool, intake->topic, NULL, 0, why))
        return INTAKE_WAITS;
    if (intake->options.starts_anew && word == POSITIONS_AS_STORED)
        word = POSITIONS_FROM_START;
    intake->is_anew = false;
    switch (positions_check(&positions, word, &found, why)) {
    case POSITIONS_UNKNOWN:
        return clock_ticks_ms() - intake->asked_at_ms < FIRST_MS ? INTAKE_STARTS : INTAKE_WAITS;
    case POSITIONS_MISFIT:
        return INTAKE_HELD;
    case POSITIONS_FIT:
        break;
    }
    intake->partition_count = (size_t)found.partition_count;
    intake->told_share = intake->partition_count;
    if (found.is_moved)
        log_warn("subscriber.moved", "from=%s by=%s", word == POSITIONS_FROM_END ? "end" : "start",
                 intake->options.starts_anew ? "start" : "operator");
    return INTAKE_GOES;
}

static enum intake_step join(struct intake *intake, enum positions_word word, struct fault *why)
{
    if (!intake->member && !open_member(intake, why))
        return INTAKE_WAITS;
    enum intake_step step = check_positions(intake, word, why);
    if (step == INTAKE_GOES && !member_join(intake->member, why))
        return INTAKE_WAITS;
    return step;
}

/* ---- a batch ---- */

static void tell(const struct intake *intake)
{
    const struct spool_arrival *first = NULL;
    size_t unread = arrivals_unread(intake->arrivals, &first);
    metrics_add(intake->unread, (int64_t)unread);
    metrics_add(intake->read, (int64_t)(intake->taken - unread));
    if (first)
        log_warn("subscriber.unread",
                 "records=%zu partition=%" PRId32 " offset=%" PRId64 " cause=%s why=\"%s\"", unread,
                 first->partition, first->offset, first->targets[0].cause,
                 first->targets[0].reason);
}

/* Stores the taken records; what fails stays in hand for the next step. */
static bool store(struct intake *intake, struct fault *why)
{
    size_t count = 0;
    size_t position_count = 0;
    const struct spool_arrival *list = arrivals_list(intake->arrivals, &count);
    const struct spool_position *positions =
        member_positions(intake->member, intake->taken, &position_count);
    bool is_due = intake->taken > 0 || clock_ticks_ms() - intake->stored_at_ms >= QUIET_MS;
    if (!is_due)
        return true;
    if (position_count == 0) {
        member_tell(intake->member);
        intake->stored_at_ms = clock_ticks_ms();
        return true;
    }
    if (!spool_arrive(intake->spool, list, count, positions, position_count, why))
        return false;
    intake->stored_at_ms = clock_ticks_ms();
    tell(intake);
    arrivals_clear(intake->arrivals);
    member_settle(intake->member, intake->taken);
    intake->taken = 0;
    return true;
}

/* What stands before a record that cannot be taken now is stored; then it is what is waited for. */
static bool take(struct intake *intake, struct fault *why)
{
    size_t count;
    const rd_kafka_message_t *const *records = member_records(intake->member, &count);
    struct fault stuck = {.kind = FAULT_NONE};
    while (intake->taken < count && stuck.kind == FAULT_NONE)
        if (arrivals_add(intake->arrivals, records[intake->taken], &stuck))
            intake->taken++;
    /* The record is tried again under the directory of that time. */
    if (intake->taken == 0 && stuck.kind != FAULT_NONE)
        arrivals_clear(intake->arrivals);
    if (!store(intake, why))
        return false;
    if (stuck.kind == FAULT_NONE)
        return true;
    *why = stuck;
    return false;
}

static void tell_share(struct intake *intake)
{
    intake->told_share = intake->share;
    if (intake->share < intake->partition_count)
        log_error("subscriber.share",
                  "partitions=%zu of=%zu note=\"the rest is with another member of our group, or "
                  "the group does not know of it\"",
                  intake->share, intake->partition_count);
    else
        log_info("subscriber.share", "partitions=%zu of=%zu", intake->share,
                 intake->partition_count);
}

/*
 * Who else is in the group takes deliveries away: a person must know.  But it may also be that
 * partitions were added while we were away: a static member that comes back gets what it had, and
 * the group gives out anew only when a member comes that it does not know.
 */
static void watch_share(struct intake *intake)
{
    int64_t now = clock_ticks_ms();
    size_t share = member_share(intake->member);
    if (share != intake->share)
        intake->share_since_ms = now;
    intake->share = share;
    int64_t age_ms = now - intake->share_since_ms;
    if (share != intake->told_share && age_ms >= SETTLED_MS)
        tell_share(intake);
    if (share >= intake->partition_count || age_ms < PARTIAL_MS || intake->is_another)
        return;
    intake->is_another = true;
    drop_member(intake);
}

static enum intake_step go_on(struct intake *intake, struct fault *why)
{
    size_t in_hand;
    (void)member_records(intake->member, &in_hand);
    if (in_hand == 0 && !member_gather(intake->member, why)) {
        drop_member(intake);
        return INTAKE_WAITS;
    }
    if (!take(intake, why) || !member_is_reached(intake->member, why))
        return INTAKE_WAITS;
    metrics_set(intake->lag, intake_lag(intake));
    if (member_has_joined(intake->member)) {
        watch_share(intake); /* which may end it */
        return INTAKE_GOES;
    }
    if (clock_ticks_ms() - intake->asked_at_ms < PATIENCE_MS)
        return INTAKE_STARTS;
    (void)fault_set(why, FAULT_RETRY, "%s: the consumer group gives no partitions", intake->topic);
    return INTAKE_WAITS;
}

enum intake_step intake_step(struct intake *intake, enum positions_word word, struct fault *why)
{
    if (intake->is_in)
        return go_on(intake, why);
    enum intake_step step = join(intake, word, why);
    if (step == INTAKE_HELD)
        drop_member(intake);
    if (step != INTAKE_GOES)
        return step;
    intake->is_in = true;
    intake->asked_at_ms = clock_ticks_ms();
    return INTAKE_STARTS;
}
