/* SPDX-License-Identifier: Apache-2.0 */
/* One value for each schema that was met, used again for every event of it. */
#include "api/recall.h"

#include "base/cleanup.h"
#include "event/carry.h"
#include "event/wire.h"

#include <stdlib.h>
#include <string.h>

/* The bytes are our own, checked by their digest; the limits only bound a mistake. */
static const struct wire_limits limits = {.text_size = 16 << 20, .items = 1 << 20, .depth = 32};

struct known {
    struct known *next;
    int32_t schema_no;
    struct schema *schema;
    avro_value_t value;
};

struct recall {
    struct known *first;
    avro_value_t ours; /* what was carried over; made at its first use */
};

static void free_known(struct known *known)
{
    if (known->value.iface)
        avro_value_decref(&known->value);
    schema_free(known->schema);
    free(known);
}

ENDS_WITH_SCOPE(struct known *, free_known)

struct recall *recall_new(void)
{
    return calloc(1, sizeof(struct recall));
}

void recall_free(struct recall *recall)
{
    if (!recall)
        return;
    while (recall->first) {
        struct known *known = recall->first;
        recall->first = known->next;
        free_known(known);
    }
    if (recall->ours.iface)
        avro_value_decref(&recall->ours);
    free(recall);
}

static struct known *learn(struct spool_reader *reader, int32_t schema_no, struct fault *why)
{
    struct spool_schema_row row = {0};
    auto_free(free_known) struct known *known = calloc(1, sizeof *known);
    if (!known) {
        (void)fault_memory(why);
        return NULL;
    }
    if (!spool_schema_of(reader, schema_no, &row, why))
        return NULL;
    known->schema_no = schema_no;
    known->schema = schema_parse(row.text, strlen(row.text), why);
    free(row.text);
    if (!known->schema)
        return NULL;
    if (avro_generic_value_new(known->schema->iface, &known->value) != 0) {
        (void)fault_memory(why);
        return NULL;
    }
    return steal(known);
}

static struct known *find(struct recall *recall, struct spool_reader *reader, int32_t schema_no,
                          struct fault *why)
{
    struct known *known = recall->first;
    while (known && known->schema_no != schema_no)
        known = known->next;
    if (known)
        return known;
    known = learn(reader, schema_no, why);
    if (known) {
        known->next = recall->first;
        recall->first = known;
    }
    return known;
}

const avro_value_t *recall_event(struct recall *recall, struct spool_reader *reader,
                                 int32_t schema_no, const void *bytes, size_t size,
                                 struct fault *why)
{
    struct known *known = find(recall, reader, schema_no, why);
    if (!known || !wire_decode(known->schema, bytes, size, &limits, &known->value, why))
        return NULL;
    return &known->value;
}

/* Makes the value anew where it is there: event_carry wants it as a reset leaves it. */
static bool prepare_ours(struct recall *recall, const struct schema *ours, struct fault *why)
{
    if (!recall->ours.iface && avro_generic_value_new(ours->iface, &recall->ours) != 0)
        return fault_memory(why);
    return schema_reset(ours, &recall->ours, why);
}

avro_value_t *recall_as_ours(struct recall *recall, struct spool_reader *reader,
                             const struct stored_event *stored, const struct schema *ours,
                             struct fault *why)
{
    struct known *known = find(recall, reader, stored->schema_no, why);
    if (!known ||
        !wire_decode(known->schema, stored->bytes, stored->size, &limits, &known->value, why))
        return NULL;
    if (known->schema->fingerprint == ours->fingerprint)
        return &known->value;
    if (!prepare_ours(recall, ours, why) ||
        !event_carry(known->schema, &known->value, ours, &recall->ours, why))
        return NULL;
    return &recall->ours;
}
