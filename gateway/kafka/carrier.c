/* SPDX-License-Identifier: Apache-2.0 */
/* Reads entries from the spool, sends them in transactions, and settles what became of them. */
#include "kafka/carrier.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "kafka/batch.h"
#include "kafka/framing.h"
#include "kafka/sender.h"
#include "kafka/tempo.h"
#include "kafka/topics.h"

#include <inttypes.h>

enum {
    IDLE_MS = 200,  /* longest wait for a new entry in one step */
    PARKED_MS = 100 /* between looks when all that is left is parked */
};

struct carrier {
    struct publisher_options options;
    struct spool *spool;
    struct stop *stop;
    const _Atomic int64_t *stop_at;

    struct spool_reader *reader;
    struct framing *framing;
    struct sender *sender; /* NULL: to be opened */
    bool is_begun;         /* the sender has its producer id */
    bool has_place;        /* `after` is what Kafka says */
    int64_t after;
    enum place_word word; /* an operator's, until Kafka's progress is ours */
    int64_t highest_then; /* the last number that the spool had given when it was said */
    int64_t suspect;      /* a number that Kafka refused in company: to be tried alone; 0: none */
    int64_t company;      /* bytes of the batch that the suspect was refused in */
    int64_t room;         /* most bytes in a batch: fewer while companions are refused together */
    int64_t passed_over;  /* a dead letter or notice that Kafka refuses; 0: none */

    char *events_topic;
    char *deliveries_topic;
    char *dead_letters_topic;
    char *progress_topic;
    struct batch_form form;
    struct batch batch; /* the one under way; kept while its outcome is in doubt */
    struct spool_place *places;
    int64_t begun_ms;   /* by the clock's ticks, when the last transaction began */
    int64_t last_count; /* records in it */

    struct metric *published;
    struct metric *dead_letters;
    struct metric *notices;
    struct metric *committed;
    struct metric *aborted;
    struct metric *in_doubt;
    struct metric *seconds;
};

/* ---- life ---- */

ENDS_WITH_SCOPE(struct carrier *, carrier_close)
ENDS_WITH_SCOPE(rd_kafka_conf_t *, rd_kafka_conf_destroy)

static bool name_topics(struct carrier *carrier, struct fault *why)
{
    const struct kafka_options *kafka = &carrier->options.kafka;
    carrier->events_topic = kafka_topic(kafka, TOPIC_EVENTS, why);
    carrier->deliveries_topic = kafka_topic(kafka, TOPIC_DELIVERIES, why);
    carrier->dead_letters_topic = kafka_topic(kafka, TOPIC_DEAD_LETTERS, why);
    carrier->progress_topic = kafka_topic(kafka, TOPIC_PROGRESS, why);
    return carrier->events_topic && carrier->deliveries_topic && carrier->dead_letters_topic &&
           carrier->progress_topic;
}

static void name_metrics(struct carrier *carrier)
{
    static const char transactions[] = "lienthong_transactions_total";
    static const char about[] = "Kafka transactions by what became of them";
    carrier->committed = metrics_counter(transactions, about, "outcome=\"committed\"");
    carrier->aborted = metrics_counter(transactions, about, "outcome=\"aborted\"");
    carrier->in_doubt = metrics_counter(transactions, about, "outcome=\"in_doubt\"");
    carrier->published =
        metrics_counter("lienthong_published_total", "events committed to Kafka", NULL);
    carrier->dead_letters =
        metrics_counter("lienthong_dead_letters_total", "dead letters committed to Kafka", NULL);
    carrier->notices =
        metrics_counter("lienthong_notices_total",
                        "receipts and dead letters of deliveries committed to Kafka", NULL);
    carrier->seconds =
        metrics_histogram("lienthong_transaction_seconds", "one Kafka transaction", NULL);
}

static bool check_properties(const struct kafka_options *options, struct fault *why)
{
    auto_free(rd_kafka_conf_destroy) rd_kafka_conf_t *conf = kafka_configure_producer(options, why);
    return conf != NULL;
}

