/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVENT_MASK_H
#define EVENT_MASK_H

#include <stddef.h>

/**
 * A personal text as it may be shown (DOMAIN.md section 6).  `mask` is the schema's mark of that
 * name: "initials" for names (`N.V.M.`), "ends" for identity numbers (`099******001`), "tail" for
 * telephones (`*******678`); NULL or any other for all the rest, of which only the length is told
 * (`[47]`, in characters).  A text too short to hide enough shows nothing but stars.  The caller
 * owns the result; NULL when memory is out.
 */
char *mask_text(const char *mask, const char *text, size_t size)
    __attribute__((warn_unused_result));

#endif
