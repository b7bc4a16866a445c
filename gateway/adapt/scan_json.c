/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over JSON, or what passes itself off as JSON, that knows where it is. */
#include "adapt/scan.h"

#include "base/opening.h"
#include "base/utf8.h"

#include <string.h>

enum { DEPTH_LIMIT = 256 };

/* What may come next. */
enum expect {
    EXPECT_VALUE,
    EXPECT_FIRST_VALUE, /* or the end of the list */
    EXPECT_NAME,
    EXPECT_FIRST_NAME, /* or the end of the object */
    EXPECT_COLON,
    EXPECT_COMMA, /* or the end of what is open */
    EXPECT_END,
};

struct frame {
    bool is_object;
    const struct place *place; /* of the object, or of each element */
};

struct walk {
    const struct scan *scan;
    const char *at;
    const char *end;
    enum expect expect;
    const struct place *place; /* of the value to come */
    struct frame frames[DEPTH_LIMIT];
    size_t depth;
    bool is_sound;
};

static void give(struct walk *walk, enum scan_kind kind, const char *to)
{
    const struct scan_piece piece = {
        .kind = kind,
        .bytes = walk->at,
        .size = (size_t)(to - walk->at),
        .place = walk->is_sound && (kind == SCAN_TEXT || kind == SCAN_WORD) ? walk->place : NULL,
        .is_whole = true,
    };
    if (piece.size > 0)
        walk->scan->each(walk->scan->own, &piece);
    walk->at = to;
}

static bool takes_value(const struct walk *walk)
{
    return walk->expect == EXPECT_VALUE || walk->expect == EXPECT_FIRST_VALUE;
}

static bool takes_name(const struct walk *walk)
{
    return walk->expect == EXPECT_NAME || walk->expect == EXPECT_FIRST_NAME;
}

static void after_value(struct walk *walk)
{
    walk->expect = walk->depth > 0 ? EXPECT_COMMA : EXPECT_END;
    if (walk->depth > 0)
        walk->place = walk->frames[walk->depth - 1].place;
}

static void open(struct walk *walk, bool is_object)
{
    walk->is_sound = walk->is_sound && takes_value(walk) && walk->depth < DEPTH_LIMIT;
    give(walk, SCAN_STRUCTURE, walk->at + 1);
    if (!walk->is_sound)
        return;
    /* An array's elements have its name; those of an array within an array, and of the document's,
     * have none. */
    bool is_nameless = walk->depth == 0 || !walk->frames[walk->depth - 1].is_object;
    const struct place *place = walk->place;
    if (!is_object && is_nameless)
        place = place_child(place, "", 0, false);
    walk->frames[walk->depth++] = (struct frame){is_object, place};
    walk->place = place;
    walk->expect = is_object ? EXPECT_FIRST_NAME : EXPECT_FIRST_VALUE;
}

static void shut(struct walk *walk, bool is_object)
{
    const enum expect first = is_object ? EXPECT_FIRST_NAME : EXPECT_FIRST_VALUE;
    walk->is_sound = walk->is_sound && walk->depth > 0 &&
                     walk->frames[walk->depth - 1].is_object == is_object &&
                     (walk->expect == first || walk->expect == EXPECT_COMMA);
    give(walk, SCAN_STRUCTURE, walk->at + 1);
    if (!walk->is_sound)
        return;
    walk->depth--;
    after_value(walk);
}

static void mark(struct walk *walk)
{
    bool is_colon = *walk->at == ':';
    walk->is_sound = walk->is_sound && walk->expect == (is_colon ? EXPECT_COLON : EXPECT_COMMA) &&
                     (is_colon || walk->depth > 0);
    give(walk, SCAN_STRUCTURE, walk->at + 1);
    if (!walk->is_sound)
        return;
    if (is_colon)
        walk->expect = EXPECT_VALUE;
    else
        walk->expect = walk->frames[walk->depth - 1].is_object ? EXPECT_NAME : EXPECT_VALUE;
}

