/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks in a chain; the newest gives, a text too large for it gets a block of its own. */
#include "adapt/arena.h"

#include <stdalign.h>
#include <stdint.h>

enum { BLOCK_SIZE = 64 * 1024 };

struct arena_block {
    struct arena_block *older;
    size_t size;
    size_t used;
    alignas(max_align_t) char bytes[];
};

static struct arena_block *block_add(struct arena *arena, size_t size)
{
    size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    if (room > PTRDIFF_MAX - sizeof(struct arena_block))
        return NULL;
    struct arena_block *block = malloc(sizeof *block + room);
    if (!block)
        return NULL;
    block->older = arena->newest;
    block->size = room;
    block->used = 0;
    arena->newest = block;
    return block;
}

void *arena_take(struct arena *arena, size_t size)
{
    size_t whole = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    struct arena_block *block = arena->newest;
    if (size <= PTRDIFF_MAX && (!block || block->size - block->used < whole))
        block = block_add(arena, whole);
    if (size > PTRDIFF_MAX || !block) {
        arena->is_short = true;
        return NULL;
    }
    void *taken = block->bytes + block->used;
    block->used += whole;
    return taken;
}

char *arena_text(struct arena *arena, const char *text, size_t size)
{
    char *copy = arena_take(arena, size + 1);
    if (!copy)
        return NULL;
    if (size)
        memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

void arena_reset(struct arena *arena)
{
    struct arena_block *kept = NULL;
    arena->is_short = false;
    while (arena->newest) {
        struct arena_block *block = arena->newest;
        arena->newest = block->older;
        if (!kept && block->size == BLOCK_SIZE)
            kept = block;
        else
            free(block);
    }
    if (!kept)
        return;
    kept->older = NULL;
    kept->used = 0;
    arena->newest = kept;
}

void arena_free(struct arena *arena)
{
    arena_reset(arena);
    free(arena->newest);
    arena->newest = NULL;
}
