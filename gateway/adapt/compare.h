/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_COMPARE_H
#define ADAPT_COMPARE_H

#include "event/shape.h"

#include <jansson.h>
#include <stdio.h>

/**
 * Whether an event, rendered, is what is expected.  A member of a record that is left out there
 * must be at its default here.  Says on `out` where they differ and how, each line after `prefix`.
 */
bool compare_events(const struct shape *shape, const json_t *expected, const json_t *actual,
                    const char *prefix, FILE *out);

#endif
