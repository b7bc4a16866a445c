/* SPDX-License-Identifier: Apache-2.0 */
/* One value for each schema that was met; what another schema wrote is carried over to ours. */
#include "deliver/unpack.h"

#include "event/carry.h"
#include "event/wire.h"

/* The bytes are our own, checked by their digest; the limits only bound a mistake. */
static const struct wire_limits limits = {.text_size = 16 << 20, .items = 1 << 20, .depth = 32};

struct known {
    struct known *next;
    int32_t schema_no;
    struct schema *schema;
    avro_value_t value;
};

struct unpack {
    const struct schema *schema;
    avro_value_t value; /* of ours */
    struct known *first;
};

static void free_known(struct known *known)
{
    if (known->value.iface)
        avro_value_decref(&known->value);
    schema_free(known->schema);
    free(known);
}

ENDS_WITH_SCOPE(struct known *, free_known)

struct unpack *unpack_new(const struct schema *schema, struct fault *why)
{
    struct unpack *unpack = calloc(1, sizeof *unpack);
    if (unpack && avro_generic_value_new(schema->iface, &unpack->value) == 0) {
        unpack->schema = schema;
        return unpack;
    }
    free(unpack);
    (void)fault_memory(why);
    return NULL;
}

void unpack_free(struct unpack *unpack)
{
    if (!unpack)
        return;
    while (unpack->first) {
        struct known *known = unpack->first;
        unpack->first = known->next;
        free_known(known);
    }
    avro_value_decref(&unpack->value);
    free(unpack);
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

static struct known *find(struct unpack *unpack, struct spool_reader *reader, int32_t schema_no,
                          struct fault *why)
{
    struct known *known = unpack->first;
    while (known && known->schema_no != schema_no)
        known = known->next;
    if (known)
        return known;
    known = learn(reader, schema_no, why);
    if (known) {
        known->next = unpack->first;
        unpack->first = known;
    }
    return known;
}

avro_value_t *unpack_event(struct unpack *unpack, struct spool_reader *reader,
                           const struct packed *packed, struct fault *why)
{
    struct known *known = find(unpack, reader, packed->schema_no, why);
    if (!known ||
        !wire_decode(known->schema, packed->bytes, packed->size, &limits, &known->value, why))
        return NULL;
    if (known->schema->fingerprint == unpack->schema->fingerprint)
        return &known->value;
    if (!schema_reset(unpack->schema, &unpack->value, why) ||
        !event_carry(known->schema, &known->value, unpack->schema, &unpack->value, why))
        return NULL;
    return &unpack->value;
}
