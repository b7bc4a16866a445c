/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bilingual.h"

#include <string.h>

const char *bilingual_part(const char *text, bool is_english, size_t *size)
{
    size_t first = strcspn(text, BILINGUAL_MARK);
    const char *part = is_english && text[first] ? text + first + 1 : text;
    *size = part == text ? first : strlen(part);
    return part;
}