static bool open_parts(struct carrier *carrier, struct fault *why)
{
    if (!name_topics(carrier, why))
        return false;
    carrier->places = calloc((size_t)carrier->options.batch_entries, sizeof *carrier->places);
    if (!carrier->places)
        return fault_memory(why);
    carrier->reader = spool_reader_open(carrier->options.spool_file, why);
    if (!carrier->reader)
        return false;
    carrier->framing = framing_new(carrier->spool, carrier->reader, carrier->options.registry, why);
    if (!carrier->framing)
        return false;
    carrier->form = (struct batch_form){
        .gateway_id = carrier->options.kafka.gateway_id,
        .topic_prefix = carrier->options.kafka.topic_prefix,
        .events_topic = carrier->events_topic,
        .dead_letters_topic = carrier->dead_letters_topic,
        .progress_topic = carrier->progress_topic,
        .dead_letter = carrier->options.dead_letter,
        .receipt_key = spool_receipt_key(carrier->spool),
        .prefix_size = framing_size(carrier->framing),
    };
    carrier->batch.form = &carrier->form;
    return true;
}

struct carrier *carrier_open(const struct publisher_options *options, struct spool *spool,
                             struct stop *stop, const _Atomic int64_t *stop_at, struct fault *why)
{
    if (!check_properties(&options->kafka, why))
        return NULL;
    auto_free(carrier_close) struct carrier *carrier = calloc(1, sizeof *carrier);
    if (!carrier) {
        fault_memory(why);
        return NULL;
    }
    carrier->options = *options;
    carrier->spool = spool;
    carrier->stop = stop;
    carrier->stop_at = stop_at;
    carrier->room = options->batch_bytes;
    name_metrics(carrier);
    return open_parts(carrier, why) ? steal(carrier) : NULL;
}

void carrier_close(struct carrier *carrier)
{
    if (!carrier)
        return;
    sender_close(carrier->sender);
    framing_free(carrier->framing);
    spool_reader_close(carrier->reader);
    batch_free(&carrier->batch);
    free(carrier->places);
    free(carrier->events_topic);
    free(carrier->deliveries_topic);
    free(carrier->dead_letters_topic);
    free(carrier->progress_topic);
    free(carrier);
}

int64_t carrier_after(const struct carrier *carrier)
{
    return carrier->after;
}

/* ---- the producer ---- */

static void drop_sender(struct carrier *carrier)
{
    sender_close(carrier->sender);
    carrier->sender = NULL;
    carrier->is_begun = false;
    carrier->has_place = false; /* cheap to ask for again, and then certain */
}

static bool ensure_sender(struct carrier *carrier, struct fault *why)
{
    const char *const topics[] = {carrier->events_topic, carrier->deliveries_topic,
                                  carrier->dead_letters_topic, carrier->progress_topic};
    if (!carrier->sender)
        carrier->sender = sender_open(&carrier->options.kafka, topics, why);
    if (!carrier->sender)
        return false;
    if (!carrier->is_begun)
        carrier->is_begun = sender_begin(carrier->sender, why);
    if (!carrier->is_begun && why->kind != FAULT_RETRY) {
        drop_sender(carrier);
        why->kind = FAULT_RETRY;
    }
    return carrier->is_begun;
}

/* ---- what is certain now ---- */

/* The batch is on Kafka: tells the spool, with the place of each event. */
static void settle_batch(struct carrier *carrier)
{
    size_t events = 0;
    size_t dead_letters = 0;
    size_t notices = 0;
    for (size_t i = 0; i < carrier->batch.count; i++) {
        const struct record *record = &carrier->batch.records[i];
        if (record->kind == RECORD_EVENT)
            carrier->places[events++] = (struct spool_place){.number = record->number,
                                                             .partition = record->stored_partition,
                                                             .offset = record->stored_offset};
        else if (record->kind == RECORD_DEAD_LETTER)
            dead_letters++;
        else if (record->kind == RECORD_NOTICE)
            notices++;
    }
    carrier->after = batch_last(&carrier->batch);
    carrier->word = WORD_NONE;
    spool_published(carrier->spool, carrier->after, carrier->places, events);
    metrics_add(carrier->published, (int64_t)events);
    metrics_add(carrier->dead_letters, (int64_t)dead_letters);
    metrics_add(carrier->notices, (int64_t)notices);
    batch_clear(&carrier->batch);
}

