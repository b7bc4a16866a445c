/* SPDX-License-Identifier: Apache-2.0 */
/* What became of deliveries, as records of Kafka that the spool takes along as notices. */
#include "deliver/tell.h"

#include "base/cleanup.h"
#include "base/number.h"
#include "event/wire.h"

#include <inttypes.h>

static const char *const symbols[] = {
    [OUTCOME_DELIVERED] = "DELIVERED", [OUTCOME_REFUSED] = "REFUSED",
    [OUTCOME_EXPIRED] = "EXPIRED",     [OUTCOME_UNROUTABLE] = "UNROUTABLE",
    [OUTCOME_DISCARDED] = "DISCARDED", [OUTCOME_RELEASED] = "RELEASED",
    [OUTCOME_REROUTED] = "REROUTED",
};

void delivery_text(int64_t delivery, char text[DELIVERY_TEXT_SIZE])
{
    (void)snprintf(text, DELIVERY_TEXT_SIZE, "d-%" PRId64, delivery);
}

bool delivery_read(const char *text, int64_t *delivery)
{
    return strncmp(text, "d-", 2) == 0 &&
           number_read(text + 2, strlen(text + 2), 1, INT64_MAX, delivery) == NUMBER_GOOD;
}

/* --- fields --- */

static bool get(avro_value_t *record, const char *name, avro_value_t *field)
{
    return avro_value_get_by_name(record, name, field, NULL) == 0;
}

static bool set_text(avro_value_t *record, const char *name, const char *text)
{
    avro_value_t field;
    return get(record, name, &field) && avro_value_set_string(&field, text ? text : "") == 0;
}

/* Null as it was reset. */
static bool set_optional(avro_value_t *record, const char *name, const char *text)
{
    avro_value_t field, branch;
    return !text || (get(record, name, &field) && avro_value_set_branch(&field, 1, &branch) == 0 &&
                     avro_value_set_string(&branch, text) == 0);
}

static bool set_hash(avro_value_t *record, const char *name, const uint8_t *sha256)
{
    char hex[SHA256_HEX_SIZE];
    if (sha256)
        digest_hex(sha256, SHA256_SIZE, hex);
    return set_optional(record, name, sha256 ? hex : NULL);
}

static bool set_time(avro_value_t *record, const char *name, int64_t moment)
{
    avro_value_t field;
    return get(record, name, &field) && avro_value_set_long(&field, moment) == 0;
}

static bool set_int(avro_value_t *record, const char *name, int64_t number)
{
    avro_value_t field;
    int32_t most = number > INT32_MAX ? INT32_MAX : (int32_t)number;
    return get(record, name, &field) && avro_value_set_int(&field, most) == 0;
}

static bool set_symbol(avro_value_t *record, const char *name, const char *symbol)
{
    avro_value_t field;
    if (!get(record, name, &field))
        return false;
    int index = avro_schema_enum_get_by_name(avro_value_get_schema(&field), symbol);
    return index >= 0 && avro_value_set_enum(&field, index) == 0;
}

/* --- the two records --- */

/* What is told, under which names. */
struct telling {
    const struct spool_delivery *delivery;
    const struct told *told;
    char name[DELIVERY_TEXT_SIZE];
    char event_id[UUID_TEXT_SIZE];
};

static bool fill_whose(const struct telling *telling, avro_value_t *record)
{
    const struct spool_delivery *delivery = telling->delivery;
    const char *partner = telling->told->partner;
    return set_text(record, "delivery", telling->name) &&
           set_text(record, "event_id", telling->event_id) &&
           set_text(record, "dossier_code", delivery->dossier_code) &&
           set_text(record, "event_type", delivery->event_type) &&
           set_text(record, "source", delivery->source) &&
           set_optional(record, "partner", partner ? partner : delivery->partner) &&
           set_optional(record, "agency", delivery->agency) &&
           set_text(record, "reason", delivery->reason);
}

static bool fill_receipt(const struct telling *telling, avro_value_t *record)
{
    const struct told *told = telling->told;
    return fill_whose(telling, record) && set_symbol(record, "outcome", symbols[told->outcome]) &&
           set_time(record, "at", told->at_ms) && set_int(record, "attempts", told->attempts) &&
           set_int(record, "status", told->status) && set_optional(record, "cause", told->cause) &&
           set_optional(record, "detail", told->detail) &&
           set_hash(record, "document_sha256", told->document_sha256);
}

