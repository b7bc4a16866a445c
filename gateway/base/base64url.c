/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 for addresses, as keys and JWS have it. */
#include "base/base64url.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t base64url_size(size_t size)
{
    return size / 3 * 4 + (size % 3 ? size % 3 + 1 : 0);
}

void base64url_encode(const uint8_t *bytes, size_t size, char *digits)
{
    for (size_t bit = 0; bit < size * 8; bit += 6) {
        unsigned pair = (unsigned)bytes[bit / 8] << 8;
        if (bit / 8 + 1 < size)
            pair |= bytes[bit / 8 + 1];
        *digits++ = alphabet[pair >> (10 - bit % 8) & 63];
    }
}

bool base64url_decode(const char *digits, size_t count, uint8_t *bytes, size_t room, size_t *size)
{
    unsigned held = 0, bits = 0;
    size_t written = 0;
    for (size_t at = 0; at < count; at++) {
        const char *digit = digits[at] ? strchr(alphabet, digits[at]) : NULL;
        if (!digit)
            return false;
        held = (held << 6 | (unsigned)(digit - alphabet)) & 0xFFFF;
        bits += 6;
        if (bits < 8)
            continue;
        if (written == room)
            return false;
        bits -= 8;
        bytes[written++] = (uint8_t)(held >> bits);
    }
    *size = written;
    return count % 4 != 1 && (held & ((1U << bits) - 1)) == 0;
}
