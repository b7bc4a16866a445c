/* SPDX-License-Identifier: Apache-2.0 */
/* One row for each agency, of any time, that a code of a partner has ever named. */
#include "directory/seats.h"

#include "base/cleanup.h"

struct seat {
    const struct agency *agency;
    const struct partner *partner;
};

struct seats {
    struct seat *seats; /* by agency, then as in partners.yaml */
    size_t count;
};

void seats_free(struct seats *seats)
{
    if (!seats)
        return;
    free(seats->seats);
    free(seats);
}

ENDS_WITH_SCOPE(struct seats *, seats_free)

/* Both are parts of one array, so addresses have an order. */
static int compare(const void *left, const void *right)
{
    const struct seat *one = left, *other = right;
    if (one->agency != other->agency)
        return one->agency < other->agency ? -1 : 1;
    return (one->partner > other->partner) - (one->partner < other->partner);
}

/* With `seats` NULL it only counts. */
static size_t add_code(const struct agencies *agencies, const struct partner *partner,
                       const char *code, struct seat *seats)
{
    size_t count = 0;
    const struct agency *agency = agencies_named(agencies, code, DAY_OPEN_END);
    while (agency) {
        if (seats)
            seats[count] = (struct seat){agency, partner};
        count++;
        agency = agencies_named(agencies, code, agency->valid_from - 1);
    }
    return count;
}

static size_t add_all(const struct agencies *agencies, const struct partners *partners,
                      struct seat *seats)
{
    size_t count = 0;
    for (size_t i = 0; i < partners_count(partners); i++) {
        const struct partner *partner = partners_at(partners, i);
        for (size_t j = 0; j < partner->agency_count; j++)
            count +=
                add_code(agencies, partner, partner->agencies[j], seats ? seats + count : NULL);
    }
    return count;
}

struct seats *seats_new(const struct agencies *agencies, const struct partners *partners,
                        struct fault *why)
{
    size_t count = add_all(agencies, partners, NULL);
    auto_free(seats_free) struct seats *seats = calloc(1, sizeof *seats);
    if (!seats || !(seats->seats = calloc(count + 1, sizeof *seats->seats))) {
        fault_memory(why);
        return NULL;
    }
    seats->count = add_all(agencies, partners, seats->seats);
    qsort(seats->seats, seats->count, sizeof *seats->seats, compare);
    return steal(seats);
}

/* The first row of the agency, or where it would stand. */
static size_t first_of(const struct seats *seats, const struct agency *agency)
{
    size_t low = 0, high = seats->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (seats->seats[middle].agency < agency)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct partner *seats_first(const struct seats *seats, const struct agency *agency,
                                  bool is_delivered_to)
{
    for (size_t i = first_of(seats, agency); i < seats->count && seats->seats[i].agency == agency;
         i++) {
        const struct partner *partner = seats->seats[i].partner;
        if ((partner->deliver.by != DELIVER_NONE) == is_delivered_to)
            return partner;
    }
    return NULL;
}

bool seats_has(const struct seats *seats, const struct partner *partner,
               const struct agency *agency)
{
    for (size_t i = first_of(seats, agency); i < seats->count && seats->seats[i].agency == agency;
         i++)
        if (seats->seats[i].partner == partner)
            return true;
    return false;
}
