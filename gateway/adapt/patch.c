/* SPDX-License-Identifier: Apache-2.0 */
/* The same mistake mended in many documents: one text for another, and no other byte touched. */
#include "adapt/patch.h"

#include "adapt/map.h"
#include "adapt/scan.h"
#include "base/cleanup.h"
#include "base/text_stream.h"
#include "base/utf8.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(struct path *, path_free)
ENDS_WITH_SCOPE(struct places *, places_free)

struct patching {
    const struct patch_rule *rule;
    const struct place *place;
    FILE *out;
    bool is_xml;
    size_t changed;
};

/* ---- what a text says ---- */

/* The ASCII letter of a character reference, from behind its "&#"; 0 when it is none: codes are
 * made of no other letters. */
static char referred(const char *text, size_t size)
{
    enum { LIMIT = 8 };
    char digits[LIMIT + 1];
    char *end = NULL;
    bool is_hex = text[0] == 'x';
    if (size < 1 || size > LIMIT)
        return 0;
    (void)snprintf(digits, sizeof digits, "%.*s", (int)(size - is_hex), text + is_hex);
    unsigned long number = strtoul(digits, &end, is_hex ? 16 : 10);
    return end != digits && *end == '\0' && number < 0x80 ? (char)number : (char)0;
}

static char entity(const char *name, size_t size)
{
    static const struct {
        const char *name;
        char letter;
    } entities[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    if (size > 1 && name[0] == '#')
        return referred(name + 1, size - 1);
    for (size_t at = 0; at < sizeof entities / sizeof *entities; at++)
        if (strlen(entities[at].name) == size && memcmp(entities[at].name, name, size) == 0)
            return entities[at].letter;
    return 0;
}

/* Whether a text of XML says just this. */
static bool says_in_xml(const char *bytes, size_t size, const char *text)
{
    size_t at = 0;
    for (; at < size && *text; text++) {
        if (bytes[at] != '&') {
            if (bytes[at++] != *text)
                return false;
            continue;
        }
        const char *end = memchr(bytes + at, ';', size - at);
        if (!end || entity(bytes + at + 1, (size_t)(end - bytes) - at - 1) != *text)
            return false;
        at = (size_t)(end - bytes) + 1;
    }
    return at == size && !*text;
}

static bool says_in_json(const struct scan_piece *piece, const char *text)
{
    if (piece->kind == SCAN_WORD || !scan_is_escaped(piece->bytes, piece->size))
        return strlen(text) == piece->size && memcmp(piece->bytes, text, piece->size) == 0;
    /* With its quotation marks, which stand around it in the document. */
    auto_free(json_decref) json_t *value =
        json_loadb(piece->bytes - 1, piece->size + 2, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    return value && json_string_length(value) == strlen(text) &&
           strcmp(json_string_value(value), text) == 0;
}

static bool is_number(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    bool is = json_is_number(value);
    json_decref(value);
    return is;
}

static bool is_wanted(const struct patching *patching, const struct scan_piece *piece)
{
    const char *from = patching->rule->from;
    if (!piece->place || piece->place != patching->place)
        return false;
    if (patching->is_xml)
        return piece->is_whole && (!from || says_in_xml(piece->bytes, piece->size, from));
    if (from && !says_in_json(piece, from))
        return false;
    return piece->kind == SCAN_TEXT ||
           (is_number(patching->rule->to) && strchr("-0123456789", piece->bytes[0]));
}

/* ---- what is written ---- */

static void write_xml(FILE *out, const char *text)
{
    for (; *text; text++) {
        static const char letters[] = "&<>\"'";
        static const char *const names[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};
        const char *letter = strchr(letters, *text);
        if (letter)
            (void)fputs(names[letter - letters], out);
        else
            (void)fputc(*text, out);
    }
}

static void write_json(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            (void)fputc('\\', out);
        (void)fputc(*text, out);
    }
}

static void write_piece(void *own, const struct scan_piece *piece)
{
    struct patching *patching = own;
    if (!is_wanted(patching, piece)) {
        (void)fwrite(piece->bytes, 1, piece->size, patching->out);
        return;
    }
    patching->changed++;
    if (patching->is_xml)
        write_xml(patching->out, patching->rule->to);
    else
        write_json(patching->out, patching->rule->to);
}

static bool check_rule(const struct patch_rule *rule, struct fault *why)
{
    size_t size = strlen(rule->to);
    if (utf8_valid(rule->to, size) != size)
        return fault_set(why, FAULT_REFUSE, "to: it is not UTF-8");
    for (size_t at = 0; at < size; at++)
        if ((unsigned char)rule->to[at] < 0x20)
            return fault_set(why, FAULT_REFUSE, "to: it has a control character");
    return true;
}

static bool write_patched(const struct scan *scan, const char *bytes, size_t size,
                          struct patched *patched, struct fault *why)
{
    struct patching *patching = scan->own;
    struct text_stream stream;
    size_t written_size = 0;
    patching->out = text_stream_begin(&stream);
    if (!patching->out)
        return fault_memory(why);
    bool is_sound = scan_document(scan, bytes, size);
    auto_free(free) char *written = text_stream_end(&stream, &written_size);
    if (!written)
        return fault_memory(why);
    if (!is_sound)
        return fault_set(why, FAULT_REFUSE, "the document is not well formed");
    *patched = (struct patched){steal(written), written_size, patching->changed};
    return true;
}

bool adapt_patch(const struct adapter *adapter, const char *bytes, size_t size,
                 const struct patch_rule *rule, struct patched *patched, struct fault *why)
{
    struct path parsed = {0};
    struct places held = {.root = NULL};
    auto_free(path_free) struct path *path = &parsed;
    auto_free(places_free) struct places *places = &held;
    if (!check_rule(rule, why) || !path_parse(rule->path, path, why))
        return false;
    if (!path->from_root || path->count == 0 || path->steps[path->count - 1].kind == STEP_LEAVES)
        return fault_set(why, FAULT_REFUSE, "path: one place, from the root of the document");
    struct patching patching = {.rule = rule,
                                .place = places_add(places, NULL, path->steps, path->count),
                                .is_xml = adapter->syntax == SYNTAX_XML};
    if (!patching.place)
        return fault_memory(why);
    const struct scan scan = {
        .adapter = adapter, .root = places->root, .each = write_piece, .own = &patching};
    return write_patched(&scan, bytes, size, patched, why);
}
