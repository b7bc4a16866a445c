/* SPDX-License-Identifier: Apache-2.0 */
/* Makes arrivals of records: what a stranger may have written, under our own schema. */
#include "kafka/arrivals.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/number.h"
#include "base/utf8.h"
#include "event/carry.h"
#include "event/wire.h"
#include "event/writers.h"
#include "kafka/words.h"

#include <string.h>

enum { KEY_LIMIT = 200 };

ENDS_WITH_SCOPE(struct arrivals *, arrivals_free)

/* What one arrival points to and owns. */
struct held {
    char *source;
    char *dossier_code;
    char *event;  /* when it was carried over */
    char *reason; /* when it could not be read */
    struct spool_target target;
};

struct arrivals {
    const struct subscriber_options *options;
    struct spool *spool;
    struct spool_reader *reader;
    struct writers *writers;
    bool is_pinned;     /* the registry's id of our own schema is known to `writers` */
    avro_value_t value; /* under our own schema, filled anew by each record */
    struct spool_arrival *list;
    struct held *held; /* by the same index */
    size_t count;
    size_t unread;
    size_t first_unread;
};

/* A record under way. */
struct reading {
    struct arrivals *arrivals;
    const rd_kafka_message_t *record;
    struct spool_arrival arrival;
    struct held held;
    struct subscribed subscribed;
    const char *cause; /* why it cannot be read */
};

/* ---- life ---- */

/* The spool's schemas up to our own: every version that this gateway has written. */
static bool add_versions(struct arrivals *arrivals, struct fault *why)
{
    for (int32_t no = 1; no <= arrivals->options->schema_no; no++) {
        struct spool_schema_row row;
        if (!spool_schema_of(arrivals->reader, no, &row, why))
            return false;
        auto_free(free) char *text = row.text;
        const struct schema *schema = writers_learn(arrivals->writers, row.fingerprint, text, why);
        if (!schema ||
            (row.registry_id >= 0 && !writers_pin(arrivals->writers, row.registry_id, schema, why)))
            return false;
        if (schema == arrivals->options->schema && row.registry_id >= 0)
            arrivals->is_pinned = true;
    }
    return true;
}

struct arrivals *arrivals_new(const struct subscriber_options *options, struct spool *spool,
                              struct spool_reader *reader, struct fault *why)
{
    auto_free(arrivals_free) struct arrivals *arrivals = calloc(1, sizeof *arrivals);
    if (!arrivals) {
        fault_memory(why);
        return NULL;
    }
    arrivals->options = options;
    arrivals->spool = spool;
    arrivals->reader = reader;
    arrivals->list = calloc((size_t)options->batch_entries, sizeof *arrivals->list);
    arrivals->held = calloc((size_t)options->batch_entries, sizeof *arrivals->held);
    if (!arrivals->list || !arrivals->held ||
        avro_generic_value_new(options->schema->iface, &arrivals->value) != 0) {
        fault_memory(why);
        return NULL;
    }
    arrivals->writers = writers_new(options->registry, why);
    if (!arrivals->writers || !writers_add(arrivals->writers, options->schema, why) ||
        !add_versions(arrivals, why))
        return NULL;
    return steal(arrivals);
}

static void let_go(struct held *held)
{
    free(held->source);
    free(held->dossier_code);
    free(held->event);
    free(held->reason);
    *held = (struct held){.source = NULL};
}

void arrivals_clear(struct arrivals *arrivals)
{
    for (size_t i = 0; i < arrivals->count; i++)
        let_go(&arrivals->held[i]);
    arrivals->count = 0;
    arrivals->unread = 0;
    arrivals->options->hooks.end(arrivals->options->hooks.own);
}

void arrivals_free(struct arrivals *arrivals)
{
    if (!arrivals)
        return;
    if (arrivals->count > 0)
        arrivals_clear(arrivals);
    if (arrivals->value.iface)
        avro_value_decref(&arrivals->value);
    writers_free(arrivals->writers);
    free(arrivals->list);
    free(arrivals->held);
    free(arrivals);
}

const struct spool_arrival *arrivals_list(const struct arrivals *arrivals, size_t *count)
{
    *count = arrivals->count;
    return arrivals->list;
}

size_t arrivals_unread(const struct arrivals *arrivals, const struct spool_arrival **first)
{
    *first = arrivals->unread > 0 ? &arrivals->list[arrivals->first_unread] : NULL;
    return arrivals->unread;
}

/* ---- reading ---- */

