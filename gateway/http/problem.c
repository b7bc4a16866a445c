/* SPDX-License-Identifier: Apache-2.0 */
/* Answers about what is wrong, in the reader's language (RFC 9457, RFC 9110 12.5.4). */
#include "http/problem.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

static const char type_prefix[] = "urn:x-lienthong:problem:";

/* How much one element of the header wants each language; -1 while nothing was said of it. */
struct wishes {
    double vietnamese, english, any;
};

static bool is_language(const char *range, size_t size, const char *language)
{
    size_t length = strlen(language);
    return size >= length && strncasecmp(range, language, length) == 0 &&
           (size == length || range[length] == '-');
}

/* The weight of "vi-VN;q=0.8"; 1 when it has none. */
static double weight_of(const char *element, size_t size)
{
    const char *end = element + size;
    for (const char *at = memchr(element, ';', size); at;
         at = memchr(at, ';', (size_t)(end - at))) {
        at++;
        at += strspn(at, " \t");
        if (at + 2 < end && (*at == 'q' || *at == 'Q') && at[1] == '=')
            return strtod(at + 2, NULL);
    }
    return 1;
}

static void keep_most(double *wish, double weight)
{
    if (weight > *wish)
        *wish = weight;
}

static void note(struct wishes *wishes, const char *element, size_t size)
{
    size_t range = strcspn(element, ";, \t");
    double weight = weight_of(element, size);
    if (is_language(element, range, "vi"))
        keep_most(&wishes->vietnamese, weight);
    else if (is_language(element, range, "en"))
        keep_most(&wishes->english, weight);
    else if (range == 1 && element[0] == '*')
        keep_most(&wishes->any, weight);
}

enum http_language http_language(const struct http_request *request)
{
    const char *text = http_header(request, "Accept-Language");
    struct wishes wishes = {-1, -1, -1};
    while (text && *text != '\0') {
        text += strspn(text, " \t,");
        size_t size = strcspn(text, ",");
        note(&wishes, text, size);
        text += size;
    }
    double english = wishes.english >= 0 ? wishes.english : wishes.any;
    return wishes.vietnamese > 0 && wishes.vietnamese > english ? LANGUAGE_VI : LANGUAGE_EN;
}

static json_t *describe(const struct problem_kind *kind, enum http_language language,
                        const char *detail)
{
    char type[sizeof type_prefix + 64];
    (void)snprintf(type, sizeof type, "%s%s", type_prefix, kind->code);
    const char *title = language == LANGUAGE_VI ? kind->title_vi : kind->title_en;
    return json_pack("{s:s, s:s, s:i, s:s, s:s*}", "type", type, "title", title, "status",
                     kind->status, "code", kind->code, "detail", detail);
}

void http_problem(struct http_request *request, const struct problem_kind *kind, const char *detail,
                  json_t *more)
{
    auto_free(json_decref) json_t *members = more;
    enum http_language language = http_language(request);
    auto_free(json_decref) json_t *problem = describe(kind, language, detail);
    if (problem && members)
        (void)json_object_update(problem, members); /* without memory the head is answer enough */
    char *text = problem ? json_dumps(problem, JSON_COMPACT) : NULL;

    http_add_header(request, "Content-Language", language == LANGUAGE_VI ? "vi" : "en");
    http_set_header(request, "Cache-Control", "no-store");
    http_answer(request, kind->status, "application/problem+json", text, text ? strlen(text) : 0);
}
