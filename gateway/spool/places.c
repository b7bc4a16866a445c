/* SPDX-License-Identifier: Apache-2.0 */
/* Places of published entries, packed: a row for each would cost more than the entry. */
#include "spool/places.h"

#include <stdlib.h>

enum { LONGEST = 10 }; /* bytes of 64 bits in groups of seven */

static size_t put(uint8_t *at, uint64_t number)
{
    size_t size = 0;
    for (; number >= 0x80; number >>= 7)
        at[size++] = (uint8_t)(number | 0x80);
    at[size++] = (uint8_t)number;
    return size;
}

static bool take(const uint8_t *packed, size_t size, size_t *at, int64_t *number)
{
    uint64_t value = 0;
    for (unsigned shift = 0; *at < size && shift < 64; shift += 7) {
        uint8_t byte = packed[(*at)++];
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) {
            *number = (int64_t)value;
            return true;
        }
    }
    return false;
}

uint8_t *places_pack(const struct spool_place *places, size_t count, size_t *size,
                     struct fault *why)
{
    uint8_t *packed = reallocarray(NULL, count, (size_t)3 * LONGEST);
    if (!packed) {
        (void)fault_memory(why);
        return NULL;
    }
    size_t used = 0;
    int64_t before = 0;
    for (size_t i = 0; i < count; i++) {
        used += put(packed + used, (uint64_t)(places[i].number - before));
        used += put(packed + used, (uint64_t)places[i].partition);
        used += put(packed + used, (uint64_t)places[i].offset);
        before = places[i].number;
    }
    *size = used;
    return packed;
}

bool places_find(const uint8_t *packed, size_t size, int64_t number, struct spool_place *place)
{
    int64_t current = 0;
    int64_t step;
    int64_t partition;
    int64_t offset;
    for (size_t at = 0; at < size;) {
        if (!take(packed, size, &at, &step) || !take(packed, size, &at, &partition) ||
            !take(packed, size, &at, &offset))
            return false;
        current += step;
        if (current == number) {
            *place = (struct spool_place){
                .number = number, .partition = (int32_t)partition, .offset = offset};
            return true;
        }
    }
    return false;
}
