/* SPDX-License-Identifier: Apache-2.0 */
/* What an event can be found by. */
#include "operate/facets.h"

#include "api/concern.h"
#include "api/member.h"

#include <string.h>

/* Length of a national procedure code: 1.011442. */
enum { BASE_SIZE = 8, POINT_AT = 1 };

/* The first place where an agency stands gives it. */
static bool is_first(const avro_value_t *event, size_t place, const char *code)
{
    for (size_t i = 0; i < place; i++) {
        const char *other = member_text(event, concern_fields[i]);
        if (other && strcmp(other, code) == 0)
            return false;
    }
    return true;
}

static bool give_agencies(const avro_value_t *event,
                          bool (*give)(void *own, enum find_by by, const char *text), void *own)
{
    for (size_t i = 0; i < CONCERN_FIELDS; i++) {
        const char *code = member_text(event, concern_fields[i]);
        if (code && is_first(event, i, code) && !give(own, FIND_AGENCY, code))
            return false;
    }
    return true;
}

/* 1.011442 of 1.011442.000.00.00.H38; false for one that is no longer, or that no nation gave. */
static bool write_base(const char *code, char base[BASE_SIZE + 1])
{
    if (strnlen(code, BASE_SIZE + 1) <= BASE_SIZE || code[BASE_SIZE] != '.')
        return false;
    memcpy(base, code, BASE_SIZE);
    base[BASE_SIZE] = '\0';
    return base[POINT_AT] == '.' && strspn(base, "0123456789") == POINT_AT &&
           strspn(base + POINT_AT + 1, "0123456789") == BASE_SIZE - POINT_AT - 1;
}

static bool give_procedure(const avro_value_t *event,
                           bool (*give)(void *own, enum find_by by, const char *text), void *own)
{
    char base[BASE_SIZE + 1];
    const char *code = member_text(event, "procedure_code");
    return !code || (give(own, FIND_PROCEDURE, code) &&
                     (!write_base(code, base) || give(own, FIND_PROCEDURE, base)));
}

static bool give_aliases(const avro_value_t *event,
                         bool (*give)(void *own, enum find_by by, const char *text), void *own)
{
    avro_value_t list, item;
    size_t count = 0;
    if (avro_value_get_by_name(event, "alias_codes", &list, NULL) != 0 ||
        avro_value_get_type(&list) != AVRO_ARRAY || avro_value_get_size(&list, &count) != 0)
        return true; /* an older schema has none */
    for (size_t i = 0; i < count; i++) {
        const char *code = NULL;
        size_t size;
        if (avro_value_get_by_index(&list, i, &item, NULL) == 0 &&
            avro_value_get_type(&item) == AVRO_STRING &&
            avro_value_get_string(&item, &code, &size) == 0 && code && *code &&
            !give(own, FIND_ALIAS, code))
            return false;
    }
    return true;
}

bool facets_of(const avro_value_t *event,
               bool (*give)(void *own, enum find_by by, const char *text), void *own)
{
    const char *type = member_symbol(event, "event_type");
    return give_agencies(event, give, own) && give_procedure(event, give, own) &&
           (!type || give(own, FIND_EVENT_TYPE, type)) && give_aliases(event, give, own);
}

static bool tell(void *own, const struct spool_entry *entry,
                 bool (*emit)(void *to, enum find_by by, const char *value), void *to)
{
    struct fault why;
    struct station *station = entry->event ? stations_here(own, &why) : NULL;
    const avro_value_t *event =
        station ? recall_event(station->recall, station->reader, entry->schema_no, entry->event,
                               entry->event_size, &why)
                : NULL;
    return event && facets_of(event, emit, to);
}

struct find_teller facets_teller(struct stations *stations)
{
    return (struct find_teller){tell, stations};
}
