/* SPDX-License-Identifier: Apache-2.0 */
/* An allocator for libraries that take one: one allocation fails. */
#ifndef UNIT_SHORT_H
#define UNIT_SHORT_H

#include <errno.h>
#include <libxml/globals.h>
#include <stdlib.h>

static long short_left; /* allocations until the one that fails */

/* LeakSanitizer's, where it is: what libxml2 and xmlsec1 lose then is theirs, and the gateway gives
 * up a validator that libxml2 cannot free. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

static inline void *short_realloc(void *old, size_t size)
{
    if (short_left-- == 0) {
        errno = ENOMEM;
        return NULL;
    }
    if (__lsan_disable)
        __lsan_disable();
    void *block = realloc(old, size);
    if (__lsan_enable)
        __lsan_enable();
    return block;
}

static inline void *short_malloc(size_t size)
{
    return short_realloc(NULL, size);
}

static inline void short_libxml(bool is_short)
{
    xmlMalloc = xmlMallocAtomic = is_short ? short_malloc : malloc;
    xmlRealloc = is_short ? short_realloc : realloc;
}

#endif
