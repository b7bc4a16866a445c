/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's lists, page by page. */
#include "cli/query.h"

#include "base/cleanup.h"
#include "base/text_stream.h"
#include "cli/client.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

enum { PAGE_MOST = 1000, NUMBER_SIZE = 24 };

static void write_encoded(FILE *out, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *text; text++)
        if (strchr(plain, *text))
            (void)fputc(*text, out);
        else
            (void)fprintf(out, "%%%02X", (unsigned)(unsigned char)*text);
}

char *query_path(const char *path, const struct query_value *values)
{
    struct text_stream stream;
    char mark = '?';
    FILE *out = text_stream_begin(&stream);
    if (!out)
        return NULL;
    (void)fputs(path, out);
    for (; values->name; values++) {
        if (!values->value)
            continue;
        (void)fprintf(out, "%c%s=", mark, values->name);
        write_encoded(out, values->value);
        mark = '&';
    }
    return text_stream_end(&stream, NULL);
}

/* One page behind `after`, 0 for the first one; the caller owns it. */
static json_t *ask_page(const struct query_list *list, json_int_t after, size_t limit,
                        struct fault *why)
{
    char after_text[NUMBER_SIZE], limit_text[NUMBER_SIZE];
    (void)snprintf(after_text, sizeof after_text, "%" JSON_INTEGER_FORMAT, after);
    (void)snprintf(limit_text, sizeof limit_text, "%zu", limit);
    auto_free(free) char *narrowed = query_path(list->path, list->values);
    const struct query_value more[] = {
        {"limit", limit_text}, {"after", after ? after_text : NULL}, {0}};
    auto_free(free) char *page = narrowed ? query_path("", more) : NULL;
    auto_free(free) char *path = NULL;
    if (page && strchr(narrowed, '?'))
        page[0] = '&';
    if (!page || asprintf(&path, "%s%s", narrowed, page) < 0) {
        path = NULL;
        (void)fault_memory(why);
        return NULL;
    }
    return client_ask_daemon(list->socket, "GET", path, NULL, why);
}

bool query_each(const struct query_list *list, bool (*each)(void *own, const json_t *item),
                void *own, struct fault *why)
{
    json_int_t after = 0;
    size_t left = list->limit;
    do {
        auto_free(json_decref) json_t *page =
            ask_page(list, after, left < PAGE_MOST ? left : PAGE_MOST, why);
        const json_t *items = json_object_get(page, "items");
        if (!page)
            return false;
        for (size_t i = 0; i < json_array_size(items) && left > 0; i++, left--)
            if (!each(own, json_array_get(items, i)))
                return true;
        after = json_integer_value(json_object_get(page, "next"));
    } while (after != 0 && left > 0);
    return true;
}

const char *query_text(const json_t *item, const char *name)
{
    const char *text = json_string_value(json_object_get(item, name));
    return text ? text : "-";
}

json_int_t query_number(const json_t *item, const char *name)
{
    return json_integer_value(json_object_get(item, name));
}

const char *query_moment(const json_t *item, const char *name, char text[QUERY_MOMENT_SIZE])
{
    const char *moment = json_string_value(json_object_get(item, name));
    (void)snprintf(text, QUERY_MOMENT_SIZE, "%s", moment ? moment : "-"); /* cut at the minute */
    char *between = strchr(text, 'T');
    if (between)
        *between = ' ';
    return text;
}
