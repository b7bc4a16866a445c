/* SPDX-License-Identifier: Apache-2.0 */
/* What one row writes for an event, and where. */
#include "adapt/writer.h"

#include "base/moment.h"
#include "base/text.h"
#include "base/utf8.h"

#include <inttypes.h>

enum { NUMBER_SIZE = 24 };

/* ---- values ---- */

static bool has_tag(const struct writer *writer, const char *tag)
{
    avro_value_t list, element;
    const char *text = NULL;
    size_t count = 0, size = 0;
    if (!field_look(writer->adapters->known.tags, writer->event, &list) ||
        avro_value_get_size(&list, &count) != 0)
        return false;
    for (size_t at = 0; at < count; at++)
        if (avro_value_get_by_index(&list, at, &element, NULL) == 0 &&
            avro_value_get_string(&element, &text, &size) == 0 && strcmp(text, tag) == 0)
            return true;
    return false;
}

/* A time of arrival is the gateway's, not the document's; but another format that wants a time gets
 * it rather than none. */
static bool is_arrival(const struct writer *writer, const struct row *row,
                       const struct value *value)
{
    bool is_wanted = row->is_required && !writer->is_own_format;
    return row->field == writer->adapters->known.occurred_at &&
           (value->number == 0 || (!is_wanted && has_tag(writer, "occurred-at-arrival")));
}

static struct word cut(const struct word *text, size_t characters)
{
    size_t size = 0;
    if (text->size <= characters) /* a character has a byte at least */
        return *text;
    for (size_t count = 0; size < text->size && count < characters; count++) {
        size_t length = utf8_length(text->text + size, text->size - size);
        size += length ? length : 1;
    }
    return (struct word){text->text, size};
}

/* Their code for ours; absent when their list has none. */
static struct word coded(const struct row *row, const struct word *ours)
{
    const char *theirs = row->table ? code_list_write(row->table, ours->text, ours->size) : NULL;
    if (theirs)
        return (struct word){theirs, strlen(theirs)};
    bool is_lost = row->table && !row->is_open;
    const struct word none = {0};
    return is_lost ? none : *ours;
}

static struct word value_text(const struct writer *writer, const struct row *row,
                              const struct value *value)
{
    struct word text = {0};
    if (!row->conversion->write ||
        !row->conversion->write(row->option, value, writer->arena, &text.text, &text.size))
        return (struct word){0};
    text = coded(row, &text);
    return row->max ? cut(&text, row->max) : text;
}

struct word row_text(const struct writer *writer, const struct row *row, const avro_value_t *holder)
{
    struct value value = {.kind = row->conversion->kind};
    if (row->conversion->file == FILE_BYTES)
        return row->conversion->write ? file_hole(writer, holder) : (struct word){0};
    if (row->conversion->file == FILE_ADDRESS) {
        struct word address = file_address(writer, holder);
        if (address.size)
            return address;
    }
    bool is_there = fill_look(row->field, holder, &value);
    if (!is_there && writer->names_documents && row->field == writer->adapters->known.document_id)
        is_there = made_id(writer, holder, &value);
    if ((row->is_own_format && !writer->is_own_format) || !is_there ||
        is_arrival(writer, row, &value))
        return (struct word){0};
    return value_text(writer, row, &value);
}

bool has_value(const struct writer *writer, const struct row *row)
{
    struct value value = {0};
    return fill_look(row->field, writer->event, &value) && !is_arrival(writer, row, &value) &&
           (!row->conversion->write || row_text(writer, row, writer->event).size > 0);
}

/* ---- templates ---- */

static const char *symbol_text(const struct field *field, const avro_value_t *event)
{
    avro_value_t place;
    int symbol = 0;
    if (!field_look(field, event, &place) || avro_value_get_enum(&place, &symbol) != 0)
        return NULL;
    return avro_schema_enum_get(avro_value_get_schema(&place), symbol);
}

static bool put_part(const struct writer *writer, const struct template_part *part,
                     struct text *out)
{
    struct value value = {0};
    const struct field *field = part->field;
    const char *symbol =
        field && field->type == FIELD_ENUM ? symbol_text(field, writer->event) : "";
    if (!field) {
        text_add(out, part->text.text, part->text.size);
    } else if (field->type == FIELD_ENUM) {
        text_say(out, symbol ? symbol : "");
    } else if (!fill_look(field, writer->event, &value)) {
        return false;
    } else if (field->type == FIELD_TEXT) {
        text_add(out, value.text, value.size);
    } else {
        char text[MOMENT_TEXT_SIZE];
        if (field->is_time)
            (void)moment_write(value.number, MOMENT_ISO, text);
        else
            (void)snprintf(text, sizeof text, "%" PRId64,
                           field->type == FIELD_BOOLEAN ? value.is_true : value.number);
        text_say(out, text);
    }
    return symbol;
}

struct word template_text(const struct writer *writer, const struct row *row)
{
    struct text made = {0};
    bool is_whole = true;
    for (size_t at = 0; at < row->template_count && is_whole; at++)
        is_whole = put_part(writer, &row->template[at], &made);
    if (made.is_short)
        writer->arena->is_short = true;
    const char *copy =
        is_whole && !made.is_short ? arena_text(writer->arena, made.bytes, made.size) : NULL;
    struct word whole = {copy, copy ? made.size : 0};
    text_free(&made);
    return row->max ? cut(&whole, row->max) : whole;
}

/* ---- places ---- */

struct out *place_at(const struct writer *writer, struct out *from, const struct step *steps,
                     size_t count, uint32_t ordinal)
{
    for (size_t at = 0; from && at < count; at++) {
        const struct step *step = &steps[at];
        if (step->which == WHICH_ADDED)
            from = out_added(from, step, writer->arena);
        else
            from = out_child(from, step,
                             step->which == WHICH_EACH  ? ordinal
                             : step->which == WHICH_ONE ? step->ordinal
                                                        : 0,
                             writer->arena);
    }
    return from;
}

struct out *place_from(const struct writer *writer, const struct path *path)
{
    return path->from_root ? writer->root : writer->item;
}

void place_put(struct out *place, enum out_source source, const struct word *text,
               const struct row *row)
{
    bool is_free = place->source == OUT_NONE || (place->source == OUT_EMPTY && text->size);
    if (!is_free)
        return;
    place->source = source;
    place->text = *text;
    place->as = row ? row->as : AS_TEXT;
}

bool is_written(const struct writer *writer, const struct field *field)
{
    return writer->written[field->number / 64] >> (field->number % 64) & 1;
}

void note_written(const struct writer *writer, const struct field *field)
{
    writer->written[field->number / 64] |= UINT64_C(1) << (field->number % 64);
}
