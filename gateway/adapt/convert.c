/* SPDX-License-Identifier: Apache-2.0 */
/* The table of conversions between a document's text and an event's value. */
#include "adapt/convert.h"

#include "adapt/base64.h"
#include "base/agency_code.h"
#include "base/digest.h"
#include "base/moment.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <strings.h>

enum { NUMBER_TEXT_SIZE = 24 };

/* ---- agencies and dossier codes ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static size_t digits_at(const char *text, size_t size)
{
    size_t count = 0;
    while (count < size && is_digit(text[count]))
        count++;
    return count;
}

/* Whether yymmdd or yyyymmdd is a day. */
static bool is_day(const char *digits, size_t size)
{
    char text[8] = "20";
    if (size != 6 && size != 8)
        return false;
    memcpy(text + 8 - size, digits, size);
    int64_t moment = 0;
    struct fault unused;
    return moment_read(text, sizeof text, &moment, &unused);
}

/* Length of "-250512-0037" at the start of `text`, 0 when it does not stand there. */
static size_t day_and_serial(const char *text, size_t size)
{
    if (size < 1 || text[0] != '-')
        return 0;
    size_t day = digits_at(text + 1, size - 1);
    if (!is_day(text + 1, day) || 1 + day >= size || text[1 + day] != '-')
        return 0;
    size_t serial = digits_at(text + 2 + day, size - 2 - day);
    return serial >= 4 && serial <= 7 ? 2 + day + serial : 0;
}

static bool is_dossier_code(const char *text, size_t size)
{
    const char *dash = memchr(text, '-', size);
    if (!dash)
        return false;
    size_t agency = (size_t)(dash - text);
    return agency_code_is_valid(text, agency) &&
           day_and_serial(dash, size - agency) == size - agency;
}

/* The first dossier code within a text: an agency before, a day and a serial after a dash. */
static bool find_dossier_code(const char *text, size_t size, struct value *value)
{
    for (size_t at = 0; at < size; at++) {
        size_t after = day_and_serial(text + at, size - at);
        size_t start = at;
        while (after && start > 0 &&
               (is_digit(text[start - 1]) || is_capital(text[start - 1]) || text[start - 1] == '.'))
            start--;
        if (after && agency_code_is_valid(text + start, at - start)) {
            value->text = text + start;
            value->size = at - start + after;
            return true;
        }
    }
    return false;
}

/* ---- reading ---- */

static enum convert_result bad(enum rule *rule, enum rule which)
{
    *rule = which;
    return CONVERT_BAD;
}

static enum convert_result say_text(struct value *value, const char *text, size_t size)
{
    value->text = text;
    value->size = size;
    return CONVERT_VALUE;
}

static enum convert_result read_text(const char *text, size_t size, struct arena *arena,
                                     struct value *value, enum rule *rule)
{
    (void)arena;
    for (size_t at = 0; at < size; at++)
        if (text[at] == 0x7F || utf8_outside_xml(text + at, size - at))
            return bad(rule, RULE_TEXT);
    return say_text(value, text, size);
}

static enum convert_result read_time(const char *text, size_t size, struct arena *arena,
                                     struct value *value, enum rule *rule)
{
    enum { NO_DAY = 10101 }; /* 0001-01-01, which some systems write for none */
    (void)arena;
    struct fault unused;
    if (!moment_read(text, size, &value->number, &unused))
        return bad(rule, RULE_TIME);
    return moment_day(value->number) == NO_DAY ? CONVERT_ABSENT : CONVERT_VALUE;
}

/* Some writers of JSON say 80000 as 80000.0; 80.000 may mean as many thousands. */
static size_t without_zero_fraction(const char *text, size_t size)
{
    return size > 2 && memcmp(text + size - 2, ".0", 2) == 0 ? size - 2 : size;
}

