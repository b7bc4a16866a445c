/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of the operators' lists, by table. */
#include "operate/asked.h"

#include "base/moment.h"
#include "base/number.h"
#include "base/utf8.h"
#include "operate/answer.h"

#include <stdio.h>
#include <string.h>

enum { DAY_TEXT_SIZE = 10, DAY_MS = 86400000 };

static bool read_moment(const char *text, int64_t *moment)
{
    struct fault why;
    return moment_read(text, strlen(text), moment, &why);
}

static bool read_until(const char *text, int64_t *moment)
{
    if (!read_moment(text, moment))
        return false;
    *moment += strlen(text) <= DAY_TEXT_SIZE ? DAY_MS : 1;
    return true;
}

static bool read_word(const struct asked *asked, const char *text)
{
    int *to = asked->to;
    for (int i = 0; asked->words[i]; i++)
        if (strcmp(asked->words[i], text) == 0) {
            *to = i;
            return true;
        }
    return false;
}

static bool read_text(const char *text, const char **to)
{
    size_t size = strlen(text);
    *to = text;
    return size <= ASKED_TEXT_LIMIT && utf8_valid(text, size) == size;
}

static bool read_one(const struct asked *asked, const char *text)
{
    switch (asked->kind) {
    case ASKED_TEXT:
        return read_text(text, asked->to);
    case ASKED_NUMBER:
        return number_read(text, strlen(text), 0, INT64_MAX, asked->to) == NUMBER_GOOD;
    case ASKED_FROM:
        return read_moment(text, asked->to);
    case ASKED_UNTIL:
        return read_until(text, asked->to);
    case ASKED_WORD:
        return read_word(asked, text);
    }
    return false;
}

static void refuse(struct http_request *request, const struct asked *asked)
{
    static const char *const wanted[] = {
        [ASKED_TEXT] = "a text of at most 500 bytes",
        [ASKED_NUMBER] = "a number",
        [ASKED_FROM] = "a day or a moment, as 2026-11-26 or 2026-11-26T08:30:00+07:00",
        [ASKED_UNTIL] = "a day or a moment, as 2026-11-26 or 2026-11-26T08:30:00+07:00",
        [ASKED_WORD] = "",
    };
    char detail[400];
    int size = snprintf(detail, sizeof detail, "%s: %s", asked->name, wanted[asked->kind]);
    for (size_t i = 0; asked->kind == ASKED_WORD && asked->words[i]; i++)
        size += snprintf(detail + size, sizeof detail - (size_t)size, "%s%s", i ? ", " : "one of ",
                         asked->words[i]);
    http_problem(request, &operate_bad_request, detail, NULL);
}

bool asked_read(struct http_request *request, const struct asked *table)
{
    for (const struct asked *asked = table; asked->name; asked++) {
        const char *text = http_query(request, asked->name);
        if (!text || !*text || read_one(asked, text))
            continue;
        refuse(request, asked);
        return false;
    }
    return true;
}

bool asked_limit(struct http_request *request, size_t *limit)
{
    int64_t number = LIST_LIMIT;
    const struct asked table[] = {{.name = "limit", .kind = ASKED_NUMBER, .to = &number}, {0}};
    if (!asked_read(request, table))
        return false;
    if (number < 1 || number > LIST_LIMIT_MOST) {
        http_problem(request, &operate_bad_request, "limit: 1 to 1000", NULL);
        return false;
    }
    *limit = (size_t)number;
    return true;
}
