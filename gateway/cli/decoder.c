/* SPDX-License-Identifier: Apache-2.0 */
/* Records to JSON: finds the schema that wrote them, checks the bytes, renders. */
#include "cli/decoder.h"
#include "base/cleanup.h"
#include "event/carry.h"
#include "event/wire.h"

#include <string.h>
#include <uthash.h>

ENDS_WITH_SCOPE(struct schema *, schema_free)

/* A record of ours is small; these bound what a stranger on the topic can cost. */
static const struct wire_limits limits = {.text_size = 16 << 20, .items = 1 << 20, .depth = 32};

enum { SCHEMA_LIMIT = 1000 };

struct known_schema {
    uint64_t key; /**< fingerprint, or registry id with the upper half set */
    const struct schema *schema;
    struct schema *owned; /**< NULL for the gateway's own */
    UT_hash_handle hh;
};

struct decoder {
    struct decoder_options options;
    struct known_schema *known;
};

static const uint64_t REGISTRY_IDS = UINT64_C(0xFFFFFFFF00000000);

static bool remember(struct decoder *decoder, uint64_t key, const struct schema *schema,
                     struct schema *owned, struct fault *why)
{
    if (HASH_COUNT(decoder->known) >= SCHEMA_LIMIT)
        return fault_set(why, FAULT_REFUSE, "more than %d schemas on one topic", SCHEMA_LIMIT);
    struct known_schema *entry = calloc(1, sizeof *entry);
    if (!entry)
        return fault_memory(why);
    *entry = (struct known_schema){.key = key, .schema = schema, .owned = owned};
    HASH_ADD(hh, decoder->known, key, sizeof entry->key, entry);
    return true;
}

struct decoder *decoder_new(const struct decoder_options *options, struct fault *why)
{
    struct decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder) {
        (void)fault_memory(why);
        return NULL;
    }
    decoder->options = *options;
    const struct schema *letters = options->letters;
    if (!remember(decoder, options->own->fingerprint, options->own, NULL, why) ||
        (letters && !remember(decoder, letters->fingerprint, letters, NULL, why))) {
        decoder_free(decoder);
        return NULL;
    }
    return decoder;
}

void decoder_free(struct decoder *decoder)
{
    if (!decoder)
        return;
    struct known_schema *entry;
    struct known_schema *next;
    HASH_ITER (hh, decoder->known, entry, next) {
        HASH_DEL(decoder->known, entry);
        schema_free(entry->owned);
        free(entry);
    }
    free(decoder);
}

static const struct schema *recall(const struct decoder *decoder, uint64_t key)
{
    struct known_schema *entry;
    HASH_FIND(hh, decoder->known, &key, sizeof key, entry);
    return entry ? entry->schema : NULL;
}

static const struct schema *learn(struct decoder *decoder, uint64_t key, const char *text,
                                  struct fault *why)
{
    auto_free(schema_free) struct schema *schema = schema_parse(text, strlen(text), why);
    if (!schema || !remember(decoder, key, schema, schema, why))
        return NULL;
    return steal(schema);
}

static const struct schema *of_registry(struct decoder *decoder, int32_t id, struct fault *why)
{
    uint64_t key = REGISTRY_IDS | (uint32_t)id;
    const struct schema *schema = recall(decoder, key);
    if (schema)
        return schema;
    if (!decoder->options.registry) {
        (void)fault_set(why, FAULT_REFUSE, "schema %d is a registry's, and none is configured",
                        (int)id);
        return NULL;
    }
    auto_free(free) char *text = registry_text(decoder->options.registry, id, why);
    return text ? learn(decoder, key, text, why) : NULL;
}

/** Our schema of the same name; NULL when there is none. */
static const struct schema *ours_for(const struct decoder *decoder, const struct schema *schema)
{
    const struct schema *const all[] = {decoder->options.own, decoder->options.letters};
    const char *name = schema->shapes->root->name;
    for (size_t i = 0; name && i < sizeof all / sizeof *all; i++)
        if (all[i] && strcmp(all[i]->shapes->root->name, name) == 0)
            return all[i];
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
    if (wire_decode(schema, bytes, size, &limits, &value, why))
        json = render_value(decoder, schema, &value, why);
    avro_value_decref(&value);
    return json;
}

json_t *decoder_record(struct decoder *decoder, const void *bytes, size_t size, struct fault *why)
{
    int32_t id = 0;
    uint64_t fingerprint = 0;
    size_t prefix = 0;
    const struct schema *schema = NULL;
    switch (wire_recognise(bytes, size, &id, &fingerprint, &prefix)) {
    case WIRE_CONFLUENT:
        schema = of_registry(decoder, id, why);
        break;
    case WIRE_SINGLE_OBJECT:
        schema = recall(decoder, fingerprint);
        if (!schema)
            (void)fault_set(why, FAULT_REFUSE, "written by a schema that is not known here");
        break;
    case WIRE_UNKNOWN:
        (void)fault_set(why, FAULT_REFUSE, "neither Confluent's framing nor Avro's single object");
        break;
    }
    return schema ? render(decoder, schema, (const char *)bytes + prefix, size - prefix, why)
                  : NULL;
}

json_t *decoder_datum(struct decoder *decoder, const char *schema_text, uint64_t fingerprint,
                      const void *bytes, size_t size, struct fault *why)
{
    const struct schema *schema = recall(decoder, fingerprint);
    if (!schema)
        schema = learn(decoder, fingerprint, schema_text, why);
    return schema ? render(decoder, schema, bytes, size, why) : NULL;
}
