/* SPDX-License-Identifier: Apache-2.0 */
/* Moments between text and milliseconds, strictly: nothing is guessed and nothing is rounded. */
#include "base/moment.h"

#include <stdbool.h>
#include <string.h>

enum { ZONE_OF_VIETNAM_MS = 7 * 3600 * 1000 };
static const int64_t ms_of_day = INT64_C(86400000);
static const int64_t earliest_ms = INT64_C(-62167219200000); /* 0000-01-01, for zones before 0001 */
static const int64_t latest_ms = INT64_C(253402300799999);   /* the end of 9999 */

/* The parts of a text, as read; zone_ms counts only when has_zone. */
struct parts {
    int year, month, day;
    int hour, minute, second, millisecond;
    bool has_zone;
    int zone_ms;
};

/* What is still to be read. */
struct rest {
    const char *at;
    const char *end;
};

static bool take(struct rest *rest, char expected)
{
    if (rest->at == rest->end || *rest->at != expected)
        return false;
    rest->at++;
    return true;
}

static bool is_digit(const struct rest *rest)
{
    return rest->at < rest->end && *rest->at >= '0' && *rest->at <= '9';
}

static bool take_digits(struct rest *rest, int count, int *number)
{
    int read = 0;
    for (int i = 0; i < count; i++) {
        if (!is_digit(rest))
            return false;
        read = read * 10 + (*rest->at++ - '0');
    }
    *number = read;
    return true;
}

/* 1 to 9 digits; what is finer than a millisecond is dropped. */
static bool take_fraction(struct rest *rest, int *millisecond)
{
    int count = 0, read = 0;
    for (; is_digit(rest) && count < 9; count++, rest->at++)
        if (count < 3)
            read = read * 10 + (*rest->at - '0');
    for (int i = count; i < 3; i++)
        read *= 10;
    *millisecond = read;
    return count > 0 && !is_digit(rest);
}

/* "Z", "+07:00" or "+0700". */
static bool take_zone(struct rest *rest, struct parts *parts)
{
    parts->has_zone = true;
    parts->zone_ms = 0;
    if (take(rest, 'Z'))
        return true;
    bool is_west = take(rest, '-');
    if (!is_west && !take(rest, '+'))
        return false;
    int hours, minutes;
    if (!take_digits(rest, 2, &hours))
        return false;
    (void)take(rest, ':'); /* may be there or not */
    if (!take_digits(rest, 2, &minutes) || minutes > 59 || hours * 60 + minutes > 14 * 60)
        return false;
    parts->zone_ms = (hours * 60 + minutes) * 60000 * (is_west ? -1 : 1);
    return true;
}

static bool take_iso_time(struct rest *rest, struct parts *parts)
{
    if (!take_digits(rest, 2, &parts->hour) || !take(rest, ':') ||
        !take_digits(rest, 2, &parts->minute))
        return false;
    if (take(rest, ':')) {
        if (!take_digits(rest, 2, &parts->second))
            return false;
        if (take(rest, '.') && !take_fraction(rest, &parts->millisecond))
            return false;
    }
    return rest->at == rest->end || take_zone(rest, parts);
}

static bool take_plain_time(struct rest *rest, struct parts *parts)
{
    return take_digits(rest, 2, &parts->hour) && take(rest, ':') &&
           take_digits(rest, 2, &parts->minute) && take(rest, ':') &&
           take_digits(rest, 2, &parts->second);
}

static bool take_dash(struct rest *rest, struct parts *parts)
{
    if (!take_digits(rest, 4, &parts->year) || !take(rest, '-') ||
        !take_digits(rest, 2, &parts->month) || !take(rest, '-') ||
        !take_digits(rest, 2, &parts->day))
        return false;
    return rest->at == rest->end ||
           ((take(rest, 'T') || take(rest, ' ')) && take_iso_time(rest, parts));
}

static bool take_slash(struct rest *rest, struct parts *parts)
{
    if (!take_digits(rest, 4, &parts->year) || !take(rest, '/') ||
        !take_digits(rest, 2, &parts->month) || !take(rest, '/') ||
        !take_digits(rest, 2, &parts->day))
        return false;
    return rest->at == rest->end || (take(rest, ' ') && take_plain_time(rest, parts));
}

