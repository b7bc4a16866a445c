/* SPDX-License-Identifier: Apache-2.0 */
/* The only place where reading writes into the Avro event. */
#include "adapt/fill.h"

#include "event/fallback.h"

void filling_free(struct filling *filling)
{
    for (size_t at = 0; at < FIELD_LIMIT; at++)
        free(filling->elements[at].bits);
}

bool filling_clear(struct filling *filling, struct fault *why)
{
    memset(filling->set, 0, sizeof filling->set);
    filling->is_clear = schema_reset(filling->fields->schema, filling->event, why);
    return filling->is_clear;
}

bool filling_start(struct filling *filling, struct fault *why)
{
    if (!filling->is_clear && !filling_clear(filling, why))
        return false;
    filling->is_clear = false;
    return true;
}

/* ---- what is set ---- */

static uint64_t *bits_of(struct filling *filling, const struct holder *holder,
                         const struct field *field, uint32_t *bit)
{
    if (!holder->list) {
        *bit = field->number % 64;
        return &filling->set[field->number / 64];
    }
    *bit = field->number - holder->list->number - 1;
    return &filling->elements[holder->list->number].bits[holder->index];
}

bool is_filled(const struct filling *filling, const struct holder *holder,
               const struct field *field)
{
    if (!holder->list)
        return filling->set[field->number / 64] >> (field->number % 64) & 1;
    uint64_t bits = filling->elements[holder->list->number].bits[holder->index];
    return bits >> (field->number - holder->list->number - 1) & 1;
}

static void note_filled(struct filling *filling, const struct holder *holder,
                        const struct field *field)
{
    uint32_t bit;
    uint64_t *bits = bits_of(filling, holder, field, &bit);
    *bits |= UINT64_C(1) << bit;
}

/* ---- values ---- */

/* avro-c borrows the text, which a NUL must end, instead of copying it. */
static bool give_text(struct filling *filling, avro_value_t *place, const char *text, size_t size,
                      struct fault *why)
{
    if (!size || text[size] != '\0')
        text = arena_text(filling->arena, text, size);
    if (!text)
        return fault_memory(why);
    avro_wrapped_buffer_t borrowed = {.buf = text, .size = size + 1};
    return avro_value_give_string_len(place, &borrowed) == 0 || fault_memory(why);
}

static bool set_value(struct filling *filling, avro_value_t *place, enum field_type type,
                      const struct value *value, struct fault *why)
{
    switch (type) {
    case FIELD_TEXT:
        return give_text(filling, place, value->text, value->size, why);
    case FIELD_INT:
        return avro_value_set_int(place, (int32_t)value->number) == 0 || fault_memory(why);
    case FIELD_LONG:
        return avro_value_set_long(place, value->number) == 0 || fault_memory(why);
    case FIELD_BOOLEAN:
        return avro_value_set_boolean(place, value->is_true) == 0 || fault_memory(why);
    case FIELD_ENUM:
        return avro_value_set_enum(place, (int)value->number) == 0 || fault_memory(why);
    case FIELD_TEXTS:
    case FIELD_RECORDS:
    case FIELD_MAP:
        break;
    }
    return fault_set(why, FAULT_BROKEN, "the field holds more than one value");
}

bool fill_field(struct filling *filling, struct holder *holder, const struct field *field,
                const struct value *value, struct fault *why)
{
    avro_value_t place;
    if (!field_open(field, &holder->value, &place, why) ||
        !set_value(filling, &place, field->type, value, why))
        return false;
    note_filled(filling, holder, field);
    return true;
}

bool fill_look(const struct field *field, const avro_value_t *holder, struct value *value)
{
    avro_value_t place;
    int32_t small = 0;
    int truth = 0;
    if (!field_look(field, holder, &place))
        return false;
    switch (field->type) {
    case FIELD_TEXT:
        return field_text(field, holder, &value->text, &value->size) && value->size;
    case FIELD_INT:
        if (avro_value_get_int(&place, &small) != 0)
            return false;
        value->number = small;
        return true;
    case FIELD_LONG:
        return avro_value_get_long(&place, &value->number) == 0;
    case FIELD_BOOLEAN:
        if (avro_value_get_boolean(&place, &truth) != 0)
            return false;
        value->is_true = truth != 0;
        return true;
    case FIELD_ENUM:
    case FIELD_TEXTS:
    case FIELD_RECORDS:
    case FIELD_MAP:
        break;
    }
    return false;
}

/* ---- arrays and maps ---- */

bool fill_text(struct filling *filling, const struct field *list, const char *text, size_t size,
               struct fault *why)
{
    avro_value_t place, element;
    if (!field_open(list, filling->event, &place, why))
        return false;
    if (avro_value_append(&place, &element, NULL) != 0)
        return fault_memory(why);
    filling->set[list->number / 64] |= UINT64_C(1) << (list->number % 64);
    return give_text(filling, &element, text, size, why);
}

bool fill_entry(struct filling *filling, const struct field *map, const char *key,
                const struct word *text, bool *is_new, struct fault *why)
{
    avro_value_t place, entry;
    int added = 0;
    if (!field_open(map, filling->event, &place, why))
        return false;
    if (avro_value_add(&place, key, &entry, NULL, &added) != 0)
        return fault_memory(why);
    *is_new = added != 0;
    return !added || give_text(filling, &entry, text->text, text->size, why);
}

static bool room_for_bits(struct element_bits *elements, size_t index, struct fault *why)
{
    if (index >= elements->room) {
        size_t room = elements->room ? elements->room * 2 : 16;
        uint64_t *bits = reallocarray(elements->bits, room, sizeof *bits);
        if (!bits)
            return fault_memory(why);
        elements->bits = bits;
        elements->room = room;
    }
    elements->bits[index] = 0;
    return true;
}

bool fill_element(struct filling *filling, const struct field *list, struct holder *element,
                  struct fault *why)
{
    avro_value_t place;
    *element = (struct holder){.list = list};
    if (!field_open(list, filling->event, &place, why))
        return false;
    if (avro_value_append(&place, &element->value, &element->index) != 0)
        return fault_memory(why);
    return room_for_bits(&filling->elements[list->number], element->index, why) &&
           (fallback_fill(list->element, &element->value, NULL) || fault_memory(why));
}

size_t fill_count(const struct filling *filling, const struct field *list)
{
    avro_value_t place;
    size_t count = 0;
    if (!field_look(list, filling->event, &place) || avro_value_get_size(&place, &count) != 0)
        return 0;
    return count;
}

bool fill_element_at(struct filling *filling, const struct field *list, size_t index,
                     struct holder *element)
{
    avro_value_t place;
    *element = (struct holder){.list = list, .index = index};
    return index < fill_count(filling, list) && field_look(list, filling->event, &place) &&
           avro_value_get_by_index(&place, index, &element->value, NULL) == 0;
}

/* ---- tags ---- */

static bool has_text(const avro_value_t *list, const char *text)
{
    size_t count = 0;
    (void)avro_value_get_size(list, &count); /* 0 when it fails */
    for (size_t at = 0; at < count; at++) {
        avro_value_t element;
        const char *own = NULL;
        size_t size = 0;
        if (avro_value_get_by_index(list, at, &element, NULL) == 0 &&
            avro_value_get_string(&element, &own, &size) == 0 && strcmp(own, text) == 0)
            return true;
    }
    return false;
}

bool fill_tag(struct filling *filling, const struct field *tags, const char *tag, struct fault *why)
{
    avro_value_t place;
    return field_open(tags, filling->event, &place, why) &&
           (has_text(&place, tag) || fill_text(filling, tags, tag, strlen(tag), why));
}