static enum convert_result read_integer(const char *text, size_t size, struct arena *arena,
                                        struct value *value, enum rule *rule)
{
    (void)arena;
    size = without_zero_fraction(text, size);
    bool is_negative = size > 0 && text[0] == '-';
    int64_t number = 0;
    if (size == (size_t)is_negative)
        return bad(rule, RULE_NUMBER);
    for (size_t at = is_negative; at < size; at++)
        if (!is_digit(text[at]) || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_sub_overflow(number, text[at] - '0', &number))
            return bad(rule, RULE_NUMBER);
    if (!is_negative && __builtin_sub_overflow(0, number, &number))
        return bad(rule, RULE_NUMBER);
    value->number = number;
    return CONVERT_VALUE;
}

static enum convert_result read_status(const char *text, size_t size, struct arena *arena,
                                       struct value *value, enum rule *rule)
{
    if (read_integer(text, size, arena, value, rule) != CONVERT_VALUE || value->number < 1 ||
        value->number > 10)
        return bad(rule, RULE_CODE);
    return CONVERT_VALUE;
}

/* The words for yes and no, and the forms in which they are written. */
static const struct {
    const char *form, *yes, *no;
} truths[] = {
    {"true/false", "true", "false"}, {"True/False", "True", "False"},
    {"TRUE/FALSE", "TRUE", "FALSE"}, {"1/0", "1", "0"},
    {"yes/no", "yes", "no"},         {"Y/N", "Y", "N"},
};
enum { TRUTH_COUNT = sizeof truths / sizeof truths[0] };

static bool is_word(const char *text, size_t size, const char *word)
{
    return strlen(word) == size && strncasecmp(text, word, size) == 0;
}

static enum convert_result read_truth(const char *text, size_t size, struct arena *arena,
                                      struct value *value, enum rule *rule)
{
    (void)arena;
    for (size_t at = 0; at < TRUTH_COUNT; at++) {
        value->is_true = is_word(text, size, truths[at].yes);
        if (value->is_true || is_word(text, size, truths[at].no))
            return CONVERT_VALUE;
    }
    return bad(rule, RULE_TRUTH);
}

static enum convert_result read_flag(const char *text, size_t size, struct arena *arena,
                                     struct value *value, enum rule *rule)
{
    enum convert_result result = read_truth(text, size, arena, value, rule);
    return result == CONVERT_VALUE ? say_text(value, value->is_true ? "1" : "0", 1) : result;
}

static enum convert_result read_dossier_code(const char *text, size_t size, struct arena *arena,
                                             struct value *value, enum rule *rule)
{
    if (agency_code_is_valid(text, size))
        return bad(rule, RULE_TEXT);
    if (!is_dossier_code(text, size))
        value->tag = "code-nonstandard";
    return read_text(text, size, arena, value, rule);
}

static enum convert_result read_code_in_text(const char *text, size_t size, struct arena *arena,
                                             struct value *value, enum rule *rule)
{
    (void)arena, (void)rule;
    return find_dossier_code(text, size, value) ? CONVERT_VALUE : CONVERT_ABSENT;
}

static enum convert_result read_agency(const char *text, size_t size, struct arena *arena,
                                       struct value *value, enum rule *rule)
{
    (void)arena;
    return agency_code_is_valid(text, size) ? say_text(value, text, size) : bad(rule, RULE_AGENCY);
}

static enum convert_result read_agency_of_dossier(const char *text, size_t size,
                                                  struct arena *arena, struct value *value,
                                                  enum rule *rule)
{
    (void)arena, (void)rule;
    if (!find_dossier_code(text, size, value))
        return CONVERT_ABSENT;
    const char *dash = memchr(value->text, '-', value->size);
    value->size = (size_t)(dash - value->text);
    return CONVERT_VALUE;
}

static bool is_plausible_citizen(const char *digits)
{
    int province = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
    return province >= 1 && province <= 96 && digits[3] <= '3';
}

/* DOMAIN.md section 6: 12 digits of a citizen, 9 of an old card, 10 or 10-3 of a taxpayer. */
static bool is_plausible_identity(const char *text, size_t size)
{
    size_t digits = digits_at(text, size);
    if (size == 14 && digits == 10)
        return text[10] == '-' && digits_at(text + 11, 3) == 3;
    if (digits != size)
        return false;
    if (size == 12)
        return is_plausible_citizen(text);
    return size == 10 || size == 13 || (size == 9 && strncmp(text, "000000", 6) != 0);
}

