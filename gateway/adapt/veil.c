/* SPDX-License-Identifier: Apache-2.0 */
/* Documents shown without what is personal in them, whether they can be read or not. */
#include "adapt/veil.h"

#include "adapt/map.h"
#include "adapt/scan.h"
#include "base/cleanup.h"
#include "base/text_stream.h"
#include "base/utf8.h"
#include "event/mask.h"

#include <stdio.h>
#include <string.h>

ENDS_WITH_SCOPE(struct path *, path_free)
ENDS_WITH_SCOPE(struct places *, places_free)

/* ---- what the adapter knows ---- */

/* The step of the schema at `name`, up to the next ".", "[" or "{". */
static const struct shape_field *schema_step(const struct shape *shape, const char *name)
{
    size_t size = strcspn(name, ".[{");
    while (shape->parts) {
        size_t at = 0;
        while (at + 1 < shape->count && shape->parts[at]->type == AVRO_NULL)
            at++;
        shape = shape->parts[at];
    }
    for (size_t at = 0; at < (shape->fields ? shape->count : 0); at++)
        if (strlen(shape->fields[at].name) == size &&
            memcmp(shape->fields[at].name, name, size) == 0)
            return &shape->fields[at];
    return NULL;
}

/* How a personal field is hidden; a mark holds for all below it. */
static const char *mask_of(const struct schema *schema, const char *path)
{
    const struct shape *shape = schema->shapes->root;
    const char *mask = NULL;
    const struct shape_field *field;
    while (*path && (field = schema_step(shape, path))) {
        mask = field->personal ? field->mask : mask;
        shape = field->shape;
        path += strcspn(path, ".");
        path += *path == '.';
    }
    return mask;
}

/* A conversion that takes a part says nothing of the rest, and a file's bytes are no field. */
static bool tells(const struct row *row)
{
    return row->field && row->has_path &&
           (row->field->personal ||
            (!row->conversion->takes_part && row->conversion->file != FILE_BYTES));
}

static void mark_place(struct place *place, const struct row *row, const struct schema *schema)
{
    if (row->field->personal) {
        bool is_other =
            place->mark == PLACE_PERSONAL && place->mask != mask_of(schema, row->field->name);
        place->mask = is_other ? NULL : mask_of(schema, row->field->name);
        place->mark = PLACE_PERSONAL;
        return;
    }
    /* A time that cannot be read is let pass as a text that may say anything. */
    const struct conversion *reads =
        row->field->is_time && !row->is_required ? row->conversion : NULL;
    if (place->mark == PLACE_UNKNOWN || !reads)
        place->reads = reads;
    if (place->mark == PLACE_UNKNOWN)
        place->mark = PLACE_SHOWN;
}

static struct place *add_path(struct places *places, const struct plan *plan,
                              const struct path *path)
{
    bool is_below_items = plan->has_items && !path->from_root;
    struct place *from = places_add(places, NULL, is_below_items ? plan->items.steps : NULL,
                                    is_below_items ? plan->items.count : 0);
    return from ? places_add(places, from, path->steps, path->count) : NULL;
}

static bool add_row(struct places *places, const struct plan *plan, const struct row *row,
                    const struct schema *schema)
{
    struct place *place = add_path(places, plan, &row->path);
    if (place && tells(row))
        mark_place(place, row, schema);
    return place && (!row->constant.text || places_add_literal(places, place, row->constant));
}

/* What tells formats and types of events apart is the adapter's own word. */
static bool add_words(struct places *places, const struct message *message, const struct plan *plan)
{
    for (size_t at = 0; at < plan->when_count; at++) {
        struct place *place = add_path(places, plan, &plan->when[at].path);
        if (!place ||
            (plan->when[at].is.text && !places_add_literal(places, place, plan->when[at].is)))
            return false;
    }
    for (size_t from = 0; from < message->from_count; from++) {
        struct place *place = add_path(places, plan, &message->from[from]);
        for (size_t at = 0; place && at < message->event_type_count; at++) {
            const struct cell *cell = &message->event_types[at].cells[from];
            if (cell->kind == CELL_TEXT && !places_add_literal(places, place, cell->text))
                return false;
        }
        if (!place)
            return false;
    }
    return true;
}

static bool add_message(struct places *places, const struct message *message,
                        const struct schema *schema)
{
    for (size_t at = 0; at < message->plan_count; at++) {
        for (size_t row = 0; row < message->row_count; row++)
            if (message->rows[row].has_path &&
                !add_row(places, &message->plans[at], &message->rows[row], schema))
                return false;
        if (!add_words(places, message, &message->plans[at]))
            return false;
    }
    return true;
}

