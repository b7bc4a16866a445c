/* SPDX-License-Identifier: Apache-2.0 */
/* Sends batches in Kafka transactions, and says for certain what became of each, or that it does
 * not know. */
#include "kafka/sender.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "kafka/topics.h"

#include <inttypes.h>

enum {
    SLICE_MS = 100,   /* how long one call into librdkafka may keep a stop waiting */
    ANSWER_MS = 1000, /* the same where a coordinator has to answer */
};

struct sender {
    rd_kafka_t *client;
    rd_kafka_topic_t *topics[SENDER_TOPICS];
    struct batch *batch; /* under way; its records are the opaques of their messages */
    size_t reported;
    size_t failed;
    char said[160]; /* the client's last error: it tells more than "timed out" does */
};

ENDS_WITH_SCOPE(struct sender *, sender_close)
ENDS_WITH_SCOPE(rd_kafka_error_t *, rd_kafka_error_destroy)

/* ---- what librdkafka tells; called from within our own calls, so on the sender's thread ---- */

static void note_report(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    (void)client;
    struct sender *sender = opaque;
    struct record *record = message->_private;
    if (!sender->batch || record->is_reported)
        return;
    record->is_reported = true;
    record->error = message->err;
    record->stored_partition = message->partition;
    record->stored_offset = message->offset;
    sender->reported++;
    if (message->err)
        sender->failed++;
}

static void note_error(rd_kafka_t *client, int error, const char *reason, void *opaque)
{
    (void)client;
    (void)error; /* its text is in the reason, and a fatal one shows in every later call */
    struct sender *sender = opaque;
    (void)snprintf(sender->said, sizeof sender->said, "%s", reason); /* cut when it is long */
}

/* ---- opening ---- */

static bool open_topics(struct sender *sender, const char *const topics[SENDER_TOPICS],
                        struct fault *why)
{
    for (size_t i = 0; i < SENDER_TOPICS; i++) {
        sender->topics[i] = rd_kafka_topic_new(sender->client, topics[i], NULL);
        if (!sender->topics[i])
            return fault_set(why, FAULT_REFUSE, "%s: %s", topics[i],
                             rd_kafka_err2str(rd_kafka_last_error()));
    }
    return true;
}

struct sender *sender_open(const struct kafka_options *options,
                           const char *const topics[SENDER_TOPICS], struct fault *why)
{
    auto_free(sender_close) struct sender *sender = calloc(1, sizeof *sender);
    if (!sender) {
        fault_memory(why);
        return NULL;
    }
    rd_kafka_conf_t *conf = kafka_configure_producer(options, why);
    if (!conf)
        return NULL;
    rd_kafka_conf_set_opaque(conf, sender);
    rd_kafka_conf_set_dr_msg_cb(conf, note_report);
    rd_kafka_conf_set_error_cb(conf, note_error);
    sender->client = kafka_open(RD_KAFKA_PRODUCER, conf, why);
    return sender->client && open_topics(sender, topics, why) ? steal(sender) : NULL;
}

void sender_close(struct sender *sender)
{
    if (!sender)
        return;
    sender->batch = NULL;
    for (size_t i = 0; i < SENDER_TOPICS; i++)
        if (sender->topics[i])
            rd_kafka_topic_destroy(sender->topics[i]);
    if (sender->client)
        rd_kafka_destroy(sender->client);
    free(sender);
}

/* "what: librdkafka's reason (the client's last error)" */
static bool explain(struct sender *sender, enum fault_kind kind, const char *what,
                    const char *reason, struct fault *why)
{
    (void)rd_kafka_poll(sender->client, 0); /* only to hear errors; how many does not matter */
    if (sender->said[0])
        return fault_set(why, kind, "%s: %s (%s)", what, reason, sender->said);
    return fault_set(why, kind, "%s: %s", what, reason);
}

bool sender_begin(struct sender *sender, struct fault *why)
{
    auto_free(rd_kafka_error_destroy) rd_kafka_error_t *error =
        rd_kafka_init_transactions(sender->client, ANSWER_MS);
    if (!error)
        return true;
    enum fault_kind kind = rd_kafka_error_is_retriable(error) ? FAULT_RETRY : FAULT_BROKEN;
    return explain(sender, kind, "producer", rd_kafka_error_string(error), why);
}

/* ---- sending ---- */

static bool is_time_up(const struct sender_limits *limits)
{
    int64_t now = clock_ticks_ms();
    return now >= limits->deadline_ms || now >= atomic_load(limits->stop_at);
}

static rd_kafka_resp_err_t offer(struct sender *sender, struct record *record)
{
    /* librdkafka frees the value with the message, and keeps what it refuses for us to free. */
    rd_kafka_resp_err_t error = rd_kafka_producev(
        sender->client, RD_KAFKA_V_TOPIC(record->topic), RD_KAFKA_V_PARTITION(record->partition),
        RD_KAFKA_V_KEY(record->key, record->key_size),
        RD_KAFKA_V_VALUE(record->value, record->value_size),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_FREE), RD_KAFKA_V_TIMESTAMP(record->timestamp_ms),
        RD_KAFKA_V_HEADERS(record->headers), RD_KAFKA_V_OPAQUE(record), RD_KAFKA_V_END);
    if (!error) {
        record->value = NULL;
        record->headers = NULL;
    }
    return error;
}