static enum convert_result read_identity(const char *text, size_t size, struct arena *arena,
                                         struct value *value, enum rule *rule)
{
    if (!is_plausible_identity(text, size))
        value->tag = "identity-implausible";
    return read_text(text, size, arena, value, rule);
}

/* The old cards of nine digits ended with the year 2024. */
static enum convert_result read_identity_new(const char *text, size_t size, struct arena *arena,
                                             struct value *value, enum rule *rule)
{
    if (size == 9)
        value->tag = "identity-implausible";
    return read_identity(text, size, arena, value, rule);
}

static enum convert_result read_sha256(const char *text, size_t size, struct arena *arena,
                                       struct value *value, enum rule *rule)
{
    if (size != SHA256_HEX_SIZE - 1)
        return bad(rule, RULE_HASH);
    char *lower = arena_text(arena, text, size);
    for (size_t at = 0; lower && at < size; at++) {
        if (lower[at] >= 'A' && lower[at] <= 'F')
            lower[at] = (char)(lower[at] - 'A' + 'a');
        if (!is_digit(lower[at]) && (lower[at] < 'a' || lower[at] > 'f'))
            return bad(rule, RULE_HASH);
    }
    return lower ? say_text(value, lower, size) : CONVERT_ABSENT;
}

static enum convert_result read_cid(const char *text, size_t size, struct arena *arena,
                                    struct value *value, enum rule *rule)
{
    size_t skip = size > 4 && memcmp(text, "cid:", 4) == 0 ? 4 : 0;
    return read_text(text + skip, size - skip, arena, value, rule);
}

static enum convert_result read_base64_size(const char *text, size_t size, struct arena *arena,
                                            struct value *value, enum rule *rule)
{
    size_t decoded = 0;
    if (!base64_decode(text, size, arena, &decoded))
        return bad(rule, RULE_BASE64);
    value->number = (int64_t)decoded;
    return CONVERT_VALUE;
}

static enum convert_result read_base64_sha256(const char *text, size_t size, struct arena *arena,
                                              struct value *value, enum rule *rule)
{
    size_t decoded = 0;
    const char *bytes = base64_decode(text, size, arena, &decoded);
    char *hex = arena_take(arena, SHA256_HEX_SIZE);
    if (!bytes || !hex)
        return bad(rule, RULE_BASE64);
    uint8_t digest[SHA256_SIZE];
    digest_sha256(bytes, decoded, digest);
    digest_hex(digest, sizeof digest, hex);
    return say_text(value, hex, SHA256_HEX_SIZE - 1);
}

/* ---- writing ---- */

static bool write_text(int option, const struct value *value, struct arena *arena,
                       const char **text, size_t *size)
{
    (void)option, (void)arena;
    *text = value->text;
    *size = value->size;
    return true;
}

static bool write_cid(int option, const struct value *value, struct arena *arena, const char **text,
                      size_t *size)
{
    static const char prefix[] = "cid:";
    if (!option)
        return write_text(option, value, arena, text, size);
    char *with_prefix = arena_take(arena, value->size + sizeof prefix);
    if (!with_prefix)
        return false;
    memcpy(with_prefix, prefix, sizeof prefix - 1);
    memcpy(with_prefix + sizeof prefix - 1, value->text, value->size);
    *text = with_prefix;
    *size = value->size + sizeof prefix - 1;
    return true;
}

static bool write_time(int option, const struct value *value, struct arena *arena,
                       const char **text, size_t *size)
{
    char *written = arena_take(arena, MOMENT_TEXT_SIZE);
    if (!written)
        return false;
    *size = moment_write(value->number, (enum moment_form)option, written);
    *text = written;
    return true;
}

