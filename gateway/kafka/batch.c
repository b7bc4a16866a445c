/* SPDX-License-Identifier: Apache-2.0 */
/* Makes Kafka records of the spool's entries, one transaction's worth at a time. */
#include "kafka/batch.h"

#include "base/bilingual.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/digest.h"
#include "kafka/headers.h"
#include "kafka/progress.h"
#include "spool/receipt.h"

#include <inttypes.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

/* ---- the batch ---- */

static void clear_record(struct record *record)
{
    free(record->key);
    free(record->value);
    free(record->notice_topic);
    if (record->headers)
        rd_kafka_headers_destroy(record->headers);
}

void batch_clear(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        clear_record(&batch->records[i]);
    batch->count = 0;
    batch->bytes = 0;
}

void batch_free(struct batch *batch)
{
    batch_clear(batch);
    free(batch->records);
    batch->records = NULL;
    batch->capacity = 0;
}

static bool make_room(struct batch *batch, struct fault *why)
{
    if (batch->count < batch->capacity)
        return true;
    size_t capacity = batch->capacity ? 2 * batch->capacity : FIRST_CAPACITY;
    struct record *grown = realloc(batch->records, capacity * sizeof *grown);
    if (!grown)
        return fault_memory(why);
    batch->records = grown;
    batch->capacity = capacity;
    return true;
}

/* Takes the record when it has its place, frees what it holds when it has none. */
static bool keep(struct batch *batch, struct record *record, struct fault *why)
{
    if (!make_room(batch, why)) {
        clear_record(record);
        return false;
    }
    batch->records[batch->count++] = *record;
    batch->bytes += record->key_size + record->value_size;
    return true;
}

int64_t batch_last(const struct batch *batch)
{
    return batch->count > 0 ? batch->records[batch->count - 1].number : 0;
}

/* ---- one record ---- */

static bool set_key(struct record *record, const char *key, struct fault *why)
{
    if (!key)
        return true;
    record->key = strdup(key);
    record->key_size = strlen(key);
    return record->key ? true : fault_memory(why);
}

static bool set_value(struct record *record, size_t prefix_size, const char *bytes, size_t size,
                      struct fault *why)
{
    record->value_size = prefix_size + size;
    record->value = malloc(record->value_size > 0 ? record->value_size : 1);
    if (!record->value)
        return fault_memory(why);
    memset(record->value, 0, prefix_size);
    memcpy(record->value + prefix_size, bytes, size);
    return true;
}

void record_frame(struct record *record, const struct wire_prefix *prefix)
{
    memcpy(record->value, prefix->bytes, prefix->size);
}

static int64_t record_time(int64_t received_at_ms)
{
    int64_t now = clock_now_ms();
    return received_at_ms < now ? received_at_ms : now;
}

static bool make_event(const struct batch_form *form, const struct spool_entry *entry,
                       struct record *record, struct fault *why)
{
    record->kind = RECORD_EVENT;
    record->topic = form->events_topic;
    record->schema_no = entry->schema_no;
    record->headers = headers_of_event(entry, form->gateway_id, why);
    return record->headers && set_key(record, entry->dossier_code, why) &&
           set_value(record, form->prefix_size, entry->event, entry->event_size, why);
}

/* ---- dead letters ---- */

static bool set_text(avro_value_t *letter, const char *name, const char *text)
{
    avro_value_t field;
    return avro_value_get_by_name(letter, name, &field, NULL) == 0 &&
           avro_value_set_string(&field, text ? text : "") == 0;
}

static bool set_optional_text(avro_value_t *letter, const char *name, const char *text)
{
    avro_value_t field;
    avro_value_t branch;
    return avro_value_get_by_name(letter, name, &field, NULL) == 0 &&
           avro_value_set_branch(&field, text ? 1 : 0, &branch) == 0 &&
           (text ? avro_value_set_string(&branch, text) : avro_value_set_null(&branch)) == 0;
}

static bool set_time(avro_value_t *letter, const char *name, int64_t time_ms)
{
    avro_value_t field;
    return avro_value_get_by_name(letter, name, &field, NULL) == 0 &&
           avro_value_set_long(&field, time_ms) == 0;
}

/* In Vietnamese where it is in both languages: a letter has one line. */
static bool set_detail(avro_value_t *letter, const char *detail)
{
    avro_value_t field;
    size_t size = 0;
    const char *part = bilingual_part(detail ? detail : "", false, &size);
    auto_free(free) char *copy = strndup(part, size);
    return copy && avro_value_get_by_name(letter, "detail", &field, NULL) == 0 &&
           avro_value_set_string(&field, copy) == 0;
}