static bool take_day_first(struct rest *rest, struct parts *parts)
{
    if (!take_digits(rest, 2, &parts->day) || !take(rest, '/') ||
        !take_digits(rest, 2, &parts->month) || !take(rest, '/') ||
        !take_digits(rest, 4, &parts->year))
        return false;
    return rest->at == rest->end || (take(rest, ' ') && take_plain_time(rest, parts));
}

static bool take_compact(struct rest *rest, struct parts *parts)
{
    if (!take_digits(rest, 4, &parts->year) || !take_digits(rest, 2, &parts->month) ||
        !take_digits(rest, 2, &parts->day))
        return false;
    return rest->at == rest->end ||
           (take_digits(rest, 2, &parts->hour) && take_digits(rest, 2, &parts->minute) &&
            take_digits(rest, 2, &parts->second));
}

/* No two of them can read the same text. */
static bool (*const readers[])(struct rest *rest, struct parts *parts) = {
    take_dash,
    take_slash,
    take_day_first,
    take_compact,
};

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static bool exists(const struct parts *parts)
{
    return parts->year >= 1 && parts->month >= 1 && parts->month <= 12 && parts->day >= 1 &&
           parts->day <= days_in_month(parts->year, parts->month) && parts->hour <= 23 &&
           parts->minute <= 59 && parts->second <= 59;
}

/* Years are counted from March, so that the leap day is a year's last. */
static int64_t days_from_1970(int year, int month, int day)
{
    int64_t years = month > 2 ? year : year - 1;
    int64_t months = month > 2 ? month - 3 : month + 9;
    return 365 * years + years / 4 - years / 100 + years / 400 + (153 * months + 2) / 5 + day -
           719469;
}

static int64_t moment_of(const struct parts *parts)
{
    int64_t seconds = days_from_1970(parts->year, parts->month, parts->day) * 86400 +
                      parts->hour * 3600 + parts->minute * 60 + parts->second;
    return seconds * 1000 + parts->millisecond -
           (parts->has_zone ? parts->zone_ms : ZONE_OF_VIETNAM_MS);
}

bool moment_read(const char *text, size_t size, int64_t *moment, struct fault *why)
{
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        struct rest rest = {.at = text, .end = text + size};
        struct parts parts = {.year = 0};
        if (!readers[i](&rest, &parts) || rest.at != rest.end)
            continue;
        if (!exists(&parts))
            return fault_set(why, FAULT_REFUSE, "there is no such day or time");
        *moment = moment_of(&parts);
        return true;
    }
    return fault_set(why, FAULT_REFUSE, "not a time in any known form");
}

/* The other way, by the same calendar: 400 years have 146,097 days. */
static void set_date(struct parts *parts, int64_t days_since_1970)
{
    int64_t days = days_since_1970 + 719468 + 146097; /* one cycle on: never below 0 */
    int64_t cycle = days / 146097;
    int64_t of_cycle = days % 146097;
    int64_t years = (of_cycle - of_cycle / 1460 + of_cycle / 36524 - of_cycle / 146096) / 365;
    int64_t of_year = of_cycle - (365 * years + years / 4 - years / 100);
    int64_t months = (5 * of_year + 2) / 153;
    parts->day = (int)(of_year - (153 * months + 2) / 5 + 1);
    parts->month = (int)(months < 10 ? months + 3 : months - 9);
    parts->year = (int)((cycle - 1) * 400 + years + (parts->month <= 2 ? 1 : 0));
}

static struct parts parts_of(int64_t moment, int zone_ms)
{
    if (moment < earliest_ms)
        moment = earliest_ms;
    if (moment > latest_ms - zone_ms)
        moment = latest_ms - zone_ms;
    int64_t local = moment + zone_ms;
    int64_t days = local / ms_of_day - (local % ms_of_day < 0 ? 1 : 0);
    int64_t of_day = local - days * ms_of_day;
    struct parts parts = {
        .hour = (int)(of_day / 3600000),
        .minute = (int)(of_day / 60000 % 60),
        .second = (int)(of_day / 1000 % 60),
        .millisecond = (int)(of_day % 1000),
    };
    set_date(&parts, days);
    return parts;
}

