/* SPDX-License-Identifier: Apache-2.0 */
/* Which events a partner asked for, by the filters of partners.yaml. */
#include "deliver/subscriptions.h"

#include "api/concern.h"
#include "api/member.h"

#include <string.h>

/* Length of a national procedure code: 1.011442. */
enum { BASE_SIZE = 8, POINT_AT = 1 };

static bool has_text(const char *const *list, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return false;
}

/* 1.011442 of 1.011442.000.00.00.H38; false for a code that no nation gave. */
static bool write_base(const char *code, char base[BASE_SIZE + 1])
{
    if (strnlen(code, BASE_SIZE) < BASE_SIZE)
        return false;
    memcpy(base, code, BASE_SIZE);
    base[BASE_SIZE] = '\0';
    return base[POINT_AT] == '.' && strspn(base, "0123456789") == POINT_AT &&
           strspn(base + POINT_AT + 1, "0123456789") == BASE_SIZE - POINT_AT - 1 &&
           (code[BASE_SIZE] == '.' || code[BASE_SIZE] == '\0');
}

static bool passes_procedures(const struct subscription *subscription, const avro_value_t *event)
{
    char base[BASE_SIZE + 1];
    const char *const *codes = subscription->procedures;
    size_t count = subscription->procedures_count;
    const char *code = member_text(event, "procedure_code");
    return count == 0 || (code && (has_text(codes, count, code) ||
                                   (write_base(code, base) && has_text(codes, count, base))));
}

static bool passes_fields(const struct subscription *subscription, const avro_value_t *event)
{
    const char *code = member_text(event, "field_code");
    return subscription->fields_count == 0 ||
           (code && has_text(subscription->fields, subscription->fields_count, code));
}

/* The level of what the code named, or of who answers for it now. */
static bool has_level(const struct subscribed_event *event, const char *code,
                      enum agency_level level)
{
    bool has_succeeded;
    struct fault ignored; /* nobody answers: then it has no level */
    const struct agencies *agencies = directory_agencies(event->directory);
    const struct agency *named = agencies_named(agencies, code, event->day);
    const struct agency *agency =
        agencies_resolve(agencies, code, event->day, &has_succeeded, &ignored);
    return (named && named->level == level) || (agency && agency->level == level);
}

static bool is_of_levels(const struct subscribed_event *event,
                         const struct subscription *subscription, const char *code)
{
    for (size_t i = 0; i < subscription->levels_count; i++)
        if (has_level(event, code, subscription->levels[i]))
            return true;
    return subscription->levels_count == 0;
}

static bool passes_agencies(const struct subscribed_event *event,
                            const struct subscription *subscription)
{
    if (subscription->agencies_count == 0 && subscription->levels_count == 0)
        return true;
    for (size_t i = 0; i < CONCERN_FIELDS; i++) {
        const char *code = member_text(event->event, concern_fields[i]);
        if (code && is_of_levels(event, subscription, code) &&
            (subscription->agencies_count == 0 ||
             directory_covers(event->directory, subscription->agencies,
                              subscription->agencies_count, code, event->day)))
            return true;
    }
    return false;
}

static bool passes(const struct subscribed_event *event, const struct subscription *subscription)
{
    return (subscription->events_count == 0 ||
            has_text(subscription->events, subscription->events_count, event->type)) &&
           passes_procedures(subscription, event->event) &&
           passes_fields(subscription, event->event) && passes_agencies(event, subscription);
}

size_t subscriptions_match(const struct subscribed_event *event,
                           const struct partner_delivery *delivery)
{
    for (size_t i = 0; i < delivery->subscription_count; i++)
        if (passes(event, &delivery->subscriptions[i]))
            return i + 1;
    return 0;
}
