/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_BATCH_H
#define KAFKA_BATCH_H

#include "event/schema.h"
#include "event/wire.h"
#include "spool/reader.h"

#include <librdkafka/rdkafka.h>

enum record_kind {
    RECORD_EVENT,
    RECORD_DEAD_LETTER,
    RECORD_NOTICE,   /**< what the gateway itself tells */
    RECORD_PROGRESS, /**< the last of a batch */
};

/** One Kafka record to be sent, and what became of it. */
struct record {
    enum record_kind kind;
    int64_t number;         /**< the entry's or the notice's, in the spool */
    int64_t received_at_ms; /**< the entry's arrival */
    int32_t schema_no;      /**< of an event or a notice */
    const char *topic;      /**< borrowed from the batch's form, or notice_topic */
    char *notice_topic;     /**< of a notice; else NULL */
    int32_t partition;      /**< RD_KAFKA_PARTITION_UA: by the key */
    int64_t timestamp_ms;
    char *key; /**< may be NULL */
    size_t key_size;
    char *value; /**< prefix and Avro bytes; librdkafka's once it has taken it, then NULL */
    size_t value_size;
    rd_kafka_headers_t *headers; /**< librdkafka's once it has taken them, then NULL */

    bool is_reported;          /**< a delivery report has come */
    rd_kafka_resp_err_t error; /**< of the report, or of the attempt to send */
    int32_t stored_partition;
    int64_t stored_offset;
};

/** How entries become records. */
struct batch_form {
    const char *gateway_id;
    const char *topic_prefix; /**< of a notice's topic */
    const char *events_topic;
    const char *dead_letters_topic;
    const char *progress_topic;
    const struct schema *dead_letter;
    const uint8_t *receipt_key; /**< for the receipt that a dead letter names */
    size_t prefix_size;         /**< room left for it before the Avro bytes */
};

/** The records of one transaction, in the order of their numbers. */
struct batch {
    const struct batch_form *form;
    struct record *records;
    size_t count;
    size_t capacity;
    size_t bytes; /**< of keys and values */
};

/** Frees the records and makes the batch empty. */
void batch_clear(struct batch *batch);
/** batch_clear, and frees the batch's own memory. */
void batch_free(struct batch *batch);

/**
 * Adds the record of an entry: an event of a READY one, a dead letter of a DEAD one, or of a
 * notice. The record is keyed by the dossier and described by headers: CloudEvents 1.0 in Kafka's
 * binary content mode (ce_type is "vn.lienthong.dossier." and the event type in lower case,
 * ce_source is /lienthong/GATEWAY/PARTNER), `traceparent` of the request, and `lt_entry`, the
 * number that the entry's receipt begins with.  Its time is the arrival, or now when that lies
 * ahead, since brokers refuse times an hour ahead of their own.  A notice goes to its own topic
 * under its own key; ce_type is "vn.lienthong.delivery" or "vn.lienthong.dead-letter" by the topic,
 * ce_source is /lienthong/GATEWAY, ce_id is "notice-" and its number.
 */
bool batch_add(struct batch *batch, const struct spool_entry *entry, struct fault *why)
    __attribute__((warn_unused_result));

/** Adds the progress record: that everything up to the last record is on Kafka. */
bool batch_seal(struct batch *batch, struct fault *why) __attribute__((warn_unused_result));

/** Puts the prefix of its schema before a record's Avro bytes. */
void record_frame(struct record *record, const struct wire_prefix *prefix);

/** The number of the last entry; 0 when the batch is empty. */
int64_t batch_last(const struct batch *batch);

#endif
