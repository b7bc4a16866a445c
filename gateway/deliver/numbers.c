/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing; what follows a removed number is put in anew. */
#include "deliver/numbers.h"

#include <stdlib.h>

enum { FIRST_SIZE = 64 };

static size_t home_of(const struct numbers *numbers, int64_t number)
{
    uint64_t mixed = (uint64_t)number * UINT64_C(0x9E3779B97F4A7C15); /* Fibonacci hashing */
    return (size_t)(mixed >> 32) & (numbers->size - 1);
}

/* The slot of the number, or the empty one where it belongs. */
static size_t find(const struct numbers *numbers, int64_t number)
{
    size_t at = home_of(numbers, number);
    while (numbers->slots[at] != 0 && numbers->slots[at] != number)
        at = (at + 1) & (numbers->size - 1);
    return at;
}

static bool grow(struct numbers *numbers, struct fault *why)
{
    struct numbers larger = {.size = numbers->size ? numbers->size * 2 : FIRST_SIZE,
                             .count = numbers->count};
    larger.slots = calloc(larger.size, sizeof *larger.slots);
    if (!larger.slots)
        return fault_memory(why);
    for (size_t i = 0; i < numbers->size; i++)
        if (numbers->slots[i] != 0)
            larger.slots[find(&larger, numbers->slots[i])] = numbers->slots[i];
    free(numbers->slots);
    *numbers = larger;
    return true;
}

bool numbers_add(struct numbers *numbers, int64_t number, struct fault *why)
{
    if (numbers->count * 2 >= numbers->size && !grow(numbers, why))
        return false;
    size_t at = find(numbers, number);
    if (numbers->slots[at] == 0)
        numbers->count++;
    numbers->slots[at] = number;
    return true;
}

void numbers_remove(struct numbers *numbers, int64_t number)
{
    if (!numbers_has(numbers, number))
        return;
    size_t at = find(numbers, number);
    numbers->slots[at] = 0;
    numbers->count--;
    for (at = (at + 1) & (numbers->size - 1); numbers->slots[at] != 0;
         at = (at + 1) & (numbers->size - 1)) {
        int64_t moved = numbers->slots[at];
        numbers->slots[at] = 0;
        numbers->slots[find(numbers, moved)] = moved;
    }
}

bool numbers_has(const struct numbers *numbers, int64_t number)
{
    return numbers->size > 0 && numbers->slots[find(numbers, number)] != 0;
}

void numbers_free(struct numbers *numbers)
{
    free(numbers->slots);
    *numbers = (struct numbers){.slots = NULL};
}
