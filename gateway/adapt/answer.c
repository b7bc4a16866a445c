/* SPDX-License-Identifier: Apache-2.0 */
/* What a partner's system answers: bytes from outside, of any kind. */
#include "adapt/answer.h"

#include "adapt/xml.h"
#include "base/cleanup.h"
#include "base/opening.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>

ENDS_WITH_SCOPE(struct answer *, answer_free)

/* An answer says yes or no and why; one over these bounds is no answer. */
static const struct adapt_limits limits = {.document_bytes = 1 << 20,
                                           .depth = 32,
                                           .nodes = 5000,
                                           .attributes = 32,
                                           .names = 500,
                                           .text_bytes = 65536,
                                           .items = 1,
                                           .problems = 1};

struct answer {
    json_t *json;
    struct xml_parser *parser;
    xmlDocPtr xml; /* the parser's */
};

void answer_free(struct answer *answer)
{
    if (!answer)
        return;
    json_decref(answer->json);
    xml_parser_free(answer->parser);
    free(answer);
}

/* ---- parsing ---- */

static bool parse_xml(struct answer *answer, const struct word *body)
{
    struct fault unused;
    struct arena arena = {0};
    struct problem list[1];
    uint32_t places[1];
    struct findings findings = {
        .list = list, .limit = 1, .arena = &arena, .places = places, .item = -1};
    answer->parser = xml_parser_new(&unused);
    bool is_parsed = answer->parser &&
                     xml_parse(answer->parser, body, &limits, &findings, &answer->xml, &unused);
    arena_free(&arena);
    return is_parsed;
}

static struct word trimmed(const struct service_answer *answer)
{
    size_t at = opening_first(answer->body, answer->size);
    return (struct word){answer->body + at, answer->size - at};
}

struct answer *answer_new(const struct service_answer *from)
{
    auto_free(answer_free) struct answer *answer = calloc(1, sizeof *answer);
    if (!answer || !from->size || from->size > (size_t)limits.document_bytes)
        return steal(answer);
    struct word body = trimmed(from);
    if (!body.size)
        return steal(answer);
    if (*body.text == '<') {
        if (!parse_xml(answer, &body))
            return NULL;
    } else {
        answer->json = json_loadb(body.text, body.size, JSON_REJECT_DUPLICATES, NULL);
    }
    return steal(answer);
}

/* ---- members ---- */

static char *number_text(double number)
{
    char *text = NULL;
    bool is_whole = isfinite(number) && fabs(number) < 1e15 && number == floor(number);
    return is_whole && asprintf(&text, "%.0f", number) >= 0 ? text : NULL;
}

static char *json_text(const json_t *value)
{
    char *text = NULL;
    if (json_is_string(value))
        return strdup(json_string_value(value));
    if (json_is_boolean(value))
        return strdup(json_is_true(value) ? "true" : "false");
    if (json_is_real(value))
        return number_text(json_real_value(value));
    if (json_is_integer(value))
        return asprintf(&text, "%" JSON_INTEGER_FORMAT, json_integer_value(value)) < 0 ? NULL
                                                                                       : text;
    return NULL;
}

static size_t ordinal_of(const struct step *step)
{
    return step->which == WHICH_ONE ? step->ordinal : 0;
}

static char *seek_json(const json_t *value, const struct path *path)
{
    for (size_t at = 0; value && at < path->count; at++) {
        const struct step *step = &path->steps[at];
        if (step->size)
            value = json_object_get(value, step->name);
        if (json_is_array(value))
            value = json_array_get(value, ordinal_of(step));
    }
    return json_text(value);
}

static const xmlNode *child_of(const xmlNode *parent, const struct step *step)
{
    size_t ordinal = ordinal_of(step);
    for (const xmlNode *child = parent->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE && strcmp((const char *)child->name, step->name) == 0 &&
            ordinal-- == 0)
            return child;
    return NULL;
}

static char *seek_xml(xmlDocPtr document, const struct path *path)
{
    const xmlNode *node = xmlDocGetRootElement(document);
    for (size_t at = 0; node && at < path->count; at++)
        node = child_of(node, &path->steps[at]);
    xmlChar *content = node ? xmlNodeGetContent(node) : NULL;
    if (!content)
        return NULL;
    const char *text = (const char *)content;
    size_t size = strlen(text);
    text_trim(&text, &size);
    char *copy = strndup(text, size);
    xmlFree(content);
    return copy;
}

char *answer_text(const struct answer *answer, const struct path *path)
{
    if (answer->xml)
        return seek_xml(answer->xml, path);
    return answer->json ? seek_json(answer->json, path) : NULL;
}

/* ---- words within a text ---- */

/* The letter in small, for what Vietnamese is written with. */
static uint32_t small(uint32_t letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return letter + 32;
    if (letter >= 0xC0 && letter <= 0xDE && letter != 0xD7)
        return letter + 32;
    if (letter == 0x01AF) /* U with a horn: the one pair that begins at an odd number */
        return 0x01B0;
    bool is_pair = (letter >= 0x0100 && letter <= 0x0137) ||
                   (letter >= 0x014A && letter <= 0x0177) || letter == 0x01A0 ||
                   (letter >= 0x1EA0 && letter <= 0x1EF9);
    return is_pair ? letter | 1 : letter;
}

/* The letter at `text`, small; *size of its bytes.  A byte that is no UTF-8 stands for itself. */
static uint32_t letter_at(const char *text, size_t room, size_t *size)
{
    static const uint8_t masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    size_t length = utf8_length(text, room);
    uint32_t letter = (unsigned char)text[0] & masks[length];
    *size = length ? length : 1;
    if (!length)
        return UINT32_MAX - (unsigned char)text[0];
    for (size_t at = 1; at < length; at++)
        letter = letter << 6 | ((unsigned char)text[at] & 0x3F);
    return small(letter);
}

static bool begins_with(const char *text, size_t size, const char *part)
{
    size_t room = strlen(part);
    while (room) {
        size_t taken = 0, needed = 0;
        if (!size || letter_at(text, size, &taken) != letter_at(part, room, &needed))
            return false;
        text += taken;
        size -= taken;
        part += needed;
        room -= needed;
    }
    return true;
}

bool answer_contains(const char *text, size_t size, const char *part)
{
    for (size_t at = 0, taken = 1; at < size; at += taken) {
        if (begins_with(text + at, size - at, part))
            return true;
        (void)letter_at(text + at, size - at, &taken);
    }
    return false;
}
