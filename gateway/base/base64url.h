/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BASE64URL_H
#define BASE_BASE64URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How many digits stand for `size` bytes. */
size_t base64url_size(size_t size);

/** Base64 for addresses (RFC 4648, section 5) without padding, into base64url_size(size) digits; no
 * NUL.  Of pieces of 3 bytes each the digits can be joined. */
void base64url_encode(const uint8_t *bytes, size_t size, char *digits);

/** The other way, into at most `room` bytes: nothing but digits, and each text in one way alone, so
 * that bits which stand for nothing are 0.  False when it is not so. */
bool base64url_decode(const char *digits, size_t count, uint8_t *bytes, size_t room, size_t *size);

#endif
