/* SPDX-License-Identifier: Apache-2.0 */
/* Failure as a value: what to do next, and one line saying why. */
#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A text cut in the middle of a character would no longer be UTF-8. */
static void end_on_whole_character(char *text, size_t size)
{
    size_t end = size - 1;
    while (end > 0 && ((unsigned char)text[end - 1] & 0xC0) == 0x80)
        end--;
    if (end > 0 && (unsigned char)text[end - 1] >= 0xC0)
        end--;
    text[end] = '\0';
}

static void format_text(char *text, size_t size, const char *format, va_list values)
{
    int needed = vsnprintf(text, size, format, values);
    if (needed < 0)
        text[0] = '\0';
    else if ((size_t)needed >= size)
        end_on_whole_character(text, size);
}

bool fault_set(struct fault *why, enum fault_kind kind, const char *format, ...)
{
    why->kind = kind;
    why->is_damage = false;
    va_list values;
    va_start(values, format);
    format_text(why->text, sizeof why->text, format, values);
    va_end(values);
    return false;
}

bool fault_memory(struct fault *why)
{
    return fault_set(why, FAULT_BROKEN, "out of memory");
}

bool fault_prefix(struct fault *why, const char *format, ...)
{
    struct fault inner = *why;
    char prefix[sizeof inner.text];
    va_list values;
    va_start(values, format);
    format_text(prefix, sizeof prefix, format, values);
    va_end(values);
    (void)fault_set(why, inner.kind, "%s: %s", prefix, inner.text);
    why->is_damage = inner.is_damage;
    return false;
}
