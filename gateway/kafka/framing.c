/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the bytes that tell a consumer which schema a record was written with. */
#include "kafka/framing.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

ENDS_WITH_SCOPE(struct schema *, schema_free)

struct known {
    int32_t schema_no;
    uint64_t fingerprint;
    struct wire_prefix prefix;
};

struct framing {
    struct spool *spool;
    struct spool_reader *reader;
    struct registry *registry;
    struct known *known; /* a handful: one a schema version that is still in the spool */
    size_t known_count;
};

struct framing *framing_new(struct spool *spool, struct spool_reader *reader,
                            struct registry *registry, struct fault *why)
{
    struct framing *framing = calloc(1, sizeof *framing);
    if (!framing) {
        fault_memory(why);
        return NULL;
    }
    *framing = (struct framing){.spool = spool, .reader = reader, .registry = registry};
    return framing;
}

void framing_free(struct framing *framing)
{
    if (!framing)
        return;
    free(framing->known);
    free(framing);
}

size_t framing_size(const struct framing *framing)
{
    return framing->registry ? WIRE_CONFLUENT_SIZE : WIRE_SINGLE_OBJECT_SIZE;
}

static bool ask_registry(struct framing *framing, const char *topic, int32_t schema_no,
                         const char *text, int32_t *id, struct fault *why)
{
    auto_free(free) char *subject = NULL;
    if (asprintf(&subject, "%s-value", topic) < 0) {
        subject = NULL;
        return fault_memory(why);
    }
    if (!registry_id(framing->registry, subject, text, id, why))
        return fault_prefix(why, "schema of %s", subject);
    return spool_pin_schema(framing->spool, schema_no, *id, why);
}

/* Once in a process.  Of a registry that is out of reach, does not let us look or answers garbage
 * it is taken for granted: its outage stops nothing that is pinned. */
static bool check_pin(struct framing *framing, const struct spool_schema_row *row,
                      struct fault *why)
{
    struct fault said = {.kind = FAULT_NONE};
    auto_free(free) char *text = registry_text(framing->registry, row->registry_id, &said);
    if (!text && said.kind != FAULT_REFUSE) {
        log_warn("registry.unchecked", "id=%" PRId32 " why=\"%s\"", row->registry_id, said.text);
        return true;
    }
    auto_free(schema_free) struct schema *schema =
        text ? schema_parse(text, strlen(text), &said) : NULL;
    if (schema && schema->fingerprint == row->fingerprint)
        return true;
    return fault_set(why, FAULT_REFUSE,
                     "the schema registry is not the one that gave the id %" PRId32 ": %s",
                     row->registry_id, schema ? "it has another schema under it" : said.text);
}

static bool find(struct framing *framing, const char *topic, int32_t schema_no, struct known *known,
                 struct fault *why)
{
    struct spool_schema_row row;
    if (!spool_schema_of(framing->reader, schema_no, &row, why))
        return false;
    auto_free(free) char *text = row.text;
    int32_t id = row.registry_id;
    if (framing->registry && (id < 0 ? !ask_registry(framing, topic, schema_no, text, &id, why)
                                     : !check_pin(framing, &row, why)))
        return false;
    known->schema_no = schema_no;
    known->fingerprint = row.fingerprint;
    known->prefix = framing->registry ? wire_confluent(id) : wire_single_object(row.fingerprint);
    return true;
}

static bool remember(struct framing *framing, const struct known *known, struct fault *why)
{
    struct known *grown =
        realloc(framing->known, (framing->known_count + 1) * sizeof *framing->known);
    if (!grown)
        return fault_memory(why);
    framing->known = grown;
    framing->known[framing->known_count++] = *known;
    return true;
}

bool framing_prefix(struct framing *framing, const char *topic, int32_t schema_no,
                    struct wire_prefix *prefix, struct fault *why)
{
    for (size_t i = 0; i < framing->known_count; i++)
        if (framing->known[i].schema_no == schema_no) {
            *prefix = framing->known[i].prefix;
            return true;
        }
    struct known found;
    if (!find(framing, topic, schema_no, &found, why) || !remember(framing, &found, why))
        return false;
    *prefix = found.prefix;
    return true;
}

bool framing_prefix_of(struct framing *framing, const char *topic, const struct schema *schema,
                       struct wire_prefix *prefix, struct fault *why)
{
    for (size_t i = 0; i < framing->known_count; i++)
        if (framing->known[i].fingerprint == schema->fingerprint) {
            *prefix = framing->known[i].prefix;
            return true;
        }
    int32_t schema_no = 0;
    auto_free(free) char *subject = NULL;
    if (asprintf(&subject, "%s-value", topic) < 0) {
        subject = NULL;
        return fault_memory(why);
    }
    return spool_schema(framing->spool, subject, schema->text, schema->fingerprint, &schema_no,
                        why) &&
           framing_prefix(framing, topic, schema_no, prefix, why);
}
