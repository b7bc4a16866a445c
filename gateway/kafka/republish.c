/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a stretch of the events' topic and writes it to the same topic, a transaction a step. */
#include "kafka/republish.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "kafka/topics.h"

#include <inttypes.h>
#include <string.h>

enum {
    ANSWER_MS = 10000,
    POLL_MS = 100,
    GATHER_MS = 1000,
    DEADLINE_MS = 60000,
    NOTE_SIZE = 96,
};

static const char replay_header[] = "lt_replay_id";

ENDS_WITH_SCOPE(rd_kafka_conf_t *, rd_kafka_conf_destroy)
ENDS_WITH_SCOPE(rd_kafka_error_t *, rd_kafka_error_destroy)
ENDS_WITH_SCOPE(rd_kafka_headers_t *, rd_kafka_headers_destroy)
ENDS_WITH_SCOPE(rd_kafka_message_t *, rd_kafka_message_destroy)
ENDS_WITH_SCOPE(rd_kafka_topic_partition_list_t *, rd_kafka_topic_partition_list_destroy)
ENDS_WITH_SCOPE(rd_kafka_consumer_group_metadata_t *, rd_kafka_consumer_group_metadata_destroy)
ENDS_WITH_SCOPE(struct republish *, republish_close)

struct republish {
    struct republish_options options;
    char *topic;
    char *own_id; /* GATEWAY_ID-replay: of transactions and of the group */
    char *mark;   /* what lt_replay_id says */
    struct republish_part *parts;
    struct republish_part *ahead; /* the parts as they are after the step under way */
    size_t count;
    rd_kafka_t *reader; /* NULL: to be opened */
    rd_kafka_t *producer;
    rd_kafka_resp_err_t delivered; /* its first error; written by our own calls */
};

/* ---- life ---- */

struct republish *republish_open(const struct republish_options *options,
                                 const struct republish_part *parts, size_t count,
                                 struct fault *why)
{
    auto_free(republish_close) struct republish *republish = calloc(1, sizeof *republish);
    if (!republish) {
        (void)fault_memory(why);
        return NULL;
    }
    republish->options = *options;
    republish->count = count;
    republish->topic = kafka_topic(&options->kafka, TOPIC_EVENTS, why);
    republish->parts = calloc(count + 1, sizeof *republish->parts);
    republish->ahead = calloc(count + 1, sizeof *republish->ahead);
    if (!republish->topic || !republish->parts || !republish->ahead ||
        asprintf(&republish->own_id, "%s-replay", options->kafka.gateway_id) < 0 ||
        asprintf(&republish->mark, "%" PRId64 ".%" PRId64 ".%s", options->job, options->made_ms,
                 options->kafka.gateway_id) < 0) {
        (void)fault_memory(why);
        return NULL;
    }
    memcpy(republish->parts, parts, count * sizeof *parts);
    return steal(republish);
}

static void hang_up(struct republish *republish)
{
    if (republish->reader)
        rd_kafka_destroy(republish->reader);
    if (republish->producer)
        rd_kafka_destroy(republish->producer);
    republish->reader = NULL;
    republish->producer = NULL;
}

void republish_close(struct republish *republish)
{
    if (!republish)
        return;
    hang_up(republish);
    free(republish->topic);
    free(republish->own_id);
    free(republish->mark);
    free(republish->parts);
    free(republish->ahead);
    free(republish);
}

const struct republish_part *republish_parts(const struct republish *republish, size_t *count)
{
    *count = republish->count;
    return republish->parts;
}

static bool is_over(const struct republish_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (parts[i].next < parts[i].to)
            return false;
    return true;
}

bool republish_is_over(const struct republish *republish)
{
    return is_over(republish->parts, republish->count);
}

static struct republish_part *part_of(struct republish *republish, int32_t partition)
{
    for (size_t i = 0; i < republish->count; i++)
        if (republish->ahead[i].partition == partition)
            return &republish->ahead[i];
    return NULL;
}

static bool fail(const struct republish *republish, rd_kafka_resp_err_t error, struct fault *why)
{
    bool is_gone = error == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE ||
                   error == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
                   error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
                   error == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
                   error == RD_KAFKA_RESP_ERR_POLICY_VIOLATION;
    return fault_set(why, is_gone ? FAULT_REFUSE : FAULT_RETRY, "%s: %s", republish->topic,
                     rd_kafka_err2str(error));
}

/* ---- beginning, and beginning again ---- */

static void ignore_error(rd_kafka_t *client, int error, const char *reason, void *opaque)
{
    (void)client; /* it shows in the next call too, which says what it means */
    (void)error;
    (void)reason;
    (void)opaque;
}

