/* SPDX-License-Identifier: Apache-2.0 */
/* Many copies, one allocation. */
#include "spool/pouch.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

void *pouch_put(struct pouch *pouch, const void *bytes, size_t size)
{
    enum { STEP = alignof(max_align_t) };
    if (!bytes)
        return NULL;
    char *at = pouch->bytes ? pouch->bytes + pouch->used : NULL;
    pouch->used += (size + STEP - 1) / STEP * STEP;
    return at ? memcpy(at, bytes, size) : NULL;
}

char *pouch_text(struct pouch *pouch, const char *text)
{
    return pouch_put(pouch, text, text ? strlen(text) + 1 : 0);
}

bool pouch_open(struct pouch *pouch, struct fault *why)
{
    pouch->bytes = malloc(pouch->used > 0 ? pouch->used : 1);
    pouch->used = 0;
    return pouch->bytes || fault_memory(why);
}
