/* SPDX-License-Identifier: Apache-2.0 */
/* What is lost between two formats: the fields that one reads, as the other's map writes them. */
#include "adapt/loss.h"

#include "adapt/fare.h"
#include "base/cleanup.h"

#include <stdarg.h>

static const char *const kinds[LOSS_KINDS_] = {
    [LOSS_NONE] = "none",   [LOSS_NARROWED] = "narrowed", [LOSS_BESIDE] = "beside",
    [LOSS_WORDS] = "words", [LOSS_ABSENT] = "absent",     [LOSS_NEEDED] = "needed"};

const char *loss_kind_name(enum loss_kind kind)
{
    return kinds[kind];
}

void losses_free(struct losses *losses)
{
    free(losses->list);
    *losses = (struct losses){0};
}

/* One pair and one type of event while it is looked at. */
struct pair {
    const struct adapter *from;
    const struct adapter *to;
    const struct message *message; /* of `to`; NULL: none can say the type */
    int symbol;
    struct losses *losses;
};

static bool add(const struct pair *pair, const char *field, const struct fare *fare,
                struct fault *why)
{
    struct losses *losses = pair->losses;
    if (fare->kind == LOSS_NONE)
        return true;
    struct loss *list = reallocarray(losses->list, losses->count + 1, sizeof *list);
    if (!list)
        return fault_memory(why);
    losses->list = list;
    struct loss *loss = &list[losses->count++];
    *loss = (struct loss){.event_type = event_type_name(pair->to, pair->symbol),
                          .message = pair->message ? pair->message->name : NULL,
                          .field = field,
                          .kind = fare->kind};
    (void)snprintf(loss->reason, sizeof loss->reason, "%s", fare->reason);
    return true;
}

/* What the gateway sets itself, and so says nothing of a format. */
static bool is_gateways(const struct field *field)
{
    static const char *const names[] = {"event_type",     "event_id",
                                        "received_at",    "trace_id",
                                        "source.system",  "source.native_message_id",
                                        "source.raw_ref", "source.payload_sha256",
                                        "documents[]",    "fees[]"};
    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++)
        if (strcmp(field->name, names[at]) == 0)
            return true;
    return false;
}

/* What speaks of the source's own document stays with it. */
static bool is_sources(const struct pair *pair, const struct field *field)
{
    const struct known_fields *known = &pair->to->adapters->known;
    bool is_own = pair->from == pair->to;
    return field == known->tags || (!is_own && (field == known->extra || field == known->format ||
                                                strcmp(field->name, "source.native_status") == 0));
}

static bool add_field(const struct pair *pair, const struct view *view, const struct field *field,
                      struct fault *why)
{
    struct fare fare = {.kind = LOSS_ABSENT, .reason = "it speaks of the document it came in"};
    bool is_derived = pair->from == pair->to && strcmp(field->name, "source.native_status") == 0;
    if (is_gateways(field) || is_derived)
        return true;
    if (!is_sources(pair, field)) {
        if (field == pair->to->adapters->known.extra || field == pair->to->adapters->known.format ||
            !can_read(pair->from, pair->symbol, field))
            return true;
        fare = fare_of(view, field);
    }
    return add(pair, field->name, &fare, why);
}

static bool add_needed(const struct pair *pair, struct fault *why)
{
    const struct fare needed = {.kind = LOSS_NEEDED,
                                .reason = "without it this message is not written"};
    const struct message *message = pair->message;
    for (size_t at = 0; at < message->row_count; at++) {
        const struct row *row = &message->rows[at];
        if (row->is_required && row->field && row->writes && (row->types >> pair->symbol & 1) &&
            !add(pair, row->field->name, &needed, why))
            return false;
    }
    return true;
}

static bool add_message(const struct pair *pair, struct fault *why)
{
    const struct view view = view_of(pair->message, pair->symbol, pair->from == pair->to);
    struct fare type = fare_of_type(&view);
    if (!add(pair, "event_type", &type, why) || !add_needed(pair, why))
        return false;
    const struct fields *fields = pair->to->fields;
    for (size_t at = 0; at < fields->count; at++)
        if (!add_field(pair, &view, &fields->list[at], why))
            return false;
    return true;
}

static bool add_type(struct pair *pair, struct fault *why)
{
    const struct fare none = {.kind = LOSS_ABSENT, .reason = "no message says this type of event"};
    bool is_said = false;
    for (size_t at = 0; at < pair->to->message_count; at++) {
        pair->message = &pair->to->messages[at];
        if (!says_type(pair->message, pair->symbol))
            continue;
        is_said = true;
        if (!add_message(pair, why))
            return false;
    }
    pair->message = NULL;
    return is_said || add(pair, "event_type", &none, why);
}

bool losses_find(const struct adapter *from, const struct adapter *to, struct losses *losses,
                 struct fault *why)
{
    struct pair pair = {.from = from, .to = to, .losses = losses};
    *losses = (struct losses){0};
    for (; event_type_name(to, pair.symbol); pair.symbol++)
        if (can_become(from, pair.symbol) && !add_type(&pair, why)) {
            losses_free(losses);
            return false;
        }
    return true;
}
