/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_BASE64_H
#define ADAPT_BASE64_H

#include "adapt/arena.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * Decodes RFC 4648 base64, blanks and line ends anywhere, padding required, into the arena.  NULL
 * with *size 0 when the text is broken; NULL with *size not 0 when memory is out.
 */
char *base64_decode(const char *text, size_t text_size, struct arena *arena, size_t *size);

/** Encodes in one line, in the arena; NULL when memory is out. */
char *base64_encode(const char *bytes, size_t size, struct arena *arena, size_t *text_size);

#endif
