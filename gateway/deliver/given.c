/* SPDX-License-Identifier: Apache-2.0 */
/* Puts given texts into paths, headers and login bodies, escaped so that none can break out. */
#include "deliver/given.h"

#include "base/cleanup.h"
#include "base/text_stream.h"

#include <ctype.h>
#include <curl/curl.h>
#include <jansson.h>

static const char name_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789_-";

enum given_escape given_escape_of(const char *media_type)
{
    if (!media_type)
        return GIVEN_PLAIN;
    if (strcasestr(media_type, "json"))
        return GIVEN_JSON;
    if (strcasestr(media_type, "form-urlencoded"))
        return GIVEN_FORM;
    return strcasestr(media_type, "xml") ? GIVEN_XML : GIVEN_PLAIN;
}

const char *given_find(const struct given *given, const char *name, size_t size)
{
    for (size_t i = given->count; i-- > 0;)
        if (strlen(given->texts[i].name) == size && memcmp(given->texts[i].name, name, size) == 0)
            return given->texts[i].text;
    return NULL;
}

static bool put_header(FILE *out, const char *text, struct fault *why)
{
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7F)
            return fault_set(why, FAULT_REFUSE, "a control character in a given text");
    return fputs(text, out) >= 0 || fault_memory(why);
}

static bool put_form(FILE *out, const char *text, struct fault *why)
{
    char *escaped = curl_easy_escape(NULL, text, 0);
    bool is_put = escaped && fputs(escaped, out) >= 0;
    curl_free(escaped);
    return is_put || fault_memory(why);
}

/* An operator's text may be a whole query, so what parts an address stays as it is. */
static bool put_path(FILE *out, const char *text, struct fault *why)
{
    static const char parting[] = "-._~!$&'()*+,;=:@/?%";
    for (const char *at = text; *at; at++) {
        bool is_plain = isalnum((unsigned char)*at) || strchr(parting, *at);
        if ((is_plain ? fputc(*at, out) : fprintf(out, "%%%02X", (unsigned char)*at)) < 0)
            return fault_memory(why);
    }
    return true;
}

static bool put_json(FILE *out, const char *text, struct fault *why)
{
    json_t *string = json_string(text);
    char *quoted = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
    json_decref(string);
    size_t size = quoted ? strlen(quoted) : 0;
    bool is_put = size >= 2 && fwrite(quoted + 1, 1, size - 2, out) == size - 2;
    free(quoted);
    return is_put || fault_set(why, FAULT_REFUSE, "a given text is not UTF-8");
}

static const char *xml_reference(char character)
{
    switch (character) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&apos;";
    default:
        return NULL;
    }
}

static bool put_xml(FILE *out, const char *text, struct fault *why)
{
    for (const char *at = text; *at; at++) {
        const char *reference = xml_reference(*at);
        if ((reference ? fputs(reference, out) : fputc(*at, out)) == EOF)
            return fault_memory(why);
    }
    return true;
}

static bool put(FILE *out, const char *text, enum given_escape escape, struct fault *why)
{
    switch (escape) {
    case GIVEN_HEADER:
        return put_header(out, text, why);
    case GIVEN_PATH:
        return put_path(out, text, why);
    case GIVEN_FORM:
        return put_form(out, text, why);
    case GIVEN_JSON:
        return put_json(out, text, why);
    case GIVEN_XML:
        return put_xml(out, text, why);
    case GIVEN_PLAIN:
    default:
        return fputs(text, out) >= 0 || fault_memory(why);
    }
}

/* The size of the {name} at `at` without its braces; 0 when none stands there. */
static size_t name_size(const char *at)
{
    size_t size = *at == '{' ? strspn(at + 1, name_characters) : 0;
    return size > 0 && at[1 + size] == '}' ? size : 0;
}

static bool write_filled(FILE *out, const char *text, const struct given *given,
                         enum given_escape escape, struct fault *why)
{
    for (const char *at = text; *at;) {
        size_t size = name_size(at);
        if (size == 0) {
            if (fputc(*at++, out) == EOF)
                return fault_memory(why);
            continue;
        }
        const char *value = given_find(given, at + 1, size);
        if (value && !put(out, value, escape, why))
            return false;
        at += size + 2;
    }
    return true;
}

char *given_fill(const char *text, const struct given *given, enum given_escape escape,
                 struct fault *why)
{
    struct text_stream stream;
    FILE *out = text_stream_begin(&stream);
    if (!out) {
        (void)fault_memory(why);
        return NULL;
    }
    bool is_good = write_filled(out, text, given, escape, why);
    auto_free(free) char *filled = text_stream_end(&stream, NULL);
    if (!filled && is_good)
        is_good = fault_memory(why);
    return is_good ? steal(filled) : NULL;
}