/* It will never be readable: the fault says why. */
static bool give_up(struct reading *reading, const char *cause)
{
    reading->cause = cause;
    return false;
}

/* The publisher pins the id when it sends its first record, which may be after we began. */
static bool pin_own(struct arrivals *arrivals, struct fault *why)
{
    const struct subscriber_options *options = arrivals->options;
    if (arrivals->is_pinned || !options->registry)
        return true;
    struct spool_schema_row row;
    if (!spool_schema_of(arrivals->reader, options->schema_no, &row, why))
        return false;
    free(row.text);
    if (row.registry_id < 0)
        return true;
    arrivals->is_pinned = true;
    return writers_pin(arrivals->writers, row.registry_id, options->schema, why);
}

static const struct schema *find_writer(struct reading *reading, size_t *prefix, struct fault *why)
{
    const rd_kafka_message_t *record = reading->record;
    int32_t id;
    uint64_t fingerprint;
    if (!record->payload) {
        (void)fault_set(why, FAULT_REFUSE, "a record without a value");
        (void)give_up(reading, "event:empty");
        return NULL;
    }
    if (!pin_own(reading->arrivals, why))
        return NULL;
    const struct schema *writer =
        writers_find(reading->arrivals->writers, record->payload, record->len, prefix, why);
    if (!writer && why->kind == FAULT_REFUSE)
        (void)give_up(reading, wire_recognise(record->payload, record->len, &id, &fingerprint,
                                              prefix) == WIRE_UNKNOWN
                                   ? "event:framing"
                                   : "event:schema");
    return writer;
}

static bool decode(struct reading *reading, const struct schema *schema, size_t prefix,
                   avro_value_t *value, struct fault *why)
{
    const rd_kafka_message_t *record = reading->record;
    if (wire_decode(schema, (const char *)record->payload + prefix, record->len - prefix,
                    &writers_limits, value, why))
        return true;
    return why->kind == FAULT_REFUSE ? give_up(reading, "event:undecodable") : false;
}

static bool is_event(const struct schema *writer, const struct schema *own)
{
    const char *name = writer->shapes->root->name;
    return name && strcmp(name, own->shapes->root->name) == 0;
}

/* Decodes what another version wrote, and makes it ours. */
static bool carry_over(struct reading *reading, const struct schema *writer, size_t prefix,
                       struct fault *why)
{
    struct arrivals *arrivals = reading->arrivals;
    const struct schema *own = arrivals->options->schema;
    avro_value_t theirs;
    if (!is_event(writer, own)) {
        (void)fault_set(why, FAULT_REFUSE, "its schema is none of a %s", own->shapes->root->name);
        return give_up(reading, "event:foreign");
    }
    if (avro_generic_value_new(writer->iface, &theirs) != 0)
        return fault_memory(why);
    bool is_ours = false;
    if (decode(reading, writer, prefix, &theirs, why)) {
        is_ours = schema_reset(own, &arrivals->value, why) &&
                  event_carry(writer, &theirs, own, &arrivals->value, why);
        if (!is_ours && why->kind == FAULT_REFUSE)
            (void)give_up(reading, "event:foreign");
    }
    avro_value_decref(&theirs);
    if (!is_ours)
        return false;
    reading->held.event = wire_encode(own, &arrivals->value, &reading->arrival.event_size, why);
    reading->arrival.event = reading->held.event;
    return reading->held.event != NULL;
}

/* Fills the value, and the event's bytes under our schema. */
static bool read_event(struct reading *reading, struct fault *why)
{
    struct arrivals *arrivals = reading->arrivals;
    size_t prefix = 0;
    const struct schema *writer = find_writer(reading, &prefix, why);
    if (!writer)
        return false;
    if (writer->fingerprint != arrivals->options->schema->fingerprint)
        return carry_over(reading, writer, prefix, why);
    reading->arrival.event = (const char *)reading->record->payload + prefix;
    reading->arrival.event_size = reading->record->len - prefix;
    return decode(reading, arrivals->options->schema, prefix, &arrivals->value, why);
}

/* ---- the event's own words ---- */

static bool take_words(struct reading *reading, struct fault *why)
{
    struct words words;
    struct spool_arrival *arrival = &reading->arrival;
    if (!words_read(reading->arrivals->options->schema, &reading->arrivals->value, &words, why))
        return false;
    reading->held.source = words.source;
    reading->held.dossier_code = words.dossier_code;
    arrival->source = words.source;
    arrival->dossier_code = words.dossier_code;
    arrival->event_type = words.event_type;
    arrival->occurred_at_ms = words.occurred_at_ms;
    arrival->due_at_ms = words.due_at_ms;
    memcpy(arrival->event_id, words.event_id, UUID_SIZE);
    return true;
}

