/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Handles that end with their scope:
 *
 *     auto_free(xmlFreeDoc) xmlDocPtr doc = xmlReadMemory(...);
 *
 * Initialise at the declaration; hand one out of its scope with steal().  A module that uses a
 * foreign handle declares its ending once, with ENDS_WITH_SCOPE, at the top of the file or in the
 * header of a type of its own; base knows of no library but libc.
 */
#define auto_free(release) __attribute__((cleanup(scope_end_##release)))
#define steal(handle)                                                                              \
    __extension__({                                                                                \
        __typeof__(handle) stolen_ = (handle);                                                     \
        (handle) = NULL;                                                                           \
        stolen_;                                                                                   \
    })

#define ENDS_WITH_SCOPE(type, release)                                                             \
    static inline void scope_end_##release(type *at)                                               \
    {                                                                                              \
        if (*at)                                                                                   \
            (void)release(*at); /* nothing can be done about a failure to let go */                \
    }

/* Heap of any type, so the local may be char *, struct foo *, ... */
static inline void scope_end_free(void *at)
{
    void *heap;
    memcpy(&heap, at, sizeof heap);
    free(heap);
}

ENDS_WITH_SCOPE(FILE *, fclose)

#endif
