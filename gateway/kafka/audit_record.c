/* SPDX-License-Identifier: Apache-2.0 */
/* An entry of the record of acts, for Kafka. */
#include "kafka/audit_record.h"

#include "event/wire.h"

static bool get(avro_value_t *record, const char *name, avro_value_t *field)
{
    return avro_value_get_by_name(record, name, field, NULL) == 0;
}

static bool set_text(avro_value_t *record, const char *name, const char *text)
{
    avro_value_t field;
    return get(record, name, &field) && avro_value_set_string(&field, text) == 0;
}

/* Null as it was reset. */
static bool set_optional(avro_value_t *record, const char *name, const char *text)
{
    avro_value_t field;
    avro_value_t branch;
    return !text || (get(record, name, &field) && avro_value_set_branch(&field, 1, &branch) == 0 &&
                     avro_value_set_string(&branch, text) == 0);
}

static bool set_number(avro_value_t *record, const char *name, int64_t number)
{
    avro_value_t field;
    return get(record, name, &field) && avro_value_set_long(&field, number) == 0;
}

static bool fill(avro_value_t *record, const struct spool_audited *entry)
{
    const struct spool_record *act = &entry->record;
    char hash[SHA256_HEX_SIZE];
    digest_hex(entry->hash, AUDIT_HASH_SIZE, hash);
    return set_number(record, "number", entry->number) && set_number(record, "at", act->at_ms) &&
           set_text(record, "actor", act->actor.name) &&
           set_optional(record, "address", act->actor.address) &&
           set_text(record, "act", act->act) && set_text(record, "object", act->object) &&
           set_text(record, "reason", act->reason) && set_text(record, "outcome", act->outcome) &&
           set_text(record, "detail", act->detail) && set_text(record, "hash", hash);
}

char *audit_record(void *own, const struct spool_audited *entry, size_t *size)
{
    const struct schema *schema = own;
    avro_value_t record;
    struct fault why;
    char *datum = NULL;
    if (avro_generic_value_new(schema->iface, &record) != 0)
        return NULL;
    if (schema_reset(schema, &record, &why) && fill(&record, entry))
        datum = wire_encode(schema, &record, size, &why);
    avro_value_decref(&record);
    return datum;
}
