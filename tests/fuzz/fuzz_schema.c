/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas from a registry: what is taken must be usable, and read the same after a round trip. */
#include "base/cleanup.h"
#include "event/canonical.h"
#include "event/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void stop_if(bool is_wrong, const char *what)
{
    if (!is_wrong)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

/* The canonical form is a schema itself, of the same fingerprint; a bare name is none of ours. */
static void read_again(const struct schema *schema)
{
    struct fault why;
    size_t size = 0;
    auto_free(free) char *text = canonical_write(schema->shapes, &size, &why);
    stop_if(!text, "no canonical form");
    if (*text == '"')
        return;
    struct schema *again = schema_parse(text, size, &why);
    stop_if(!again, why.text);
    stop_if(again->fingerprint != schema->fingerprint, "another fingerprint");
    schema_free(again);
}

static void use(const struct schema *schema)
{
    struct fault why;
    size_t size = 0;
    avro_value_t value;
    stop_if(avro_generic_value_new(schema->iface, &value) != 0, "no memory");
    stop_if(!schema_reset(schema, &value, &why), why.text);
    char *datum = wire_encode(schema, &value, &size, &why);
    stop_if(!datum, why.text);
    free(datum);
    avro_value_decref(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fault why = {0};
    struct schema *schema = schema_parse((const char *)bytes, size, &why);
    if (!schema) {
        stop_if(why.kind != FAULT_REFUSE, why.text);
        return 0;
    }
    read_again(schema);
    use(schema);
    schema_free(schema);
    return 0;
}
