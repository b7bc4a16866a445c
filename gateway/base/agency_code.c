/* SPDX-License-Identifier: Apache-2.0 */
/* What an agency's code looks like, in both of its eras. */
#include "base/agency_code.h"

static bool is_letter(char character)
{
    return character >= 'A' && character <= 'Z';
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* A pattern of A (letter), 9 (digit), * (either); anything else stands for itself. */
static bool fits(const char *text, size_t size, const char *pattern)
{
    for (size_t i = 0; i < size; i++) {
        bool good = pattern[i] == text[i];
        if (pattern[i] == 'A' || pattern[i] == '*')
            good = is_letter(text[i]);
        if (pattern[i] == '9' || (pattern[i] == '*' && !good))
            good = is_digit(text[i]);
        if (!good)
            return false;
    }
    return pattern[size] == '\0';
}

/* QĐ 20/2020/QĐ-TTg: a letter and two digits, then up to six groups of 2 to 4. */
static bool is_new_code(const char *code, size_t size)
{
    if (size < 3 || size > AGENCY_CODE_LIMIT || !fits(code, 3, "A99"))
        return false;
    size_t groups = 0, at = 3;
    while (at < size) {
        size_t group = 0;
        if (code[at++] != '.')
            return false;
        while (at < size && (is_letter(code[at]) || is_digit(code[at]))) {
            at++;
            group++;
        }
        if (group < 2 || group > 4 || ++groups > 6)
            return false;
    }
    return true;
}

bool agency_code_is_valid(const char *code, size_t size)
{
    static const char old_pattern[] = "***.99.99.A99"; /* QCVN 102:2016/BTTTT */
    return (size == sizeof old_pattern - 1 && fits(code, size, old_pattern)) ||
           is_new_code(code, size);
}
