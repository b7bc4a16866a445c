/* SPDX-License-Identifier: Apache-2.0 */
/* What the gateway adds to an event that the adapter read. */
#include "api/complete.h"

#include "api/identity.h"
#include "api/member.h"
#include "base/cleanup.h"

#include <string.h>

enum { MINUTE_MS = 60000 };
#define FUTURE_MS (10 * (int64_t)MINUTE_MS)
#define OLD_MS    (365 * 24 * 60 * (int64_t)MINUTE_MS)

/* The business time, or the arrival where the document gives none. */
static bool complete_time(struct workbench *bench, const struct adapt_item *item,
                          avro_value_t *event, int64_t received_at, struct fault *why)
{
    int64_t occurred_at;
    if (!item->has_occurred_at)
        return (member_set_number(event, "occurred_at", received_at) || fault_memory(why)) &&
               adapt_tag(bench, "occurred-at-arrival", why);
    if (!member_number(event, "occurred_at", &occurred_at))
        return fault_set(why, FAULT_BROKEN, "the event has no occurred_at");
    if (occurred_at > received_at + FUTURE_MS)
        return adapt_tag(bench, "event-in-future", why);
    return occurred_at >= received_at - OLD_MS || adapt_tag(bench, "event-old", why);
}

static bool tag_due_date(struct workbench *bench, const avro_value_t *event, struct fault *why)
{
    int64_t due_at, accepted_at;
    return !member_number(event, "times.due_at", &due_at) ||
           !member_number(event, "times.accepted_at", &accepted_at) || due_at >= accepted_at ||
           adapt_tag(bench, "due-before-received", why);
}

static bool complete_source(avro_value_t *event, const struct adapt_item *item,
                            const struct circumstances *circumstances, struct fault *why)
{
    auto_free(free) char *native_id = strndup(item->native_id, item->native_id_size);
    return (native_id && member_set_text(event, "source.system", circumstances->system) &&
            member_set_text(event, "source.native_message_id", native_id) &&
            member_set_text(event, "source.payload_sha256", circumstances->payload_sha256) &&
            member_set_text(event, "trace_id", circumstances->trace_id) &&
            member_set_number(event, "received_at", circumstances->received_at_ms)) ||
           fault_memory(why);
}

bool complete_event(struct workbench *bench, const struct adapt_item *item,
                    const struct circumstances *circumstances, uint8_t event_id[UUID_SIZE],
                    struct fault *why)
{
    avro_value_t event = item->event;
    char id[UUID_TEXT_SIZE];
    const char *event_type = member_symbol(&event, "event_type");
    if (!event_type || !item->native_id)
        return fault_set(why, FAULT_BROKEN, "an item without event type or native id");
    const struct identity identity = {circumstances->system, item->native_id, item->native_id_size,
                                      event_type};
    if (!identity_event_id(&identity, event_id, why))
        return false;
    uuid_text(event_id, id);
    return (member_set_text(&event, "event_id", id) || fault_memory(why)) &&
           complete_source(&event, item, circumstances, why) &&
           complete_time(bench, item, &event, circumstances->received_at_ms, why) &&
           tag_due_date(bench, &event, why);
}
