/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds base64 in documents that nobody has parsed.  In XML a text stands between > and <, which no
 * attribute can hold both of; in JSON a string stands between quotation marks.  What is found
 * inside a comment or a CDATA section of XML does no harm: it is put back as it was.
 */
#include "files/base64_run.h"

#include "base/opening.h"

#include <string.h>

enum run_syntax run_syntax_of(const char *bytes, size_t size)
{
    return opening_is_xml(bytes, size) ? RUN_XML : RUN_JSON;
}

/* Blanks as each syntax writes them inside a text; the names are for the shape of a run. */
struct blank {
    char name;
    const char *text;
};

static const struct blank xml_blanks[] = {
    {'n', "\n"},    {'r', "\r"},    {'s', " "},     {'t', "\t"},    {'d', "&#13;"}, {'D', "&#xD;"},
    {'a', "&#10;"}, {'A', "&#xA;"}, {'e', "&#xd;"}, {'b', "&#xa;"}, {0, NULL},
};
static const struct blank json_blanks[] = {
    {'n', "\\n"}, {'r', "\\r"}, {'s', " "}, {'t', "\\t"}, {0, NULL},
};
static const struct blank *const blanks[] = {[RUN_XML] = xml_blanks, [RUN_JSON] = json_blanks};

const char *run_blank(enum run_syntax syntax, char name)
{
    const struct blank *blank = blanks[syntax];
    while (blank->text && blank->name != name)
        blank++;
    return blank->text;
}

static int letter_value(char byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return byte - 'A';
    if (byte >= 'a' && byte <= 'z')
        return byte - 'a' + 26;
    if (byte >= '0' && byte <= '9')
        return byte - '0' + 52;
    if (byte == '+')
        return 62;
    return byte == '/' ? 63 : RUN_OTHER;
}

static bool starts_with(const struct run_text *text, size_t at, const char *what)
{
    size_t size = strlen(what);
    return text->size - at >= size && memcmp(text->bytes + at, what, size) == 0;
}

struct run_step run_step(const struct run_text *text, size_t at)
{
    int value = at < text->size ? letter_value(text->bytes[at]) : RUN_OTHER;
    if (value >= 0)
        return (struct run_step){1, value, 0};
    if (at >= text->size)
        return (struct run_step){0, RUN_OTHER, 0};
    if (text->bytes[at] == '=')
        return (struct run_step){1, RUN_PAD, 0};
    if (text->syntax == RUN_JSON && starts_with(text, at, "\\/"))
        return (struct run_step){2, 63, 0};
    for (const struct blank *blank = blanks[text->syntax]; blank->text; blank++)
        if (starts_with(text, at, blank->text))
            return (struct run_step){strlen(blank->text), RUN_BLANK, blank->name};
    return (struct run_step){0, RUN_OTHER, 0};
}

static size_t skip_blanks(const struct run_text *text, size_t at)
{
    struct run_step step;
    while ((step = run_step(text, at)).value == RUN_BLANK)
        at += step.size;
    return at;
}

/* What is known of a run while it is read. */
struct measure {
    struct base64_run *run;
    size_t letters, pads;
    size_t column;  /* letters and pads of this line */
    int last_value; /* of its last letter */
    bool has_plain_slash, is_uneven, has_lines;
};

static void take_letter(struct measure *measure, const struct run_step *step)
{
    measure->is_uneven |= measure->pads > 0; /* more behind the end */
    measure->letters++;
    measure->column++;
    measure->last_value = step->value;
    if (step->value == 63) {
        measure->has_plain_slash |= step->size == 1;
        measure->run->escapes_slash |= step->size == 2;
    }
}

/* A line has ended, and another begins after these blanks. */
static void take_wrap(struct measure *measure, const char *separator)
{
    struct base64_run *run = measure->run;
    if (!measure->has_lines) {
        run->line = measure->column;
        memcpy(run->separator, separator, RUN_SEPARATOR_SIZE);
    } else if (run->line != measure->column || strcmp(run->separator, separator) != 0) {
        measure->is_uneven = true;
    }
    measure->has_lines = true;
    measure->column = 0;
}