static bool fill_dead_letter(const struct telling *telling, avro_value_t *record)
{
    const struct spool_delivery *delivery = telling->delivery;
    const struct told *told = telling->told;
    return set_text(record, "receipt", telling->name) &&
           set_text(record, "partner", delivery->source) &&
           set_optional(record, "dossier_code", delivery->dossier_code) &&
           set_time(record, "died_at", told->at_ms) && set_text(record, "cause", told->cause) &&
           set_text(record, "detail", told->detail) &&
           set_optional(record, "delivery", telling->name) &&
           set_optional(record, "event_id", telling->event_id) &&
           set_optional(record, "target", delivery->partner) &&
           set_optional(record, "agency", delivery->agency);
}

typedef bool (*fill_record)(const struct telling *telling, avro_value_t *record);

static char *encode(const struct schema *schema, fill_record fill, const struct telling *telling,
                    size_t *size, struct fault *why)
{
    avro_value_t record;
    char *bytes = NULL;
    if (avro_generic_value_new(schema->iface, &record) != 0) {
        fault_memory(why);
        return NULL;
    }
    if (schema_reset(schema, &record, why)) {
        if (fill(telling, &record))
            bytes = wire_encode(schema, &record, size, why);
        else
            fault_set(why, FAULT_BROKEN, "a schema of what is told lacks a field");
    }
    avro_value_decref(&record);
    return bytes;
}

static bool add(const struct telling *telling, struct tellings *tellings, char *datum, size_t size,
                struct fault *why)
{
    const struct spool_delivery *delivery = telling->delivery;
    const char *key = delivery->dossier_code ? delivery->dossier_code
                      : delivery->source     ? delivery->source
                                             : telling->name;
    size_t at = tellings->count;
    tellings->memory[2 * at] = datum;
    tellings->memory[2 * at + 1] = strdup(key);
    if (!tellings->memory[2 * at + 1])
        return fault_memory(why);
    tellings->notices[at].key = tellings->memory[2 * at + 1];
    tellings->notices[at].datum = datum;
    tellings->notices[at].size = size;
    tellings->count++;
    return true;
}

static bool add_receipt(const struct tell_schemas *schemas, const struct telling *telling,
                        struct tellings *tellings, struct fault *why)
{
    size_t size = 0;
    char *datum = encode(schemas->receipt, fill_receipt, telling, &size, why);
    struct spool_notice *notice = &tellings->notices[tellings->count];
    notice->topic = "deliveries";
    notice->schema_no = schemas->receipt_no;
    return datum && add(telling, tellings, datum, size, why);
}

static bool add_dead_letter(const struct tell_schemas *schemas, const struct telling *telling,
                            struct tellings *tellings, struct fault *why)
{
    size_t size = 0;
    char *datum = encode(schemas->dead_letter, fill_dead_letter, telling, &size, why);
    struct spool_notice *notice = &tellings->notices[tellings->count];
    notice->topic = "dead-letters";
    notice->schema_no = schemas->dead_letter_no;
    return datum && add(telling, tellings, datum, size, why);
}

static bool is_dead(enum outcome outcome)
{
    return outcome == OUTCOME_REFUSED || outcome == OUTCOME_EXPIRED ||
           outcome == OUTCOME_UNROUTABLE;
}

bool tell_outcome(const struct tell_schemas *schemas, const struct spool_delivery *delivery,
                  const struct told *told, struct tellings *tellings, struct fault *why)
{
    static const uint8_t none[UUID_SIZE];
    struct telling telling = {.delivery = delivery, .told = told};
    struct tellings made = {.count = 0};
    delivery_text(delivery->delivery, telling.name);
    uuid_text(delivery->event_id ? delivery->event_id : none, telling.event_id);
    if (!add_receipt(schemas, &telling, &made, why) ||
        (is_dead(told->outcome) && !add_dead_letter(schemas, &telling, &made, why))) {
        tell_free(&made);
        return false;
    }
    *tellings = made;
    return true;
}

void tell_free(struct tellings *tellings)
{
    for (size_t i = 0; i < sizeof tellings->memory / sizeof *tellings->memory; i++)
        free(tellings->memory[i]);
    *tellings = (struct tellings){.count = 0};
}
