/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BILINGUAL_H
#define BASE_BILINGUAL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A sentence that is stored where it is made and read by whoever comes: in Vietnamese, the mark,
 * and in English.  A text without the mark is in one language, and is the same for everybody.
 */
#define BILINGUAL_MARK "\x1e"

/** The part of `text` that is in the language, which is `*size` bytes long; the English one ends
 * with the text. */
const char *bilingual_part(const char *text, bool is_english, size_t *size);

#endif