static bool add_all(struct places *places, const struct adapter *adapter, struct fault *why)
{
    for (size_t at = 0; at < adapter->message_count; at++)
        if (!add_message(places, &adapter->messages[at], adapter->adapters->schema))
            return fault_memory(why);
    return true;
}

/* ---- what is written ---- */

struct veil {
    FILE *out;
    const struct adapter *adapter;
    const struct place *root;
    bool is_sound;
    size_t looks; /* at names of what is not sound */
};

/* So many names are looked at in a document that is not sound: time stays bounded. */
enum { LOOK_LIMIT = 100000 };

static bool names_step(const struct place *place, const char *name, size_t size)
{
    for (; place; place = place->next)
        if ((place->step->size == size && memcmp(place->step->name, name, size) == 0) ||
            names_step(place->children, name, size))
            return true;
    return false;
}

static bool is_text(const char *text, const char *bytes, size_t size)
{
    return text && strlen(text) == size && memcmp(text, bytes, size) == 0;
}

static bool is_known_prefix(const struct adapter *adapter, const char *prefix, size_t size)
{
    for (size_t at = 0; at < adapter->prefix_count; at++)
        if (is_text(adapter->prefixes[at].prefix, prefix, size))
            return true;
    return is_text("xmlns", prefix, size);
}

/* A name in a document that is not sound may be anything, so it has to be one of the adapter's. */
static bool is_known_name(const struct veil *veil, const char *name, size_t size)
{
    const struct adapter *adapter = veil->adapter;
    const char *colon = memchr(name, ':', size);
    if (!adapter || (colon && !is_known_prefix(adapter, name, (size_t)(colon - name))))
        return false;
    if (colon) {
        size -= (size_t)(colon + 1 - name);
        name = colon + 1;
    }
    if (size == 0)
        return false;
    if (adapter->syntax == SYNTAX_XML &&
        (is_text("xmlns", name, size) || is_text(adapter->draft->xml->root, name, size)))
        return true;
    return is_known_prefix(adapter, name, size) ||
           (veil->root && names_step(veil->root->children, name, size));
}

static void write_lines(FILE *out, const char *bytes, size_t size)
{
    const char *end = bytes + size;
    while ((bytes = memchr(bytes, '\n', (size_t)(end - bytes)))) {
        (void)fputc('\n', out);
        bytes++;
    }
}

/* "lienthong-file:SHA256:SIZE" of a reference; 0 when the text is none. */
static size_t reference_size(const char *text, size_t size)
{
    static const char prefix[] = "lienthong-file:";
    enum { HASH_SIZE = 64, PREFIX_SIZE = sizeof prefix - 1, DIGITS = 19, LIMIT = 192 };
    size_t at = PREFIX_SIZE + HASH_SIZE;
    if (size <= at + 1 || size > LIMIT || memcmp(text, prefix, PREFIX_SIZE) != 0 || text[at] != ':')
        return 0;
    for (size_t i = PREFIX_SIZE; i < at; i++)
        if (text[i] == '\0' || !strchr("0123456789abcdef", text[i]))
            return 0;
    size_t digits = at + 1;
    while (digits < size && digits - at <= DIGITS && text[digits] >= '0' && text[digits] <= '9')
        digits++;
    return digits < size && text[digits] == ':' ? digits : 0;
}

static void write_hidden(const struct veil *veil, const char *mask, const struct scan_piece *piece)
{
    /* What has to be undone before it is text, and what is in quotation marks that a mask could
     * break, tells its length alone. */
    bool is_plain = !scan_is_escaped(piece->bytes, piece->size);
    auto_free(free) char *masked = mask_text(is_plain ? mask : NULL, piece->bytes, piece->size);
    bool is_word = piece->kind == SCAN_WORD;
    size_t reference = reference_size(piece->bytes, piece->size);
    if (reference > 0)
        (void)fprintf(veil->out, "%.*s:", (int)reference, piece->bytes);
    /* Without memory nothing is shown at all: the stream then fails too, or shows less. */
    (void)fprintf(veil->out, is_word ? "\"%s\"" : "%s", masked ? masked : "");
    write_lines(veil->out, piece->bytes, piece->size);
}

static bool is_null(const struct scan_piece *piece)
{
    return piece->kind == SCAN_WORD && piece->size == 4 && memcmp(piece->bytes, "null", 4) == 0;
}

ENDS_WITH_SCOPE(struct arena *, arena_free)

static bool is_readable(const struct conversion *conversion, const struct scan_piece *piece)
{
    struct arena held = {0};
    auto_free(arena_free) struct arena *arena = &held;
    struct value value;
    enum rule unused;
    return conversion->read(piece->bytes, piece->size, arena, &value, &unused) != CONVERT_BAD;
}