static bool open_reader(struct republish *republish, struct fault *why)
{
    auto_free(rd_kafka_conf_destroy) rd_kafka_conf_t *conf =
        kafka_configure(&republish->options.kafka, why);
    if (!conf || !kafka_set(conf, "group.id", republish->own_id, why) ||
        !kafka_set(conf, "enable.partition.eof", "true", why) ||
        !kafka_set(conf, "auto.offset.reset", "error", why))
        return false;
    rd_kafka_conf_set_opaque(conf, republish);
    rd_kafka_conf_set_error_cb(conf, ignore_error);
    republish->reader = kafka_open(RD_KAFKA_CONSUMER, steal(conf), why);
    return republish->reader && rd_kafka_poll_set_consumer(republish->reader) == 0;
}

static void note_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    struct republish *republish = opaque;
    (void)client;
    if (message->err && !republish->delivered)
        republish->delivered = message->err;
}

static bool open_producer(struct republish *republish, struct fault *why)
{
    struct kafka_options kafka = republish->options.kafka;
    kafka.gateway_id = republish->own_id;
    auto_free(rd_kafka_conf_destroy) rd_kafka_conf_t *conf = kafka_configure_producer(&kafka, why);
    if (!conf)
        return false;
    rd_kafka_conf_set_opaque(conf, republish);
    rd_kafka_conf_set_dr_msg_cb(conf, note_delivery);
    rd_kafka_conf_set_error_cb(conf, ignore_error);
    republish->producer = kafka_open(RD_KAFKA_PRODUCER, steal(conf), why);
    if (!republish->producer)
        return false;
    auto_free(rd_kafka_error_destroy) rd_kafka_error_t *error =
        rd_kafka_init_transactions(republish->producer, ANSWER_MS);
    return !error || fault_set(why, FAULT_RETRY, "replay: %s", rd_kafka_error_string(error));
}

static rd_kafka_topic_partition_list_t *list_parts(const struct republish *republish,
                                                   const struct republish_part *parts)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)republish->count);
    for (size_t i = 0; i < republish->count; i++)
        rd_kafka_topic_partition_list_add(list, republish->topic, parts[i].partition)->offset =
            parts[i].next;
    return list;
}

/* What goes into the group's offsets beside them: whose they are, and how many went out. */
static size_t write_note(const struct republish *republish, const struct republish_part *part,
                         char note[NOTE_SIZE])
{
    const struct republish_options *options = &republish->options;
    int size = snprintf(note, NOTE_SIZE, "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
                        options->job, options->made_ms, part->sent, part->first_ms);
    return (size_t)size;
}

static void take_note(const struct republish *republish,
                      const rd_kafka_topic_partition_t *committed, struct republish_part *part)
{
    char note[NOTE_SIZE];
    long long numbers[4];
    char *at = note;
    if (committed->offset < part->from || committed->offset > part->to ||
        committed->metadata_size >= sizeof note)
        return;
    *(char *)mempcpy(note, committed->metadata, committed->metadata_size) = '\0';
    for (size_t i = 0; i < 4; i++)
        numbers[i] = strtoll(at, &at, 10);
    if (numbers[0] != republish->options.job || numbers[1] != republish->options.made_ms)
        return;
    part->next = committed->offset;
    part->sent = numbers[2];
    part->first_ms = numbers[3];
}

/* The group's offsets are the truth where they are this job's. */
static bool find_place(struct republish *republish, struct fault *why)
{
    auto_free(rd_kafka_topic_partition_list_destroy) rd_kafka_topic_partition_list_t *list =
        list_parts(republish, republish->parts);
    rd_kafka_resp_err_t error = rd_kafka_committed(republish->reader, list, ANSWER_MS);
    for (int i = 0; !error && i < list->cnt; i++)
        error = list->elems[i].err;
    if (error)
        return fail(republish, error, why);
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].metadata && list->elems[i].metadata_size > 0)
            take_note(republish, &list->elems[i], &republish->parts[i]);
    return true;
}

static bool start(struct republish *republish, struct fault *why)
{
    if (republish->reader)
        return true;
    (void)fault_set(why, FAULT_BROKEN, "replay: no reader");
    if (!open_reader(republish, why) ||
        (!republish->options.only_counts &&
         (!open_producer(republish, why) || !find_place(republish, why))))
        return false;
    auto_free(rd_kafka_topic_partition_list_destroy) rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)republish->count);
    for (size_t i = 0; i < republish->count; i++) {
        const struct republish_part *part = &republish->parts[i];
        if (part->next < part->to)
            rd_kafka_topic_partition_list_add(list, republish->topic, part->partition)->offset =
                part->next;
    }
    rd_kafka_resp_err_t error = rd_kafka_assign(republish->reader, list);
    return !error || fail(republish, error, why);
}

