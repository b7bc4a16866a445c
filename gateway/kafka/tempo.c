/* SPDX-License-Identifier: Apache-2.0 */
/* In proportion: twice the records, twice the wait, so that a growing load soon waits the whole. */
#include "kafka/tempo.h"

enum {
    LEAST_PART = 4, /* of the pace: its share that few records wait */
    MANY_PART = 10  /* of the most: from so many records on, the whole pace */
};

int64_t tempo_gap_ms(const struct tempo *tempo, int64_t count)
{
    int64_t many = tempo->most / MANY_PART + 1;
    int64_t least = tempo->pace_ms / LEAST_PART;
    if (count >= many)
        return tempo->pace_ms;
    int64_t gap = tempo->pace_ms * count / many;
    return gap > least ? gap : least;
}