/* ---- what could not be read ---- */

static char *code_of_key(const rd_kafka_message_t *record)
{
    const char *key = record->key;
    if (!key || record->key_len == 0 || record->key_len > KEY_LIMIT ||
        utf8_valid(key, record->key_len) != record->key_len || memchr(key, '\0', record->key_len))
        return NULL;
    return strndup(key, record->key_len);
}

/* Stands for the record as it was, for a person to look at. */
static bool describe_unread(struct reading *reading, const struct fault *reason, struct fault *why)
{
    struct held *held = &reading->held;
    const rd_kafka_message_t *record = reading->record;
    let_go(held);
    held->dossier_code = code_of_key(record);
    held->reason = strdup(reason->text);
    if (!held->reason)
        return fault_memory(why);
    held->target = (struct spool_target){.reason = held->reason, .cause = reading->cause};
    struct spool_arrival *arrival = &reading->arrival;
    arrival->dossier_code = held->dossier_code;
    arrival->event = record->payload ? record->payload : "";
    arrival->event_size = record->len;
    arrival->schema_no = 0;
    arrival->target_count = 1;
    reading->subscribed.event = NULL;
    return true;
}

/* ---- one record ---- */

/* A header's text; librdkafka ends it with a NUL of its own. */
static const char *header_of(const rd_kafka_message_t *record, const char *name)
{
    rd_kafka_headers_t *headers = NULL;
    const void *text = NULL;
    size_t size = 0;
    if (rd_kafka_message_headers(record, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_last(headers, name, &text, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return NULL;
    return text && utf8_valid(text, size) == size ? text : NULL;
}

/* Anybody may have written it: it is a place to look at, and no proof of what is there. */
static int64_t entry_of(const rd_kafka_message_t *record)
{
    int64_t entry = 0;
    const char *text = header_of(record, "lt_entry");
    if (text && number_read(text, strlen(text), 1, INT64_MAX, &entry) != NUMBER_GOOD)
        return 0;
    return entry;
}

static void begin(struct reading *reading)
{
    const rd_kafka_message_t *record = reading->record;
    struct arrivals *arrivals = reading->arrivals;
    reading->subscribed = (struct subscribed){
        .event = &arrivals->value,
        .partition = record->partition,
        .offset = record->offset,
        .arrival = spool_last_arrival(arrivals->spool) + 1 + (int64_t)arrivals->count,
        .traceparent = header_of(record, "traceparent"),
    };
    reading->arrival = (struct spool_arrival){
        .partition = record->partition,
        .offset = record->offset,
        .arrived_at_ms = clock_now_ms(),
        .entry = entry_of(record),
        .traceparent = reading->subscribed.traceparent,
        .schema_no = arrivals->options->schema_no,
    };
}

static bool route(struct reading *reading, struct fault *why)
{
    const struct subscriber_hooks *hooks = &reading->arrivals->options->hooks;
    struct fault reason;
    if (read_event(reading, &reason) && take_words(reading, &reason))
        return hooks->route(hooks->own, &reading->subscribed, &reading->arrival, why);
    if (!reading->cause) {
        *why = reason;
        return false;
    }
    if (!describe_unread(reading, &reason, why))
        return false;
    reading->arrival.targets = &reading->held.target;
    return !hooks->unread ||
           hooks->unread(hooks->own, &reading->subscribed, &reading->arrival, why);
}

static void keep(struct arrivals *arrivals, const struct reading *reading)
{
    size_t at = arrivals->count++;
    arrivals->list[at] = reading->arrival;
    arrivals->held[at] = reading->held;
    if (!reading->cause)
        return;
    arrivals->list[at].targets = &arrivals->held[at].target;
    if (arrivals->unread++ == 0)
        arrivals->first_unread = at;
}

bool arrivals_add(struct arrivals *arrivals, const rd_kafka_message_t *record, struct fault *why)
{
    struct reading reading = {.arrivals = arrivals, .record = record};
    if (header_of(record, "lt_replay_id"))
        return true; /* sent again for others: it was delivered when it came first */
    begin(&reading);
    bool is_routed = route(&reading, why);
    if (is_routed && reading.arrival.target_count > 0)
        keep(arrivals, &reading);
    else
        let_go(&reading.held);
    return is_routed;
}
