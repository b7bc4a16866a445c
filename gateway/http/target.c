/* SPDX-License-Identifier: Apache-2.0 */
/* Percent-decoding, piece by piece: a path is split before it is decoded, so that an escaped slash
 * never makes a segment. */
#include "http/target.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    int lower = tolower((unsigned char)digit);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The byte that an escape stands for; -1 when it is none, or a control byte. */
static int escaped_byte(const char *text, size_t left)
{
    if (left < 3 || hex_value(text[1]) < 0 || hex_value(text[2]) < 0)
        return -1;
    int byte = hex_value(text[1]) * 16 + hex_value(text[2]);
    return byte < ' ' || byte == 0x7f ? -1 : byte;
}

/* Decodes into `decoded`, or only checks when that is NULL. */
static bool decode(const char *text, size_t size, enum target_blank blank, char *decoded)
{
    for (size_t at = 0; at < size; at++) {
        int byte = (unsigned char)text[at];
        if (byte == '%') {
            byte = escaped_byte(text + at, size - at);
            if (byte < 0)
                return false;
            at += 2;
        } else if (byte == '+' && blank == BLANK_IS_PLUS) {
            byte = ' ';
        }
        if (decoded)
            *decoded++ = (char)byte;
    }
    if (decoded)
        *decoded = '\0';
    return true;
}

char *target_decode(const char *text, size_t size, enum target_blank blank)
{
    char *decoded = malloc(size + 1);
    if (decoded && !decode(text, size, blank, decoded)) {
        free(decoded);
        return NULL;
    }
    return decoded;
}

bool target_is_sound(const char *target)
{
    return decode(target, strlen(target), BLANK_IS_PERCENT, NULL);
}
