/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets what is for an agency's code on a day, and how that is told to an official. */
#include "deliver/finding.h"

#include "base/agency_code.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DAY_TEXT_SIZE = 16 };

static enum miss miss_of(const struct directory *directory, const char *code, int32_t day)
{
    const struct agencies *agencies = directory_agencies(directory);
    if (!agency_code_is_valid(code, strlen(code)))
        return MISS_MALFORMED;
    if (agencies_named(agencies, code, day))
        return MISS_CLOSED;
    return agencies_named(agencies, code, DAY_OPEN_END) ? MISS_NOT_YET : MISS_UNKNOWN;
}

struct finding finding_of(const struct directory *directory, const char *code, int32_t day)
{
    struct finding finding = {.code = code, .day = day, .miss = MISS_MISSING};
    if (!code)
        return finding;
    bool has_succeeded;
    struct fault ignored; /* told in both languages by finding_tell_miss */
    const struct agencies *agencies = directory_agencies(directory);
    finding.named = agencies_named(agencies, code, day);
    finding.agency = agencies_resolve(agencies, code, day, &has_succeeded, &ignored);
    if (!finding.agency) {
        finding.miss = miss_of(directory, code, day);
        return finding;
    }
    finding.partner = directory_partner_for(directory, finding.agency, day, &finding.seat);
    finding.miss = finding.partner ? MISS_NONE : MISS_NOBODY;
    return finding;
}

/* --- texts --- */

void finding_format(char text[ROUTE_TEXT_SIZE], const char *format, ...)
{
    va_list values;
    va_start(values, format);
    (void)vsnprintf(text, ROUTE_TEXT_SIZE, format, values); /* cut as it may be */
    va_end(values);
    text[utf8_valid(text, strlen(text))] = '\0';
}

static void write_day(int32_t day, const char *order, char text[DAY_TEXT_SIZE])
{
    int year = (int)(day / 10000), month = (int)(day / 100 % 100), date = (int)(day % 100);
    if (*order == 'd')
        (void)snprintf(text, DAY_TEXT_SIZE, "%02d/%02d/%04d", date, month, year);
    else
        (void)snprintf(text, DAY_TEXT_SIZE, "%04d-%02d-%02d", year, month, date);
}

static bool has_other_seat(const struct finding *finding)
{
    return finding->seat && finding->partner && finding->seat != finding->agency;
}

static void tell_successor(const struct finding *finding, const struct finding_role *role,
                           const struct finding_text *text)
{
    char closed[DAY_TEXT_SIZE], day[DAY_TEXT_SIZE];
    bool is_by_other = has_other_seat(finding);
    const struct agency *agency = finding->agency;
    write_day(finding->named->valid_to, "y", closed);
    write_day(finding->day, "y", day);
    finding_format(text->english, "%s %s, closed after %s; on %s its successor %s (%s) answers%s%s",
                   role->english, finding->code, closed, day, agency->code, agency->name,
                   is_by_other ? ", by the system of " : "",
                   is_by_other ? finding->seat->code : "");
    write_day(finding->named->valid_to, "d", closed);
    write_day(finding->day, "d", day);
    finding_format(
        text->vietnamese, "%s %s, đã kết thúc sau ngày %s; ngày %s đơn vị kế thừa là %s (%s)%s%s",
        role->vietnamese, finding->code, closed, day, agency->code, agency->name,
        is_by_other ? ", nhận qua hệ thống của " : "", is_by_other ? finding->seat->code : "");
}

void finding_tell(const struct finding *finding, const struct finding_role *role,
                  const struct finding_text *text)
{
    if (finding->agency != finding->named) {
        tell_successor(finding, role, text);
        return;
    }
    char day[DAY_TEXT_SIZE];
    bool is_by_other = has_other_seat(finding);
    write_day(finding->day, "y", day);
    finding_format(text->english, "%s %s (%s) on %s%s%s", role->english, finding->code,
                   finding->agency->name, day, is_by_other ? ", by the system of " : "",
                   is_by_other ? finding->seat->code : "");
    write_day(finding->day, "d", day);
    finding_format(text->vietnamese, "%s %s (%s) ngày %s%s%s", role->vietnamese, finding->code,
                   finding->agency->name, day, is_by_other ? ", nhận qua hệ thống của " : "",
                   is_by_other ? finding->seat->code : "");
}

/* --- nobody --- */

