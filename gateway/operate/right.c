/* SPDX-License-Identifier: Apache-2.0 */
/* The rights that roles are made of. */
#include "operate/right.h"

#include <string.h>

static const char *const names[] = {
    [RIGHT_MISSING] = NULL,    [RIGHT_VIEW] = "view",       [RIGHT_CONTENT] = "content",
    [RIGHT_REPAIR] = "repair", [RIGHT_APPROVE] = "approve", [RIGHT_ADMINISTER] = "administer",
    [RIGHT_SIGNED_IN] = NULL,  [RIGHT_ANYBODY] = NULL,
};
enum { RIGHT_COUNT = sizeof names / sizeof *names };

right_set right_bit(enum right right)
{
    return 1u << right;
}

right_set right_all(void)
{
    right_set all = 0;
    for (unsigned i = 0; i < RIGHT_COUNT; i++)
        if (names[i])
            all |= right_bit((enum right)i);
    return all;
}

bool right_held(right_set held, enum right right)
{
    return right == RIGHT_SIGNED_IN || right == RIGHT_ANYBODY ||
           (right != RIGHT_MISSING && (held & right_bit(right)) != 0);
}

const char *right_name(enum right right)
{
    return (unsigned)right < RIGHT_COUNT ? names[right] : NULL;
}

enum right right_named(const char *name)
{
    for (unsigned i = 0; i < RIGHT_COUNT; i++)
        if (names[i] && strcmp(names[i], name) == 0)
            return (enum right)i;
    return RIGHT_MISSING;
}