/* ---- the place ---- */

static int64_t greater(int64_t one, int64_t other)
{
    return one > other ? one : other;
}

static int64_t lesser(int64_t one, int64_t other)
{
    return one < other ? one : other;
}

static bool gather(struct carrier *carrier, struct place_facts *facts, struct fault *why)
{
    struct spool_levels levels;
    spool_levels(carrier->spool, &levels);
    int64_t copy = spool_watermark(carrier->spool);
    *facts = (struct place_facts){
        .copy = greater(copy, carrier->after),
        .highest = greater(levels.last_number, carrier->after),
    };
    if (!progress_read(&carrier->options.kafka, carrier->stop, &facts->kafka, why))
        return false;
    return !facts->kafka.is_known || place_is_foreign(carrier->spool, carrier->reader,
                                                      &facts->kafka, &facts->is_foreign, why);
}

/* Makes the spool's copy say what was chosen. */
static bool move_copy(struct carrier *carrier, int64_t after, struct fault *why)
{
    if (after < spool_watermark(carrier->spool) && !spool_set_watermark(carrier->spool, after, why))
        return false;
    if (carrier->batch.count > 0 && batch_last(&carrier->batch) == after)
        settle_batch(carrier);
    else
        spool_published(carrier->spool, after, NULL, 0);
    batch_clear(&carrier->batch);
    if (after < carrier->after)
        carrier->passed_over = 0; /* everything between goes out again, or is refused again */
    carrier->after = after;
    carrier->has_place = true;
    return true;
}

static void log_choice(const struct carrier *carrier, const struct place_facts *facts,
                       enum place_choice choice, int64_t after)
{
    const char *by = carrier->options.from_spool ? "start" : "operator";
    if (choice == PLACE_SPOOL)
        log_warn("publisher.from-spool",
                 "after=%" PRId64 " kafka=%" PRId64
                 " by=%s says=\"Kafka's progress does not fit; going on after the spool's\"",
                 after, facts->kafka.number, by);
    else if (after < facts->copy)
        log_warn("publisher.from-kafka",
                 "after=%" PRId64 " spool=%" PRId64
                 " says=\"an operator's word: entries between are published again\"",
                 after, facts->copy);
}

static void hear(struct carrier *carrier, enum place_word word)
{
    struct spool_levels levels;
    spool_levels(carrier->spool, &levels);
    carrier->word = word;
    carrier->highest_then = levels.last_number;
}

/* The numbers go on being at odds until the first transaction is committed: a word holds as long,
 * whatever fails in between. */
static enum place_choice choose(struct carrier *carrier, struct place_facts *facts, int64_t *after,
                                struct fault *why)
{
    struct fault odds;
    enum place_word of_start = carrier->options.from_spool ? WORD_FROM_SPOOL : WORD_NONE;
    enum place_choice choice = place_choose(facts, WORD_NONE, after, &odds);
    if (choice != PLACE_HELD) {
        carrier->word = WORD_NONE;
        return choice;
    }
    if (carrier->word == WORD_NONE)
        return place_choose(facts, of_start, after, why);
    /* What came after it was said is new to any Kafka. */
    facts->highest = lesser(facts->highest, carrier->highest_then);
    return place_choose(facts, carrier->word, after, why);
}

