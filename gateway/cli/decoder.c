/* SPDX-License-Identifier: Apache-2.0 */
/* Records to JSON: finds the schema that wrote them, checks the bytes, renders. */
#include "cli/decoder.h"
#include "base/cleanup.h"
#include "event/carry.h"
#include "event/wire.h"
#include "event/writers.h"

#include <string.h>

struct decoder {
    struct decoder_options options;
    struct writers *writers;
};

struct decoder *decoder_new(const struct decoder_options *options, struct fault *why)
{
    struct decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder) {
        (void)fault_memory(why);
        return NULL;
    }
    decoder->options = *options;
    decoder->writers = writers_new(options->registry, why);
    bool is_good = decoder->writers != NULL;
    for (const struct schema *const *each = options->ours; is_good && *each; each++)
        is_good = writers_add(decoder->writers, *each, why);
    if (is_good)
        return decoder;
    decoder_free(decoder);
    return NULL;
}

void decoder_free(struct decoder *decoder)
{
    if (!decoder)
        return;
    writers_free(decoder->writers);
    free(decoder);
}

/** Our schema of the same name; NULL when there is none. */
static const struct schema *ours_for(const struct decoder *decoder, const struct schema *schema)
{
    const char *name = schema->shapes->root->name;
    for (const struct schema *const *each = decoder->options.ours; name && *each; each++)
        if (strcmp((*each)->shapes->root->name, name) == 0)
            return *each;
    return NULL;
}

static json_t *render_as(const struct schema *ours, const struct schema *schema,
                         const avro_value_t *value, struct fault *why)
{
    avro_value_t carried;
    if (avro_generic_value_new(ours->iface, &carried) != 0) {
        (void)fault_memory(why);
        return NULL;
    }
    json_t *json = NULL;
    if (event_carry(schema, value, ours, &carried, why))
        json = render_event(ours, &carried, RENDER_MASKED, why);
    avro_value_decref(&carried);
    return json;
}

static json_t *render_value(const struct decoder *decoder, const struct schema *schema,
                            const avro_value_t *value, struct fault *why)
{
    if (decoder->options.mask == RENDER_FULL)
        return render_event(schema, value, RENDER_FULL, why);
    const struct schema *ours = ours_for(decoder, schema);
    if (ours == schema)
        return render_event(schema, value, RENDER_MASKED, why);
    if (ours)
        return render_as(ours, schema, value, why);
    (void)fault_set(why, FAULT_REFUSE, "none of our schemas, so what is personal is not known");
    return NULL;
}

static json_t *render(const struct decoder *decoder, const struct schema *schema, const void *bytes,
                      size_t size, struct fault *why)
{
    avro_value_t value;
    if (avro_generic_value_new(schema->iface, &value) != 0) {
        (void)fault_memory(why);
        return NULL;
    }
    json_t *json = NULL;
    if (wire_decode(schema, bytes, size, &writers_limits, &value, why))
        json = render_value(decoder, schema, &value, why);
    avro_value_decref(&value);
    return json;
}

json_t *decoder_record(struct decoder *decoder, const void *bytes, size_t size, struct fault *why)
{
    size_t prefix = 0;
    const struct schema *schema = writers_find(decoder->writers, bytes, size, &prefix, why);
    return schema ? render(decoder, schema, (const char *)bytes + prefix, size - prefix, why)
                  : NULL;
}

json_t *decoder_datum(struct decoder *decoder, const char *schema_text, uint64_t fingerprint,
                      const void *bytes, size_t size, struct fault *why)
{
    const struct schema *schema = writers_learn(decoder->writers, fingerprint, schema_text, why);
    return schema ? render(decoder, schema, bytes, size, why) : NULL;
}