/* Reads the blanks at `at`; where they end.  Too many of them are no wrap of anybody's. */
static size_t read_blanks(const struct run_text *text, size_t at,
                          char separator[RUN_SEPARATOR_SIZE], bool *fits)
{
    struct run_step step;
    size_t count = 0;
    memset(separator, 0, RUN_SEPARATOR_SIZE);
    for (; (step = run_step(text, at)).value == RUN_BLANK; at += step.size, count++)
        if (count < RUN_SEPARATOR_SIZE - 1)
            separator[count] = step.name;
    *fits = count < RUN_SEPARATOR_SIZE;
    return at;
}

/* Letters, pads and wraps from `at` on; where the run and the blanks behind it end. */
static size_t read_run(const struct run_text *text, size_t at, struct measure *measure)
{
    measure->run->begin = at;
    for (;;) {
        struct run_step step = run_step(text, at);
        if (step.value == RUN_BLANK) {
            char separator[RUN_SEPARATOR_SIZE];
            bool fits = true;
            size_t next = read_blanks(text, at, separator, &fits);
            int value = run_step(text, next).value;
            if (value != RUN_PAD && value < 0)
                return next;
            measure->is_uneven |= !fits;
            take_wrap(measure, separator);
            at = next;
            continue;
        }
        if (step.value == RUN_OTHER)
            return at;
        if (step.value == RUN_PAD) {
            measure->pads++;
            measure->column++;
        } else {
            take_letter(measure, &step);
        }
        at += step.size;
        measure->run->end = at;
    }
}

/* Canonical, so that encoding gives it back. */
static bool is_canonical(const struct measure *measure)
{
    static const int spare_bits[] = {0, 3, 15};
    const struct base64_run *run = measure->run;
    if (measure->pads > 2 || (measure->letters + measure->pads) % 4 != 0 || measure->letters == 0)
        return false;
    if (measure->last_value & spare_bits[measure->pads])
        return false;
    bool has_long_end = measure->has_lines && measure->column > run->line;
    bool mixes_slashes = run->escapes_slash && measure->has_plain_slash;
    return !measure->is_uneven && !has_long_end && !mixes_slashes;
}

/* Reads one value; `*at` is behind it then. */
static bool measure_run(const struct run_text *text, size_t *at, int64_t above,
                        struct base64_run *run)
{
    struct measure measure = {.run = run};
    *run = (struct base64_run){0};
    *at = read_run(text, skip_blanks(text, *at), &measure);
    run->decoded = measure.letters * 3 / 4;
    return (int64_t)run->decoded > above && is_canonical(&measure);
}

static bool find_byte(const struct run_text *text, size_t *at, char byte)
{
    const char *found = *at < text->size ? memchr(text->bytes + *at, byte, text->size - *at) : NULL;
    if (!found)
        return false;
    *at = (size_t)(found - text->bytes) + 1;
    return true;
}

static bool find_in_xml(const struct run_text *text, size_t *at, int64_t above,
                        struct base64_run *run)
{
    static const char cdata[] = "<![CDATA[";
    while (find_byte(text, at, '>')) {
        size_t inside = skip_blanks(text, *at);
        bool is_cdata = starts_with(text, inside, cdata);
        if (is_cdata)
            *at = inside + sizeof cdata - 1;
        if (measure_run(text, at, above, run) && starts_with(text, *at, is_cdata ? "]]>" : "<"))
            return true;
    }
    return false;
}

/* Behind the string's end, from anywhere inside it. */
static void leave_string(const struct run_text *text, size_t *at)
{
    while (*at < text->size && text->bytes[*at] != '"')
        *at += text->bytes[*at] == '\\' ? 2 : 1;
    *at = *at < text->size ? *at + 1 : text->size;
}

static bool is_name(const struct run_text *text, size_t at)
{
    while (at < text->size && strchr(" \t\r\n", text->bytes[at]) && text->bytes[at] != '\0')
        at++;
    return at < text->size && text->bytes[at] == ':';
}

static bool find_in_json(const struct run_text *text, size_t *at, int64_t above,
                         struct base64_run *run)
{
    while (find_byte(text, at, '"')) {
        bool is_run = measure_run(text, at, above, run) && starts_with(text, *at, "\"");
        leave_string(text, at);
        if (is_run && !is_name(text, *at))
            return true;
    }
    return false;
}

bool run_find(const struct run_text *text, size_t *at, int64_t above, struct base64_run *run)
{
    return text->syntax == RUN_XML ? find_in_xml(text, at, above, run)
                                   : find_in_json(text, at, above, run);
}