static enum carrier_step find_place(struct carrier *carrier, struct fault *why)
{
    struct place_facts facts;
    if (!gather(carrier, &facts, why))
        return CARRIER_WAITS;
    int64_t after = 0;
    enum place_choice choice = choose(carrier, &facts, &after, why);
    if (choice == PLACE_HELD)
        return CARRIER_HELD;
    if (!move_copy(carrier, after, why))
        return CARRIER_WAITS;
    log_choice(carrier, &facts, choice, after);
    return CARRIER_GOES;
}

/* ---- filling a batch ---- */

struct intake {
    struct carrier *carrier;
    bool is_broken; /* `why` says why */
    struct fault *why;
};

static bool take_entry(void *own, const struct spool_entry *entry)
{
    struct intake *intake = own;
    struct carrier *carrier = intake->carrier;
    bool is_suspect = entry->number == carrier->suspect;
    if (is_suspect && carrier->batch.count > 0)
        return false;
    if (!batch_add(&carrier->batch, entry, intake->why)) {
        intake->is_broken = true;
        return false;
    }
    return !is_suspect && (int64_t)carrier->batch.bytes < carrier->room;
}

static bool bury(struct carrier *carrier, int64_t number, const char *cause, const char *detail,
                 struct fault *why)
{
    if (!spool_bury(carrier->spool, number, cause, detail, why))
        return fault_prefix(why, "number %" PRId64 " cannot be buried", number);
    log_warn("publisher.buried", "number=%" PRId64 " cause=%s why=\"%s\"", number, cause, detail);
    return true;
}

static int64_t read_after(const struct carrier *carrier)
{
    return greater(carrier->after, carrier->passed_over);
}

static bool fill(struct carrier *carrier, struct fault *why)
{
    struct intake intake = {.carrier = carrier, .why = why};
    struct fault reading;
    int64_t damaged = 0;
    batch_clear(&carrier->batch);
    const struct spool_range range = {read_after(carrier), carrier->options.batch_entries};
    bool is_read = spool_next(carrier->reader, range, take_entry, &intake, &damaged, &reading);
    if (intake.is_broken)
        return false;
    if (is_read || carrier->batch.count > 0)
        return true; /* what is damaged further on has its turn when these are through */
    if (damaged > 0)
        return bury(carrier, damaged, "spool:damaged", reading.text, why);
    return fault_set(why, reading.kind, "%s", reading.text);
}

static bool frame(struct carrier *carrier, struct fault *why)
{
    for (size_t i = 0; i < carrier->batch.count; i++) {
        struct record *record = &carrier->batch.records[i];
        struct wire_prefix prefix;
        bool is_found =
            record->kind != RECORD_DEAD_LETTER
                ? framing_prefix(carrier->framing, record->topic, record->schema_no, &prefix, why)
                : framing_prefix_of(carrier->framing, record->topic, carrier->options.dead_letter,
                                    &prefix, why);
        if (!is_found)
            return false;
        record_frame(record, &prefix);
    }
    return true;
}

/* ---- a transaction ---- */

/* A dead letter or a notice that Kafka refuses is told here alone: what it is about stays as it is
 * in the spool. */
static void pass_over(struct carrier *carrier, const struct record *record)
{
    if (record->kind == RECORD_NOTICE)
        log_error("publisher.notice-refused", "number=%" PRId64 " topic=%s why=\"%s\"",
                  record->number, record->topic, rd_kafka_err2str(record->error));
    else
        log_error("publisher.dead-letter-refused", "number=%" PRId64 " why=\"%s\"", record->number,
                  rd_kafka_err2str(record->error));
    carrier->passed_over = record->number;
}

static bool bury_refused(struct carrier *carrier, const struct record *record, struct fault *why)
{
    char cause[80];
    char detail[200];
    (void)snprintf(cause, sizeof cause, "kafka:%s", rd_kafka_err2name(record->error));
    (void)snprintf(detail, sizeof detail, "Kafka refuses the record of %zu bytes: %s",
                   record->value_size, rd_kafka_err2str(record->error));
    return bury(carrier, record->number, cause, detail, why);
}

/* Alone it is the culprit.  Among others it is tried alone next, since a broker refuses a whole
 * set of records for one of them. */