/* ---- reading ---- */

/* The records of one step. */
struct gathered {
    rd_kafka_message_t **records;
    size_t count;
};

static void let_go(struct gathered *gathered)
{
    for (size_t i = 0; i < gathered->count; i++)
        rd_kafka_message_destroy(gathered->records[i]);
    free(gathered->records);
}

/* What comes behind its end would be read for nothing. */
static void end_part(struct republish *republish, struct republish_part *part)
{
    auto_free(rd_kafka_topic_partition_list_destroy) rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(1);
    part->next = part->to;
    rd_kafka_topic_partition_list_add(list, republish->topic, part->partition);
    auto_free(rd_kafka_error_destroy) rd_kafka_error_t *error =
        rd_kafka_incremental_unassign(republish->reader, list);
    (void)error; /* then it is read for nothing, and passed over */
}

static bool is_repeat(const rd_kafka_message_t *record)
{
    rd_kafka_headers_t *headers = NULL;
    const void *value;
    size_t size;
    return !rd_kafka_message_headers(record, &headers) &&
           !rd_kafka_header_get_last(headers, replay_header, &value, &size);
}

static bool is_wanted(const struct republish *republish, const rd_kafka_message_t *record,
                      bool *wanted, struct fault *why)
{
    const struct republish_options *options = &republish->options;
    *wanted = !is_repeat(record);
    return !*wanted || !options->wanted ||
           options->wanted(options->own, record->payload, record->len, wanted, why);
}

/* Takes the message: among the records when it is wanted. */
static bool take(struct republish *republish, rd_kafka_message_t *message,
                 struct gathered *gathered, struct fault *why)
{
    auto_free(rd_kafka_message_destroy) rd_kafka_message_t *record = message;
    bool wanted = false;
    bool is_end = record->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (record->err && !is_end)
        return fail(republish, record->err, why);
    struct republish_part *part = part_of(republish, record->partition);
    if (!part || part->next >= part->to)
        return true;
    if (record->offset >= part->to) {
        end_part(republish, part);
        return true;
    }
    if (is_end) /* of what is committed: not yet the end of the part */
        return true;
    if (!is_wanted(republish, record, &wanted, why))
        return false;
    part->next = record->offset + 1;
    if (wanted) {
        int64_t at_ms = rd_kafka_message_timestamp(record, NULL);
        if (part->sent++ == 0)
            part->first_ms = at_ms;
        gathered->records[gathered->count++] = steal(record);
    }
    if (part->next == part->to)
        end_part(republish, part);
    return true;
}

static bool gather(struct republish *republish, size_t limit, struct gathered *gathered,
                   struct fault *why)
{
    int64_t deadline = clock_ticks_ms() + GATHER_MS;
    gathered->records = calloc(limit, sizeof(rd_kafka_message_t *));
    if (!gathered->records)
        return fault_memory(why);
    memcpy(republish->ahead, republish->parts, republish->count * sizeof *republish->ahead);
    while (gathered->count < limit && !is_over(republish->ahead, republish->count) &&
           clock_ticks_ms() < deadline) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(republish->reader, POLL_MS);
        if (message && !take(republish, message, gathered, why))
            return false;
        if (!message && gathered->count > 0)
            break;
    }
    return true;
}

/* ---- writing ---- */

static rd_kafka_headers_t *mark_headers(const struct republish *republish,
                                        const rd_kafka_message_t *record)
{
    rd_kafka_headers_t *headers = NULL;
    rd_kafka_headers_t *marked = rd_kafka_message_headers(record, &headers)
                                     ? rd_kafka_headers_new(1)
                                     : rd_kafka_headers_copy(headers);
    if (marked && rd_kafka_header_add(marked, replay_header, -1, republish->mark, -1)) {
        rd_kafka_headers_destroy(marked);
        return NULL;
    }
    return marked;
}