static bool write_integer(int option, const struct value *value, struct arena *arena,
                          const char **text, size_t *size)
{
    (void)option;
    char *written = arena_take(arena, NUMBER_TEXT_SIZE);
    if (!written)
        return false;
    *size = (size_t)snprintf(written, NUMBER_TEXT_SIZE, "%" PRId64, value->number);
    *text = written;
    return true;
}

static bool write_status(int option, const struct value *value, struct arena *arena,
                         const char **text, size_t *size)
{
    return value->number != 0 && write_integer(option, value, arena, text, size);
}

static bool write_truth(int option, const struct value *value, struct arena *arena,
                        const char **text, size_t *size)
{
    (void)arena;
    *text = value->is_true ? truths[option].yes : truths[option].no;
    *size = strlen(*text);
    return true;
}

static bool write_flag(int option, const struct value *value, struct arena *arena,
                       const char **text, size_t *size)
{
    struct value truth = {.kind = VALUE_TRUTH};
    enum rule unused;
    return read_truth(value->text, value->size, arena, &truth, &unused) == CONVERT_VALUE &&
           write_truth(option, &truth, arena, text, size);
}

/* ---- forms ---- */

static bool no_form(const char *form, int *option)
{
    *option = 0;
    return !form;
}

static bool time_form(const char *form, int *option)
{
    enum moment_form named = MOMENT_ISO;
    if (form && !moment_form_named(form, &named))
        return false;
    *option = (int)named;
    return true;
}

static bool truth_form(const char *form, int *option)
{
    for (*option = 0; form && *option < TRUTH_COUNT; ++*option)
        if (strcmp(form, truths[*option].form) == 0)
            return true;
    return !form;
}

static bool cid_form(const char *form, int *option)
{
    *option = form != NULL;
    return !form || strcmp(form, "cid:") == 0;
}

static const struct conversion conversions[] = {
    {"text", VALUE_TEXT, FILE_NO, false, no_form, read_text, write_text},
    {"time", VALUE_NUMBER, FILE_NO, false, time_form, read_time, write_time},
    {"integer", VALUE_NUMBER, FILE_NO, false, no_form, read_integer, write_integer},
    {"boolean", VALUE_TRUTH, FILE_NO, false, truth_form, read_truth, write_truth},
    {"flag", VALUE_TEXT, FILE_NO, false, truth_form, read_flag, write_flag},
    {"status", VALUE_NUMBER, FILE_NO, false, no_form, read_status, write_status},
    {"dossier-code", VALUE_TEXT, FILE_NO, false, no_form, read_dossier_code, write_text},
    {"dossier-code-in-text", VALUE_TEXT, FILE_NO, true, no_form, read_code_in_text, NULL},
    {"agency", VALUE_TEXT, FILE_NO, false, no_form, read_agency, write_text},
    {"agency-of-dossier", VALUE_TEXT, FILE_NO, true, no_form, read_agency_of_dossier, NULL},
    {"identity", VALUE_TEXT, FILE_NO, false, no_form, read_identity, write_text},
    {"identity-new", VALUE_TEXT, FILE_NO, false, no_form, read_identity_new, write_text},
    {"sha256", VALUE_TEXT, FILE_NO, false, no_form, read_sha256, write_text},
    {"cid", VALUE_TEXT, FILE_NO, false, cid_form, read_cid, write_cid},
    {"base64-size", VALUE_NUMBER, FILE_BYTES, false, no_form, read_base64_size, NULL},
    {"base64-sha256", VALUE_TEXT, FILE_BYTES, false, no_form, read_base64_sha256, NULL},
    {"file", VALUE_TEXT, FILE_BYTES, false, no_form, read_base64_sha256, write_text},
    {"file-url", VALUE_TEXT, FILE_ADDRESS, false, no_form, read_text, write_text},
};

const struct conversion *conversion_find(const char *name)
{
    for (size_t at = 0; at < sizeof conversions / sizeof conversions[0]; at++)
        if (strcmp(conversions[at].name, name) == 0)
            return &conversions[at];
    return NULL;
}