const char *finding_cause(enum miss miss, bool is_return)
{
    static const char *const causes[][2] = {
        [MISS_NONE] = {"route", "route"},
        [MISS_MISSING] = {"route /handoff/to_agency missing", "route /handoff/from_agency missing"},
        [MISS_MALFORMED] = {"route /handoff/to_agency malformed",
                            "route /handoff/from_agency malformed"},
        [MISS_UNKNOWN] = {"route /handoff/to_agency unknown", "route /handoff/from_agency unknown"},
        [MISS_NOT_YET] = {"route /handoff/to_agency not-yet-valid",
                          "route /handoff/from_agency not-yet-valid"},
        [MISS_CLOSED] = {"route /handoff/to_agency closed", "route /handoff/from_agency closed"},
        [MISS_NOBODY] = {"route /handoff/to_agency nobody", "route /handoff/from_agency nobody"},
    };
    return causes[miss][is_return];
}

/* "H29 (NAME)", and whose successor it is. */
static void write_who(const struct finding *finding, const char *successor,
                      char who[ROUTE_TEXT_SIZE])
{
    const struct agency *agency = finding->agency ? finding->agency : finding->named;
    bool has_succeeded = finding->agency && finding->agency != finding->named;
    if (!agency)
        finding_format(who, "%s", finding->code ? finding->code : "");
    else if (has_succeeded)
        finding_format(who, "%s (%s), %s %s,", agency->code, agency->name, successor,
                       finding->code);
    else
        finding_format(who, "%s (%s)", finding->code, agency->name);
}

static void tell_english(const struct finding *finding, char text[ROUTE_TEXT_SIZE])
{
    char who[ROUTE_TEXT_SIZE], day[DAY_TEXT_SIZE];
    write_who(finding, "successor of", who);
    write_day(finding->day, "y", day);
    switch (finding->miss) {
    case MISS_MISSING:
        finding_format(text, "it names no agency that should get it: ask the sender");
        break;
    case MISS_MALFORMED:
        finding_format(text, "the agency's code has not the form of one: ask the sender");
        break;
    case MISS_UNKNOWN:
        finding_format(text,
                       "%s is no agency of our directory: check the code with the sender, "
                       "or enter it in agencies.csv",
                       who);
        break;
    case MISS_NOT_YET:
        finding_format(text, "%s did not exist yet on %s: check code and date with the sender", who,
                       day);
        break;
    case MISS_CLOSED:
        finding_format(text,
                       "%s was closed by %s and no successor is known: enter it in "
                       "agencies.csv",
                       who, day);
        break;
    case MISS_NOBODY:
        finding_format(text, "no system speaks for %s on %s: enter its system in partners.yaml",
                       who, day);
        break;
    case MISS_NONE:
    default:
        text[0] = '\0';
    }
}

static void tell_vietnamese(const struct finding *finding, char text[ROUTE_TEXT_SIZE])
{
    char who[ROUTE_TEXT_SIZE], day[DAY_TEXT_SIZE];
    write_who(finding, "đơn vị kế thừa", who);
    write_day(finding->day, "d", day);
    switch (finding->miss) {
    case MISS_MISSING:
        finding_format(text, "không ghi mã cơ quan nhận: đề nghị hỏi lại bên gửi");
        break;
    case MISS_MALFORMED:
        finding_format(text, "mã cơ quan nhận không đúng định dạng: đề nghị hỏi lại bên gửi");
        break;
    case MISS_UNKNOWN:
        finding_format(text,
                       "%s không có trong danh mục cơ quan: đề nghị hỏi lại bên gửi, hoặc bổ "
                       "sung vào agencies.csv",
                       who);
        break;
    case MISS_NOT_YET:
        finding_format(text,
                       "%s chưa được thành lập vào ngày %s: đề nghị hỏi lại bên gửi về mã và "
                       "ngày",
                       who, day);
        break;
    case MISS_CLOSED:
        finding_format(text,
                       "%s đã kết thúc hoạt động trước ngày %s, chưa rõ đơn vị kế thừa: đề "
                       "nghị bổ sung vào agencies.csv",
                       who, day);
        break;
    case MISS_NOBODY:
        finding_format(text,
                       "chưa có hệ thống nào nhận cho %s ngày %s: đề nghị khai báo trong "
                       "partners.yaml",
                       who, day);
        break;
    case MISS_NONE:
    default:
        text[0] = '\0';
    }
}

void finding_tell_miss(const struct finding *finding, const struct finding_text *text)
{
    tell_english(finding, text->english);
    tell_vietnamese(finding, text->vietnamese);
}
