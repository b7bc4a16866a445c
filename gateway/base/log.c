/* SPDX-License-Identifier: Apache-2.0 */
/* One event, one line.  The format is read here, not by printf, since only so can the quotation
 * marks of the format be told from those inside a value. */
#include "base/log.h"

#include "base/clock.h"
#include "base/moment.h"
#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

enum { LINE_LIMIT = 4096 };

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static atomic_int least_urgent = LOG_LEVEL_INFO;

struct line {
    size_t size;
    bool is_quoted; /* between two quotation marks of the format */
    bool is_full;   /* something did not fit: nothing may follow */
    char text[LINE_LIMIT];
};

/* All of it, or nothing: a character is never cut.  The last byte is kept for the line's end. */
static void put(struct line *line, const char *text, size_t size)
{
    if (line->is_full || size > sizeof line->text - 1 - line->size) {
        line->is_full = true;
        return;
    }
    memcpy(line->text + line->size, text, size);
    line->size += size;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* U+0080 to U+009F would be control characters to a terminal. */
static bool is_control(const char *character, size_t length)
{
    unsigned char first = (unsigned char)character[0];
    return (length == 1 && (first < 0x20 || first == 0x7F)) ||
           (length == 2 && first == 0xC2 && (unsigned char)character[1] < 0xA0);
}

static void put_escaped_byte(struct line *line, char byte)
{
    char escape[8];
    int size = snprintf(escape, sizeof escape, "\\x%02x", (unsigned)(unsigned char)byte);
    put(line, escape, (size_t)size);
}

static void put_character(struct line *line, const char *character, size_t length)
{
    if (*character == '"' || *character == '\\')
        put_text(line, *character == '"' ? "\\\"" : "\\\\");
    else if (*character == '\n')
        put_text(line, "\\n");
    else if (is_control(character, length))
        for (size_t i = 0; i < length; i++)
            put_escaped_byte(line, character[i]);
    else
        put(line, character, length);
}

/* A value with a blank or `=` would look like further pairs. */
static bool needs_quotes(const char *value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (value[i] == ' ' || value[i] == '=' || value[i] == '"')
            return true;
    return size == 0;
}

static void put_value(struct line *line, const char *value, size_t size)
{
    bool quote = !line->is_quoted && needs_quotes(value, size);
    if (quote)
        put_text(line, "\"");
    for (size_t at = 0, length; at < size; at += length) {
        length = utf8_length(value + at, size - at);
        if (length > 0) {
            put_character(line, value + at, length);
        } else {
            put_escaped_byte(line, value[at]);
            length = 1;
        }
    }
    if (quote)
        put_text(line, "\"");
}

struct conversion {
    bool has_zeros;
    int width;
    int precision; /* -1 when none is given */
    int longs;     /* 0 int, 1 long, 2 long long */
    bool is_size;
    char kind;
};

static int read_number(const char **format, va_list *values)
{
    if (**format == '*') {
        ++*format;
        return va_arg(*values, int);
    }
    int number = 0;
    while (**format >= '0' && **format <= '9' && number < LINE_LIMIT)
        number = number * 10 + (*(*format)++ - '0');
    return number;
}

static struct conversion read_conversion(const char **format, va_list *values)
{
    struct conversion read = {.precision = -1};
    if (**format == '0') {
        read.has_zeros = true;
        ++*format;
    }
    read.width = read_number(format, values);
    if (**format == '.') {
        ++*format;
        read.precision = read_number(format, values);
    }
    for (; **format == 'l'; ++*format)
        read.longs++;
    if (**format == 'z') {
        read.is_size = true;
        ++*format;
    }
    read.kind = **format;
    if (read.kind != '\0')
        ++*format;
    return read;
}

static intmax_t next_signed(const struct conversion *as, va_list *values)
{
    if (as->is_size)
        return va_arg(*values, ssize_t);
    if (as->longs == 0)
        return va_arg(*values, int);
    return as->longs == 1 ? va_arg(*values, long) : va_arg(*values, long long);
}

static uintmax_t next_unsigned(const struct conversion *as, va_list *values)
{
    if (as->is_size)
        return va_arg(*values, size_t);
    if (as->longs == 0)
        return va_arg(*values, unsigned);
    return as->longs == 1 ? va_arg(*values, unsigned long) : va_arg(*values, unsigned long long);
}

static void put_string(struct line *line, const struct conversion *as, const char *value)
{
    if (!value)
        value = "null";
    put_value(line, value,
              as->precision < 0 ? strlen(value) : strnlen(value, (size_t)as->precision));
}

static void put_number(struct line *line, const struct conversion *as, va_list *values)
{
    char digits[400]; /* the longest double without exponent has 309 digits before its point */
    int width = as->width < 64 ? as->width : 64;
    int precision = as->precision < 0 ? 6 : as->precision < 18 ? as->precision : 18;
    if (as->kind == 'f')
        (void)snprintf(digits, sizeof digits, "%.*f", precision, va_arg(*values, double));
    else if (as->kind == 'x')
        (void)snprintf(digits, sizeof digits, as->has_zeros ? "%0*jx" : "%*jx", width,
                       next_unsigned(as, values));
    else if (as->kind == 'u')
        (void)snprintf(digits, sizeof digits, as->has_zeros ? "%0*ju" : "%*ju", width,
                       next_unsigned(as, values));
    else
        (void)snprintf(digits, sizeof digits, as->has_zeros ? "%0*jd" : "%*jd", width,
                       next_signed(as, values));
    put_text(line, digits);
}

/* False for a conversion that is not known here: what follows it cannot be read either. */
static bool put_conversion(struct line *line, const char **format, va_list *values)
{
    struct conversion as = read_conversion(format, values);
    if (as.kind == 's') {
        put_string(line, &as, va_arg(*values, const char *));
    } else if (as.kind == 'c') {
        char character = (char)va_arg(*values, int);
        put_value(line, &character, 1);
    } else if (as.kind == '%') {
        put_text(line, "%");
    } else if (as.kind != '\0' && strchr("diuxf", as.kind)) {
        put_number(line, &as, values);
    } else {
        assert(!"a conversion that log.h does not list");
        return false;
    }
    return true;
}

static void put_pairs(struct line *line, const char *format, va_list *values)
{
    put_text(line, " ");
    while (*format != '\0') {
        char next = *format++;
        if (next == '%') {
            if (!put_conversion(line, &format, values))
                return;
        } else {
            if (next == '"')
                line->is_quoted = !line->is_quoted;
            put(line, &next, 1);
        }
    }
}

static void put_head(struct line *line, enum log_level level, const char *event)
{
    char now[MOMENT_TEXT_SIZE];
    (void)moment_write(clock_now_ms(), MOMENT_ISO_UTC, now);
    put_text(line, "time=");
    put_text(line, now);
    put_text(line, " level=");
    put_text(line, level_names[level]);
    put_text(line, " event=");
    put_text(line, event);
}

/* There is nobody to tell when the log itself cannot be written. */
static void write_out(struct line *line)
{
    line->text[line->size++] = '\n';
    while (write(STDERR_FILENO, line->text, line->size) < 0 && errno == EINTR)
        continue;
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    if ((int)level > atomic_load_explicit(&least_urgent, memory_order_relaxed))
        return;
    struct line line;
    line.size = 0;
    line.is_quoted = line.is_full = false;
    put_head(&line, level, event);
    if (format) {
        va_list values;
        va_start(values, format);
        put_pairs(&line, format, &values);
        va_end(values);
    }
    write_out(&line);
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&least_urgent, (int)level, memory_order_relaxed);
}

bool log_level_named(const char *name, enum log_level *level)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}