static bool offer_all(struct sender *sender, const struct sender_limits *limits)
{
    for (size_t i = 0; i < sender->batch->count && sender->failed == 0;) {
        struct record *record = &sender->batch->records[i];
        rd_kafka_resp_err_t error = offer(sender, record);
        if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && !is_time_up(limits)) {
            (void)rd_kafka_poll(sender->client, SLICE_MS); /* only to make room */
        } else if (error) {
            record->error = error;
            return false;
        } else {
            i++;
        }
    }
    return sender->failed == 0;
}

static bool is_all_delivered(const struct sender *sender)
{
    return sender->reported == sender->batch->count && sender->failed == 0;
}

/* A transaction that has failed purges its messages, which then report that. */
static bool await_reports(struct sender *sender, const struct sender_limits *limits)
{
    while (!is_all_delivered(sender) && sender->failed == 0 && !is_time_up(limits))
        (void)rd_kafka_flush(sender->client, SLICE_MS); /* the reports say how far it is */
    return is_all_delivered(sender);
}

/* Refused for what the record is.  No right, no topic or a wrong clock are not the record's fault:
 * those wait until somebody mends them. */
static bool is_refusal(rd_kafka_resp_err_t error)
{
    switch ((int)error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
        return true;
    default:
        return false;
    }
}

static bool is_missing_topic(rd_kafka_resp_err_t error)
{
    switch ((int)error) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        return true;
    default:
        return false;
    }
}

/* Purged messages and the client's own state only follow from what went wrong first. */
static bool is_consequence(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR__PURGE_QUEUE || error == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT ||
           error == RD_KAFKA_RESP_ERR__STATE;
}

/* The record that tells most: the largest refused one, since size is what is refused most; else the
 * first that failed by itself. */
static const struct record *find_cause(const struct batch *batch)
{
    const struct record *refused = NULL;
    const struct record *failed = NULL;
    for (size_t i = 0; i < batch->count; i++) {
        const struct record *record = &batch->records[i];
        if (is_refusal(record->error)) {
            if (!refused || record->value_size > refused->value_size)
                refused = record;
        } else if (!failed && record->error && !is_consequence(record->error)) {
            failed = record;
        }
    }
    return refused ? refused : failed;
}

static void explain_record(struct sender *sender, const struct record *cause, struct fault *why)
{
    const char *reason = rd_kafka_err2str(cause->error);
    if (is_missing_topic(cause->error))
        fault_set(why, FAULT_RETRY, "%s: %s; `lienthong topics create` makes it", cause->topic,
                  reason);
    else if (cause->error == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP)
        fault_set(why, FAULT_RETRY,
                  "%s: %s; compare this machine's clock with the broker's, and the topic's "
                  "message.timestamp.before.max.ms with how long entries have waited",
                  cause->topic, reason);
    else
        explain(sender, FAULT_RETRY, cause->topic, reason, why);
}

/* ---- ending ---- */

/*
 * Gives a transaction up whose commit was never asked for: it can only be aborted.  Trying it here
 * frees the readers behind it at once; where it fails, the next sender_begin aborts it.
 */
static enum sent give_up(struct sender *sender, size_t *refused, struct fault *why)
{
    rd_kafka_error_t *error = rd_kafka_abort_transaction(sender->client, ANSWER_MS);
    if (error)
        rd_kafka_error_destroy(error);
    const struct record *cause = find_cause(sender->batch); /* the abort has brought more reports */
    if (cause)
        explain_record(sender, cause, why);
    else
        explain(sender, FAULT_RETRY, "transaction", "no delivery in time", why);
    if (rd_kafka_fatal_error(sender->client, NULL, 0))
        return SENT_LOST; /* another producer of the same id may have moved the progress */
    if (!cause || !is_refusal(cause->error))
        return SENT_ABORTED;
    *refused = (size_t)(cause - sender->batch->records);
    return SENT_REFUSED;
}

static enum sent commit(struct sender *sender, struct fault *why)
{
    auto_free(rd_kafka_error_destroy) rd_kafka_error_t *error = kafka_commit(sender->client);
    if (!error)
        return SENT_COMMITTED;
    explain(sender, FAULT_RETRY, "commit", rd_kafka_error_string(error), why);
    return SENT_LOST;
}

enum sent sender_send(struct sender *sender, struct batch *batch,
                      const struct sender_limits *limits, size_t *refused, struct fault *why)
{
    auto_free(rd_kafka_error_destroy) rd_kafka_error_t *error =
        rd_kafka_begin_transaction(sender->client);
    if (error) {
        explain(sender, FAULT_RETRY, "transaction", rd_kafka_error_string(error), why);
        return SENT_LOST;
    }
    sender->batch = batch;
    sender->reported = 0;
    sender->failed = 0;
    sender->said[0] = '\0';
    enum sent sent = offer_all(sender, limits) && await_reports(sender, limits)
                         ? commit(sender, why)
                         : give_up(sender, refused, why);
    sender->batch = NULL;
    return sent;
}