static bool judge_refused(struct carrier *carrier, const struct record *record, struct fault *why)
{
    if (record->kind == RECORD_PROGRESS)
        return false; /* `why` names the topic: its settings are at fault */
    bool is_alone = carrier->batch.count == 2;
    if (!is_alone) {
        carrier->suspect = record->number;
        carrier->company = (int64_t)carrier->batch.bytes;
        return true;
    }
    carrier->suspect = 0;
    if (record->kind == RECORD_EVENT)
        return bury_refused(carrier, record, why);
    pass_over(carrier, record);
    return true;
}

/* A suspect that passed alone was refused for the size of its company, as by a topic that takes
 * less than librdkafka sends at once: smaller batches pass, and grow again step by step. */
static void fit_room(struct carrier *carrier)
{
    bool is_cleared = carrier->suspect > 0 && carrier->suspect == batch_last(&carrier->batch);
    if (is_cleared)
        carrier->room = greater(carrier->company / 2, 1);
    else
        carrier->room =
            lesser(carrier->room + carrier->room / 16 + 1, carrier->options.batch_bytes);
}

static bool transact(struct carrier *carrier, struct fault *why)
{
    const struct sender_limits limits = {
        .deadline_ms = clock_ticks_ms() + carrier->options.deadline_ms,
        .stop_at = carrier->stop_at,
    };
    size_t refused = 0;
    int64_t begun_at = clock_ticks_us();
    enum sent sent = sender_send(carrier->sender, &carrier->batch, &limits, &refused, why);
    metrics_observe_us(carrier->seconds, clock_ticks_us() - begun_at);
    if (sent != SENT_COMMITTED)
        drop_sender(carrier);
    switch (sent) {
    case SENT_COMMITTED:
        metrics_add(carrier->committed, 1);
        fit_room(carrier);
        settle_batch(carrier);
        return true;
    case SENT_ABORTED:
        metrics_add(carrier->aborted, 1);
        return false;
    case SENT_REFUSED:
        metrics_add(carrier->aborted, 1);
        return judge_refused(carrier, &carrier->batch.records[refused], why);
    case SENT_LOST:
        metrics_add(carrier->in_doubt, 1);
        return false;
    }
    return false;
}

/* The first after a pause goes at once. */
static void keep_pace(const struct carrier *carrier)
{
    const struct tempo tempo = {carrier->options.pace_ms, carrier->options.batch_entries};
    int64_t left_ms =
        carrier->begun_ms + tempo_gap_ms(&tempo, carrier->last_count) - clock_ticks_ms();
    int64_t full = read_after(carrier) + carrier->options.batch_entries;
    if (left_ms > 0)
        (void)spool_wait_above(carrier->spool, full - 1, left_ms); /* both ends are welcome */
}

static bool publish(struct carrier *carrier, struct fault *why)
{
    if (!spool_wait_above(carrier->spool, read_after(carrier), IDLE_MS))
        return true;
    keep_pace(carrier);
    carrier->begun_ms = clock_ticks_ms();
    if (carrier->suspect <= carrier->after)
        carrier->suspect = 0;
    if (!fill(carrier, why) || !frame(carrier, why))
        return false;
    if (carrier->batch.count == 0) {
        (void)stop_wait(carrier->stop, PARKED_MS); /* the publisher's loop looks at it too */
        return true;
    }
    carrier->last_count = (int64_t)carrier->batch.count;
    return batch_seal(&carrier->batch, why) && transact(carrier, why);
}

enum carrier_step carrier_step(struct carrier *carrier, enum place_word word, struct fault *why)
{
    if (word != WORD_NONE)
        hear(carrier, word);
    if (!ensure_sender(carrier, why))
        return CARRIER_WAITS;
    enum carrier_step step = carrier->has_place ? CARRIER_GOES : find_place(carrier, why);
    if (step == CARRIER_GOES && !publish(carrier, why))
        step = CARRIER_WAITS;
    return step;
}
