/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVENT_CARRY_H
#define EVENT_CARRY_H

#include "event/schema.h"

/**
 * Copies an event that was read with its writer's schema, `from`, into a value of ours, `to`, as
 * the specification's schema resolution says and avro-c 1.11.1 does not: fields by name, else by an
 * alias of ours; a field that the writer did not know gets our default; a symbol that we do not
 * know becomes the enum's default; int, long, float and double widen; a union is entered and left
 * by the branch that fits.  FAULT_REFUSE names the field that cannot be carried; `value` is then
 * half filled and to be reset.
 */
bool event_carry(const struct schema *from, const avro_value_t *old, const struct schema *to,
                 avro_value_t *value, struct fault *why) __attribute__((warn_unused_result));

#endif
