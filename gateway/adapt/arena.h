/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_ARENA_H
#define ADAPT_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/** A text with its length, so that it is not measured again; not ended by NUL. */
struct word {
    const char *text; /**< NULL: none */
    size_t size;
};

/**
 * Memory that is given back all at once: what one document needs beside its tree.  All zeros is an
 * empty arena.  What is taken is aligned for any type and lives until arena_reset or arena_free.
 * It remembers that memory was out: who makes something whole of many parts may take a part that is
 * NULL for one that is not there, and asks at the end.
 */
struct arena {
    struct arena_block *newest;
    bool is_short;
};

/** `size` bytes, not cleared; NULL when memory is out. */
void *arena_take(struct arena *arena, size_t size);

/** A copy of `size` bytes of text and a NUL; NULL when memory is out. */
char *arena_text(struct arena *arena, const char *text, size_t size);

/** Gives everything back but keeps one block of ordinary size for the next document. */
void arena_reset(struct arena *arena);

void arena_free(struct arena *arena);

#endif
