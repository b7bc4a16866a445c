/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVENT_FALLBACK_H
#define EVENT_FALLBACK_H

#include "event/shape.h"

/** Whether `json` is a default that a field of this shape can have; a union's is of its first
 * branch. */
bool fallback_fits(const struct shape *shape, json_t *json);

/**
 * Sets `value` to `json`, which fits, or where that is NULL to nothing: null where the shape allows
 * it, else "", 0, empty, an enum's first symbol, and fields of a record to their own defaults.
 * False only when memory is out.
 */
bool fallback_fill(const struct shape *shape, avro_value_t *value, json_t *json)
    __attribute__((warn_unused_result));

#endif
