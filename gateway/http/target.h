/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include <stdbool.h>
#include <stddef.h>

enum target_blank { BLANK_IS_PLUS, BLANK_IS_PERCENT };

/**
 * Percent-decodes a piece of a request target (RFC 3986 2.1); in a query `+` is a blank too.  NULL
 * when an escape is broken or stands for a control byte, and when memory is out.  The caller owns
 * the text.
 */
char *target_decode(const char *text, size_t size, enum target_blank blank)
    __attribute__((warn_unused_result));

/** Whether every escape of a path and its query is one that target_decode takes. */
bool target_is_sound(const char *target);

#endif