/* The letters of a pattern are the parts; anything else stands for itself. */
static int part_of(const struct parts *parts, char letter)
{
    switch (letter) {
    case 'y':
        return parts->year;
    case 'M':
        return parts->month;
    case 'd':
        return parts->day;
    case 'H':
        return parts->hour;
    case 'm':
        return parts->minute;
    case 's':
        return parts->second;
    case 'S':
        return parts->millisecond;
    default:
        return -1;
    }
}

static char *write_digits(char *end, int number, size_t count)
{
    for (size_t i = 1; i <= count; i++) {
        end[count - i] = (char)('0' + number % 10);
        number /= 10;
    }
    return end + count;
}

static size_t write_pattern(const struct parts *parts, const char *pattern, char *text)
{
    char *end = text;
    while (*pattern != '\0') {
        char letter = *pattern;
        size_t count = 1;
        while (pattern[count] == letter)
            count++;
        int number = part_of(parts, letter);
        if (number >= 0)
            end = write_digits(end, number, count);
        else
            end = (char *)memset(end, letter, count) + count;
        pattern += count;
    }
    *end = '\0';
    return (size_t)(end - text);
}

static const struct {
    enum moment_form form;
    int zone_ms;
    const char *name; /* as adapters write it */
    const char *pattern;
} forms[] = {
    {MOMENT_ISO, ZONE_OF_VIETNAM_MS, "iso", "yyyy-MM-ddTHH:mm:ss+07:00"},
    {MOMENT_ISO_UTC, 0, "iso-utc", "yyyy-MM-ddTHH:mm:ss.SSSZ"},
    {MOMENT_COMPACT, ZONE_OF_VIETNAM_MS, "yyyyMMddHHmmss", "yyyyMMddHHmmss"},
    {MOMENT_COMPACT_DATE, ZONE_OF_VIETNAM_MS, "yyyyMMdd", "yyyyMMdd"},
    {MOMENT_SLASH, ZONE_OF_VIETNAM_MS, "yyyy/MM/dd HH:mm:ss", "yyyy/MM/dd HH:mm:ss"},
    {MOMENT_SLASH_DATE, ZONE_OF_VIETNAM_MS, "yyyy/MM/dd", "yyyy/MM/dd"},
    {MOMENT_DASH, ZONE_OF_VIETNAM_MS, "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm:ss"},
    {MOMENT_DASH_DATE, ZONE_OF_VIETNAM_MS, "yyyy-MM-dd", "yyyy-MM-dd"},
    {MOMENT_DAY_FIRST, ZONE_OF_VIETNAM_MS, "dd/MM/yyyy HH:mm:ss", "dd/MM/yyyy HH:mm:ss"},
    {MOMENT_DAY_FIRST_DATE, ZONE_OF_VIETNAM_MS, "dd/MM/yyyy", "dd/MM/yyyy"},
};

size_t moment_write(int64_t moment, enum moment_form form, char text[MOMENT_TEXT_SIZE])
{
    struct parts parts = parts_of(moment, forms[form].zone_ms);
    if (form == MOMENT_ISO && parts.millisecond != 0)
        return write_pattern(&parts, "yyyy-MM-ddTHH:mm:ss.SSS+07:00", text);
    return write_pattern(&parts, forms[form].pattern, text);
}

bool moment_form_named(const char *name, enum moment_form *form)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (strcmp(name, forms[i].name) == 0) {
            *form = forms[i].form;
            return true;
        }
    }
    return false;
}

int32_t moment_day(int64_t moment)
{
    struct parts parts = parts_of(moment, ZONE_OF_VIETNAM_MS);
    return parts.year * 10000 + parts.month * 100 + parts.day;
}

bool moment_day_exists(int32_t day)
{
    struct parts parts = {.year = day / 10000, .month = day / 100 % 100, .day = day % 100};
    return exists(&parts) && parts.year <= 9999;
}
