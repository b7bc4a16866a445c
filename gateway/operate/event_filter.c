/* SPDX-License-Identifier: Apache-2.0 */
/* Which events of the topic are from a partner, or are about an agency. */
#include "operate/event_filter.h"

#include "api/concern.h"
#include "api/member.h"
#include "base/cleanup.h"
#include "event/writers.h"
#include "spool/reader.h"

#include <string.h>

ENDS_WITH_SCOPE(struct spool_reader *, spool_reader_close)
ENDS_WITH_SCOPE(struct event_filter *, event_filter_free)

struct event_filter {
    struct event_filter_options options;
    char *partner, *agency;
    struct writers *writers;
};

/* The spool's schemas up to our own: every version that this gateway has written. */
static bool learn_versions(struct event_filter *filter, struct fault *why)
{
    auto_free(spool_reader_close) struct spool_reader *reader =
        spool_reader_open(filter->options.spool_file, why);
    for (int32_t no = 1; reader && no <= filter->options.schema_no; no++) {
        struct spool_schema_row row;
        if (!spool_schema_of(reader, no, &row, why))
            return false;
        auto_free(free) char *text = row.text;
        const struct schema *schema = writers_learn(filter->writers, row.fingerprint, text, why);
        if (!schema ||
            (row.registry_id >= 0 && !writers_pin(filter->writers, row.registry_id, schema, why)))
            return false;
    }
    return reader != NULL;
}

struct event_filter *event_filter_new(const struct event_filter_options *options, struct fault *why)
{
    auto_free(event_filter_free) struct event_filter *filter = calloc(1, sizeof *filter);
    if (!filter) {
        (void)fault_memory(why);
        return NULL;
    }
    filter->options = *options;
    filter->partner = options->partner ? strdup(options->partner) : NULL;
    filter->agency = options->agency ? strdup(options->agency) : NULL;
    if ((options->partner && !filter->partner) || (options->agency && !filter->agency)) {
        (void)fault_memory(why);
        return NULL;
    }
    filter->writers = writers_new(options->registry, why);
    if (!filter->writers || !writers_add(filter->writers, options->schema, why) ||
        !learn_versions(filter, why))
        return NULL;
    return steal(filter);
}

void event_filter_free(struct event_filter *filter)
{
    if (!filter)
        return;
    writers_free(filter->writers);
    free(filter->partner);
    free(filter->agency);
    free(filter);
}

static bool names_agency(const struct event_filter *filter, const avro_value_t *event)
{
    struct directory *directory = directory_current(filter->options.place);
    const char *codes[] = {filter->agency};
    int32_t day = concern_day(event);
    bool names = false;
    for (size_t i = 0; !names && i < CONCERN_FIELDS; i++) {
        const char *code = member_text(event, concern_fields[i]);
        names = code && (strcmp(code, filter->agency) == 0 ||
                         directory_covers(directory, codes, 1, code, day));
    }
    directory_release(directory);
    return names;
}

static bool is_meant(const struct event_filter *filter, const avro_value_t *event)
{
    const char *source = member_text(event, "source.system");
    if (filter->partner && (!source || strcmp(source, filter->partner) != 0))
        return false;
    return !filter->agency || names_agency(filter, event);
}

bool event_filter_wants(struct event_filter *filter, const void *bytes, size_t size, bool *wants,
                        struct fault *why)
{
    size_t prefix = 0;
    avro_value_t event;
    *wants = false;
    if (!bytes)
        return true;
    const struct schema *writer = writers_find(filter->writers, bytes, size, &prefix, why);
    if (!writer)
        return why->kind == FAULT_REFUSE;
    if (avro_generic_value_new(writer->iface, &event) != 0)
        return fault_memory(why);
    bool is_read = wire_decode(writer, (const char *)bytes + prefix, size - prefix, &writers_limits,
                               &event, why);
    *wants = is_read && is_meant(filter, &event);
    avro_value_decref(&event);
    return is_read || why->kind == FAULT_REFUSE;
}
