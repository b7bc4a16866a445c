/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the schema that wrote a record, by what stands before its datum. */
#include "event/writers.h"

#include "base/cleanup.h"

#include <string.h>
#include <uthash.h>

ENDS_WITH_SCOPE(struct schema *, schema_free)

/* A record of ours is small; these bound what a stranger on the topic can cost. */
const struct wire_limits writers_limits = {.text_size = 16 << 20, .items = 1 << 20, .depth = 32};

enum { FETCHED_LIMIT = 1000 };

static const uint64_t REGISTRY_IDS = UINT64_C(0xFFFFFFFF00000000);

struct known_schema {
    uint64_t key; /**< fingerprint, or registry id with the upper half set */
    const struct schema *schema;
    struct schema *owned; /**< NULL for one that another entry or the caller holds */
    UT_hash_handle hh;
};

struct writers {
    struct registry *registry;
    struct known_schema *known;
    size_t fetched; /**< entries that a stranger's ids made */
};

struct writers *writers_new(struct registry *registry, struct fault *why)
{
    struct writers *writers = calloc(1, sizeof *writers);
    if (!writers) {
        (void)fault_memory(why);
        return NULL;
    }
    writers->registry = registry;
    return writers;
}

static void forget(struct writers *writers, bool (*is_meant)(const struct known_schema *entry))
{
    struct known_schema *entry;
    struct known_schema *next;
    HASH_ITER (hh, writers->known, entry, next) {
        if (!is_meant(entry))
            continue;
        HASH_DEL(writers->known, entry);
        schema_free(entry->owned);
        free(entry);
    }
}

static bool is_any(const struct known_schema *entry)
{
    (void)entry;
    return true;
}

static bool is_fetched(const struct known_schema *entry)
{
    return entry->owned && (entry->key & REGISTRY_IDS) == REGISTRY_IDS;
}

void writers_free(struct writers *writers)
{
    if (!writers)
        return;
    forget(writers, is_any);
    free(writers);
}

static bool remember(struct writers *writers, uint64_t key, const struct schema *schema,
                     struct schema *owned, struct fault *why)
{
    struct known_schema *entry = calloc(1, sizeof *entry);
    if (!entry)
        return fault_memory(why);
    *entry = (struct known_schema){.key = key, .schema = schema, .owned = owned};
    HASH_ADD(hh, writers->known, key, sizeof entry->key, entry);
    return true;
}

bool writers_add(struct writers *writers, const struct schema *schema, struct fault *why)
{
    return remember(writers, schema->fingerprint, schema, NULL, why);
}

static const struct schema *recall(const struct writers *writers, uint64_t key)
{
    struct known_schema *entry;
    HASH_FIND(hh, writers->known, &key, sizeof key, entry);
    return entry ? entry->schema : NULL;
}

bool writers_pin(struct writers *writers, int32_t registry_id, const struct schema *schema,
                 struct fault *why)
{
    uint64_t key = REGISTRY_IDS | (uint32_t)registry_id;
    return recall(writers, key) || remember(writers, key, schema, NULL, why);
}

/* A process that runs for years meets many: then it begins anew, since refusing would be for ever.
 */
static void make_room(struct writers *writers)
{
    if (writers->fetched < FETCHED_LIMIT)
        return;
    forget(writers, is_fetched);
    writers->fetched = 0;
}

static const struct schema *fetch(struct writers *writers, int32_t id, struct fault *why)
{
    auto_free(free) char *text = registry_text(writers->registry, id, why);
    if (!text)
        return NULL;
    auto_free(schema_free) struct schema *fetched = schema_parse(text, strlen(text), why);
    if (!fetched)
        return NULL;
    make_room(writers);
    const struct schema *own = recall(writers, fetched->fingerprint);
    const struct schema *schema = own ? own : fetched;
    if (!remember(writers, REGISTRY_IDS | (uint32_t)id, schema, fetched, why))
        return NULL;
    writers->fetched++;
    (void)steal(fetched);
    return schema;
}

static const struct schema *of_registry(struct writers *writers, int32_t id, struct fault *why)
{
    const struct schema *schema = recall(writers, REGISTRY_IDS | (uint32_t)id);
    if (schema)
        return schema;
    if (!writers->registry) {
        (void)fault_set(why, FAULT_REFUSE, "schema %d is a registry's, and none is configured",
                        (int)id);
        return NULL;
    }
    return fetch(writers, id, why);
}

const struct schema *writers_find(struct writers *writers, const void *bytes, size_t size,
                                  size_t *prefix, struct fault *why)
{
    int32_t id = 0;
    uint64_t fingerprint = 0;
    const struct schema *schema = NULL;
    switch (wire_recognise(bytes, size, &id, &fingerprint, prefix)) {
    case WIRE_CONFLUENT:
        schema = of_registry(writers, id, why);
        break;
    case WIRE_SINGLE_OBJECT:
        schema = recall(writers, fingerprint);
        if (!schema)
            (void)fault_set(why, FAULT_REFUSE, "written by a schema that is not known here");
        break;
    case WIRE_UNKNOWN:
        (void)fault_set(why, FAULT_REFUSE, "neither Confluent's framing nor Avro's single object");
        break;
    }
    return schema;
}

const struct schema *writers_learn(struct writers *writers, uint64_t fingerprint, const char *text,
                                   struct fault *why)
{
    const struct schema *known = recall(writers, fingerprint);
    if (known)
        return known;
    auto_free(schema_free) struct schema *schema = schema_parse(text, strlen(text), why);
    if (!schema || !remember(writers, fingerprint, schema, schema, why))
        return NULL;
    return steal(schema);
}