static bool offer(struct republish *republish, const rd_kafka_message_t *record,
                  int64_t deadline_ms, struct fault *why)
{
    auto_free(rd_kafka_headers_destroy) rd_kafka_headers_t *headers =
        mark_headers(republish, record);
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__QUEUE_FULL;
    if (!headers)
        return fault_memory(why);
    while (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && clock_ticks_ms() < deadline_ms) {
        error = rd_kafka_producev(republish->producer, RD_KAFKA_V_TOPIC(republish->topic),
                                  RD_KAFKA_V_PARTITION(record->partition),
                                  RD_KAFKA_V_KEY(record->key, record->key_len),
                                  RD_KAFKA_V_VALUE(record->payload, record->len),
                                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                  RD_KAFKA_V_TIMESTAMP(rd_kafka_message_timestamp(record, NULL)),
                                  RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
        if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            (void)rd_kafka_poll(republish->producer, POLL_MS); /* only to make room */
    }
    if (error)
        return fail(republish, error, why);
    headers = NULL; /* librdkafka's now */
    return true;
}

static bool put_offsets(struct republish *republish, struct fault *why)
{
    auto_free(rd_kafka_topic_partition_list_destroy) rd_kafka_topic_partition_list_t *list =
        list_parts(republish, republish->ahead);
    auto_free(rd_kafka_consumer_group_metadata_destroy) rd_kafka_consumer_group_metadata_t *group =
        rd_kafka_consumer_group_metadata(republish->reader);
    for (int i = 0; i < list->cnt; i++) {
        char note[NOTE_SIZE];
        size_t size = write_note(republish, &republish->ahead[i], note);
        list->elems[i].metadata = strndup(note, size); /* the list's to free */
        if (!list->elems[i].metadata)
            return fault_memory(why);
        list->elems[i].metadata_size = size;
    }
    auto_free(rd_kafka_error_destroy) rd_kafka_error_t *error =
        group ? rd_kafka_send_offsets_to_transaction(republish->producer, list, group, ANSWER_MS)
              : NULL;
    if (!group)
        return fault_memory(why);
    return !error || fault_set(why, FAULT_RETRY, "replay: %s", rd_kafka_error_string(error));
}

/* A transaction that has failed purges its records, which then report that. */
static bool await_reports(struct republish *republish, int64_t deadline_ms, struct fault *why)
{
    while (rd_kafka_outq_len(republish->producer) > 0 && !republish->delivered &&
           clock_ticks_ms() < deadline_ms)
        (void)rd_kafka_flush(republish->producer, POLL_MS); /* the reports say how far it is */
    if (republish->delivered)
        return fail(republish, republish->delivered, why);
    return rd_kafka_outq_len(republish->producer) == 0 ||
           fault_set(why, FAULT_RETRY, "%s: no delivery in time", republish->topic);
}

static bool commit(struct republish *republish, struct fault *why)
{
    auto_free(rd_kafka_error_destroy) rd_kafka_error_t *error = kafka_commit(republish->producer);
    return !error || fault_set(why, FAULT_RETRY, "replay: %s", rd_kafka_error_string(error));
}

static bool offer_all(struct republish *republish, const struct gathered *gathered,
                      int64_t deadline_ms, struct fault *why)
{
    for (size_t i = 0; i < gathered->count; i++)
        if (!offer(republish, gathered->records[i], deadline_ms, why))
            return false;
    return true;
}

/* What fails is given up with its producer: whoever comes next finds out what became of it.  Trying
 * to abort what has not come to its offsets only frees those sooner who read what is committed;
 * after them the coordinator's answer may be in doubt, and it is asked nothing more. */
static bool transact(struct republish *republish, const struct gathered *gathered,
                     struct fault *why)
{
    int64_t deadline_ms = clock_ticks_ms() + DEADLINE_MS;
    republish->delivered = RD_KAFKA_RESP_ERR_NO_ERROR;
    auto_free(rd_kafka_error_destroy) rd_kafka_error_t *error =
        rd_kafka_begin_transaction(republish->producer);
    if (error)
        return fault_set(why, FAULT_RETRY, "replay: %s", rd_kafka_error_string(error));
    if (offer_all(republish, gathered, deadline_ms, why) &&
        await_reports(republish, deadline_ms, why))
        return put_offsets(republish, why) && commit(republish, why);
    error = rd_kafka_abort_transaction(republish->producer, POLL_MS);
    return false;
}

bool republish_step(struct republish *republish, size_t limit, struct fault *why)
{
    struct gathered gathered = {.records = NULL};
    if (republish_is_over(republish))
        return true;
    bool is_done = start(republish, why) && gather(republish, limit, &gathered, why) &&
                   (republish->options.only_counts || gathered.count == 0 ||
                    transact(republish, &gathered, why));
    let_go(&gathered);
    if (is_done)
        memcpy(republish->parts, republish->ahead, republish->count * sizeof *republish->parts);
    else
        hang_up(republish);
    return is_done;
}