/* The quotation mark that ends the string whose inside begins at `from`, or the end of all. */
static const char *string_end(const struct walk *walk, const char *from)
{
    for (; from < walk->end && *from != '"'; from++)
        if (*from == '\\' && from + 1 < walk->end)
            from++;
    return from;
}

static bool has_control(const char *at, const char *end)
{
    for (; at < end; at++)
        if ((unsigned char)*at < 0x20)
            return true;
    return false;
}

static void string(struct walk *walk)
{
    const char *end = string_end(walk, walk->at + 1);
    bool is_name = takes_name(walk);
    walk->is_sound = walk->is_sound && end < walk->end && (is_name || takes_value(walk)) &&
                     !has_control(walk->at + 1, end);
    give(walk, SCAN_STRUCTURE, walk->at + 1);
    const char *text = walk->at;
    /* In a text that is broken anything may be a name; a colon after it is how people tell. */
    give(walk, walk->is_sound && is_name ? SCAN_NAME : SCAN_TEXT, end);
    if (walk->at < walk->end)
        give(walk, SCAN_STRUCTURE, walk->at + 1);
    if (!walk->is_sound)
        return;
    if (!is_name) {
        after_value(walk);
        return;
    }
    bool is_escaped = scan_is_escaped(text, (size_t)(end - text));
    walk->place = is_escaped ? NULL
                             : place_child(walk->frames[walk->depth - 1].place, text,
                                           (size_t)(end - text), false);
    walk->expect = EXPECT_COLON;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool ends_word(char byte)
{
    return is_blank(byte) || (byte != '\0' && strchr(",:[]{}\"", byte));
}

static bool is_word(const char *text, size_t size)
{
    return (size > 0 && strspn(text, "-0123456789") > 0) ||
           (size == 4 && (memcmp(text, "true", 4) == 0 || memcmp(text, "null", 4) == 0)) ||
           (size == 5 && memcmp(text, "false", 5) == 0);
}

static bool is_number_part(const char *text, size_t size)
{
    for (size_t at = 0; at < size; at++)
        if (text[at] == '\0' || !strchr("+-.0123456789aeflnrstuE", text[at]))
            return false;
    return true;
}

static void word(struct walk *walk)
{
    enum { WORD_LIMIT = 64 };
    char copy[WORD_LIMIT + 1];
    const char *end = walk->at;
    while (end < walk->end && !ends_word(*end))
        end++;
    size_t size = (size_t)(end - walk->at);
    (void)snprintf(copy, sizeof copy, "%.*s", (int)(size < WORD_LIMIT ? size : WORD_LIMIT),
                   walk->at);
    walk->is_sound = walk->is_sound && takes_value(walk) && size <= WORD_LIMIT &&
                     is_word(copy, size) && is_number_part(walk->at, size);
    give(walk, walk->is_sound ? SCAN_WORD : SCAN_ASIDE, end);
    if (walk->is_sound)
        after_value(walk);
}

static void blanks(struct walk *walk)
{
    const char *end = walk->at;
    while (end < walk->end && is_blank(*end))
        end++;
    give(walk, SCAN_STRUCTURE, end);
}

static void token(struct walk *walk)
{
    switch (*walk->at) {
    case '{':
    case '[':
        open(walk, *walk->at == '{');
        break;
    case '}':
    case ']':
        shut(walk, *walk->at == '}');
        break;
    case ':':
    case ',':
        mark(walk);
        break;
    case '"':
        string(walk);
        break;
    default:
        if (is_blank(*walk->at))
            blanks(walk);
        else
            word(walk);
    }
}

bool scan_json(const struct scan *scan, const char *bytes, size_t size)
{
    struct walk walk = {.scan = scan,
                        .at = bytes,
                        .end = bytes + size,
                        .place = scan->root,
                        .is_sound = utf8_valid(bytes, size) == size};
    if (opening_mark(bytes, size) > 0)
        give(&walk, SCAN_STRUCTURE, bytes + opening_mark(bytes, size));
    while (walk.at < walk.end)
        token(&walk);
    return walk.is_sound && walk.expect == EXPECT_END;
}
