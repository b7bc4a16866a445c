/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/**
 * How many bytes the character at the start takes; 0 when there is none: bytes that are not UTF-8
 * (RFC 3629: no overlong form, no surrogate, nothing over U+10FFFF), a cut character, or size 0.
 */
size_t utf8_length(const char *bytes, size_t size);

/** How many bytes from the start are whole characters; `size` when all are. */
size_t utf8_valid(const char *bytes, size_t size);

/** The most bytes, at most `limit`, that can be kept of a UTF-8 text without cutting a character.
 */
size_t utf8_cut(const char *text, size_t size, size_t limit);

#endif
