/* SPDX-License-Identifier: Apache-2.0 */
/* Which route a request means: patterns against paths, segment by segment. */
#include "http/route.h"

#include "base/cleanup.h"
#include "base/text_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The segment at `text`: what stands before the next slash or the end. */
static size_t segment_size(const char *text)
{
    return strcspn(text, "/");
}

static bool is_variable(const char *segment, size_t size)
{
    return size > 2 && segment[0] == '{' && segment[size - 1] == '}';
}

/* Both stand at a slash or at their end. */
static bool step(const char **pattern, const char **path)
{
    if (**pattern != '/' || **path != '/')
        return false;
    ++*pattern;
    ++*path;
    return true;
}

static bool fits(const char *pattern, const char *path)
{
    while (step(&pattern, &path)) {
        size_t wanted = segment_size(pattern), given = segment_size(path);
        if (is_variable(pattern, wanted)) {
            if (given == 0)
                return false;
        } else if (wanted != given || memcmp(pattern, path, given) != 0) {
            return false;
        }
        pattern += wanted;
        path += given;
    }
    return *pattern == '\0' && *path == '\0';
}

static bool serves(const struct http_route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

const struct http_route *route_find(const struct http_table *tables, const char *method,
                                    const char *path, void **own)
{
    for (const struct http_table *table = tables; table->routes; table++) {
        for (const struct http_route *route = table->routes; route->method; route++) {
            if (!serves(route, method) || !fits(route->pattern, path))
                continue;
            *own = table->own;
            return route;
        }
    }
    return NULL;
}

/* Writes the list on; whether a route had the path. */
static bool write_allowed(const struct http_route *routes, const char *path, bool is_known,
                          FILE *out)
{
    for (const struct http_route *route = routes; route->method; route++) {
        if (!fits(route->pattern, path))
            continue;
        bool is_get = strcmp(route->method, "GET") == 0;
        (void)fprintf(out, "%s%s%s", is_known ? ", " : "", route->method, is_get ? ", HEAD" : "");
        is_known = true;
    }
    return is_known;
}

char *route_allowed(const struct http_table *tables, const char *path)
{
    struct text_stream stream;
    FILE *out = text_stream_begin(&stream);
    if (!out)
        return NULL;

    bool is_known = false;
    for (const struct http_table *table = tables; table->routes; table++)
        is_known = write_allowed(table->routes, path, is_known, out);
    auto_free(free) char *text = text_stream_end(&stream, NULL);
    return is_known ? steal(text) : NULL;
}

const char *route_segment(const char *pattern, const char *path, const char *name, size_t *size)
{
    size_t name_size = strlen(name);
    while (step(&pattern, &path)) {
        size_t wanted = segment_size(pattern), given = segment_size(path);
        if (is_variable(pattern, wanted) && wanted == name_size + 2 &&
            memcmp(pattern + 1, name, name_size) == 0) {
            *size = given;
            return path;
        }
        pattern += wanted;
        path += given;
    }
    return NULL;
}