static bool is_literal(const struct place *place, const struct scan_piece *piece)
{
    for (const struct literal *each = place->literals; each; each = each->next)
        if (each->text.size == piece->size &&
            memcmp(each->text.text, piece->bytes, piece->size) == 0)
            return true;
    return false;
}

static bool is_open(const struct scan_piece *piece)
{
    const struct place *place = piece->place;
    if (place && is_literal(place, piece))
        return true;
    return place && place->mark == PLACE_SHOWN &&
           (!place->reads || is_readable(place->reads, piece));
}

static bool is_shown(struct veil *veil, const struct scan_piece *piece)
{
    if (piece->kind == SCAN_STRUCTURE)
        return true;
    if (piece->kind == SCAN_ASIDE)
        return false;
    if (!veil->is_sound)
        return veil->looks++ < LOOK_LIMIT && is_known_name(veil, piece->bytes, piece->size);
    return piece->kind == SCAN_NAME || is_null(piece) || is_open(piece);
}

static void write_piece(void *own, const struct scan_piece *piece)
{
    struct veil *veil = own;
    const struct place *place = piece->place;
    if (is_shown(veil, piece))
        (void)fwrite(piece->bytes, 1, piece->size, veil->out);
    else
        write_hidden(veil, place && place->mark == PLACE_PERSONAL ? place->mask : NULL, piece);
}

static void pass_over(void *own, const struct scan_piece *piece)
{
    (void)own, (void)piece;
}

static void write_veiled(const struct adapter *adapter, const struct place *root, const char *bytes,
                         size_t size, FILE *out)
{
    struct veil veil = {.out = out, .adapter = adapter, .root = root};
    struct scan scan = {.adapter = adapter, .root = root, .each = pass_over};
    veil.is_sound = scan_document(&scan, bytes, size);
    scan.each = write_piece;
    scan.own = &veil;
    if (!veil.is_sound)
        scan.root = NULL;
    (void)scan_document(&scan, bytes, size);
}

char *veil_document(const struct adapter *adapter, const char *bytes, size_t size,
                    size_t *veiled_size, struct fault *why)
{
    struct places held = {.root = NULL};
    auto_free(places_free) struct places *places = &held;
    struct text_stream stream;
    char *veiled = NULL;
    if (adapter && !add_all(places, adapter, why))
        return NULL;
    FILE *out = text_stream_begin(&stream);
    if (out) {
        write_veiled(adapter, places->root, bytes, size, out);
        veiled = text_stream_end(&stream, veiled_size);
    }
    if (!veiled)
        (void)fault_memory(why);
    return veiled;
}

/* ---- one place ---- */

/* What an adapter has words of its own for is a code, also where it keeps it with the leftovers. */
static enum place_mark mark_at(const struct places *places, const struct path *path)
{
    const struct place *place = places->root;
    for (size_t at = 0; at < path->count; at++) {
        const struct step *step = &path->steps[at];
        place = place_child(place, step->name, step->size, step->kind == STEP_ATTRIBUTE);
    }
    if (!place)
        return PLACE_UNKNOWN;
    return place->literals ? PLACE_SHOWN : place->mark;
}

bool veil_shows(const struct adapters *adapters, const char *text, bool *shows, struct fault *why)
{
    struct path parsed = {0};
    auto_free(path_free) struct path *path = &parsed;
    bool is_known = false, is_personal = false;
    if (!path_parse(text, path, why))
        return false;
    for (size_t i = 0; i < adapters->count; i++) {
        struct places held = {.root = NULL};
        auto_free(places_free) struct places *places = &held;
        if (!add_all(places, &adapters->list[i], why))
            return false;
        enum place_mark mark = mark_at(places, path);
        is_known |= mark == PLACE_SHOWN;
        is_personal |= mark == PLACE_PERSONAL;
    }
    *shows = path->from_root && is_known && !is_personal;
    return true;
}

char *veil_nothing(const char *bytes, size_t size, size_t *text_size, struct fault *why)
{
    struct text shown = {.bytes = NULL};
    for (size_t at = 0; at < size;) {
        size_t good = utf8_valid(bytes + at, size - at);
        for (const char *nul; good > 0 && (nul = memchr(bytes + at, '\0', good));)
            good = (size_t)(nul - (bytes + at)); /* no text of JSON for people has it */
        text_add(&shown, bytes + at, good);
        at += good;
        if (at < size && (bytes[at] == '\0' || utf8_length(bytes + at, size - at) == 0)) {
            text_say(&shown, "\xEF\xBF\xBD");
            at++;
        }
    }
    char *text = text_take(&shown, text_size);
    if (!text)
        (void)fault_memory(why);
    return text;
}
