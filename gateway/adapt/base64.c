/* SPDX-License-Identifier: Apache-2.0 */
/* Attachments as partners write them. */
#include "adapt/base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Whether only padding and blanks are left, and as much padding as `digits` digits need. */
static bool ends_well(const char *text, const char *end, size_t digits)
{
    size_t padding = 0;
    for (; text < end; text++) {
        if (*text == '=')
            padding++;
        else if (!is_blank(*text))
            return false;
    }
    return digits % 4 != 1 && (digits + padding) % 4 == 0 && padding <= 2;
}

char *base64_decode(const char *text, size_t text_size, struct arena *arena, size_t *size)
{
    const char *end = text_size ? text + text_size : text; /* of no text: NULL */
    char *bytes = arena_take(arena, text_size / 4 * 3 + 4);
    *size = 1;
    if (!bytes)
        return NULL;
    uint32_t bits = 0;
    size_t digits = 0, written = 0;
    for (; text < end && *text != '='; text++) {
        int digit = digit_of(*text);
        if (digit < 0 && !is_blank(*text))
            break;
        if (digit < 0)
            continue;
        bits = (bits << 6 | (uint32_t)digit) & 0xFFFFFF;
        if (digits++ % 4)
            bytes[written++] = (char)(bits >> (2 * (3 - (digits - 1) % 4)) & 0xFF);
    }
    if (!ends_well(text, end, digits)) {
        *size = 0;
        return NULL;
    }
    *size = written;
    return bytes;
}

char *base64_encode(const char *bytes, size_t size, struct arena *arena, size_t *text_size)
{
    char *text = arena_take(arena, (size + 2) / 3 * 4 + 1);
    if (!text)
        return NULL;
    char *to = text;
    for (size_t at = 0; at < size; at += 3) {
        uint32_t bits = (uint32_t)(unsigned char)bytes[at] << 16;
        if (at + 1 < size)
            bits |= (uint32_t)(unsigned char)bytes[at + 1] << 8;
        if (at + 2 < size)
            bits |= (unsigned char)bytes[at + 2];
        *to++ = alphabet[bits >> 18];
        *to++ = alphabet[bits >> 12 & 63];
        *to++ = at + 1 < size ? alphabet[bits >> 6 & 63] : '=';
        *to++ = at + 2 < size ? alphabet[bits & 63] : '=';
    }
    *to = '\0';
    *text_size = (size_t)(to - text);
    return text;
}