/* What has an event died later, at Kafka's door; what has none was dead on arrival. */
static bool fill_letter(avro_value_t *letter, const struct batch_form *form,
                        const struct spool_entry *entry)
{
    char digest[SHA256_HEX_SIZE];
    char receipt[RECEIPT_TEXT_SIZE];
    digest_hex(entry->document_sha256, SHA256_SIZE, digest);
    receipt_write(form->receipt_key, entry->entry, receipt);
    int64_t died_at = entry->event ? clock_now_ms() : entry->received_at_ms;
    return set_text(letter, "receipt", receipt) && set_text(letter, "partner", entry->partner) &&
           set_optional_text(letter, "dossier_code", entry->dossier_code) &&
           set_time(letter, "died_at", died_at) && set_text(letter, "cause", entry->cause) &&
           set_detail(letter, entry->detail) && set_text(letter, "payload_sha256", digest);
}

static char *encode_letter(const struct batch_form *form, const struct spool_entry *entry,
                           size_t *size, struct fault *why)
{
    const struct schema *schema = form->dead_letter;
    avro_value_t letter;
    if (avro_generic_value_new(schema->iface, &letter) != 0) {
        fault_memory(why);
        return NULL;
    }
    char *bytes = NULL;
    if (!schema_reset(schema, &letter, why))
        bytes = NULL;
    else if (!fill_letter(&letter, form, entry))
        fault_set(why, FAULT_BROKEN, "the schema of dead letters lacks a field");
    else
        bytes = wire_encode(schema, &letter, size, why);
    avro_value_decref(&letter);
    return bytes;
}

static bool make_dead_letter(const struct batch_form *form, const struct spool_entry *entry,
                             struct record *record, struct fault *why)
{
    record->kind = RECORD_DEAD_LETTER;
    record->topic = form->dead_letters_topic;
    size_t size = 0;
    auto_free(free) char *bytes = encode_letter(form, entry, &size, why);
    if (!bytes)
        return false;
    record->headers = headers_of_dead_letter(entry, form->gateway_id, why);
    const char *key = entry->dossier_code ? entry->dossier_code : entry->partner;
    return record->headers && set_key(record, key, why) &&
           set_value(record, form->prefix_size, bytes, size, why);
}

/* ---- notices ---- */

static bool make_notice(const struct batch_form *form, const struct spool_entry *entry,
                        struct record *record, struct fault *why)
{
    const struct spool_notice *notice = entry->notice;
    record->kind = RECORD_NOTICE;
    record->schema_no = notice->schema_no;
    if (asprintf(&record->notice_topic, "%s%s", form->topic_prefix, notice->topic) < 0) {
        record->notice_topic = NULL;
        return fault_memory(why);
    }
    record->topic = record->notice_topic;
    record->headers = headers_of_notice(entry, form->gateway_id, why);
    return record->headers && set_key(record, notice->key, why) &&
           set_value(record, form->prefix_size, notice->datum, notice->size, why);
}

static bool make_record(const struct batch_form *form, const struct spool_entry *entry,
                        struct record *record, struct fault *why)
{
    if (entry->notice)
        return make_notice(form, entry, record, why);
    return entry->state == ENTRY_DEAD ? make_dead_letter(form, entry, record, why)
                                      : make_event(form, entry, record, why);
}

bool batch_add(struct batch *batch, const struct spool_entry *entry, struct fault *why)
{
    struct record record = {
        .number = entry->number,
        .received_at_ms = entry->received_at_ms,
        .partition = RD_KAFKA_PARTITION_UA,
        .timestamp_ms = record_time(entry->received_at_ms),
    };
    if (!make_record(batch->form, entry, &record, why)) {
        clear_record(&record);
        return fault_prefix(why, "number %" PRId64, entry->number);
    }
    return keep(batch, &record, why);
}

bool batch_seal(struct batch *batch, struct fault *why)
{
    const struct record *last = &batch->records[batch->count - 1];
    char text[PROGRESS_TEXT_SIZE];
    size_t size = progress_write(last->number, last->received_at_ms, text);
    struct record record = {
        .kind = RECORD_PROGRESS,
        .number = last->number,
        .received_at_ms = last->received_at_ms,
        .topic = batch->form->progress_topic,
        .partition = PROGRESS_PARTITION,
        .timestamp_ms = clock_now_ms(),
    };
    if (!set_key(&record, batch->form->gateway_id, why) ||
        !set_value(&record, 0, text, size, why)) {
        clear_record(&record);
        return false;
    }
    return keep(batch, &record, why);
}
