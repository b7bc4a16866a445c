/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVENT_RENDER_H
#define EVENT_RENDER_H

#include "event/schema.h"

#include <jansson.h>

enum render_mask { RENDER_MASKED, RENDER_FULL };

/**
 * An event as JSON for people: fields in the schema's order, unions without tags, times as ISO 8601
 * in UTC when the field's logical type says so, bytes in hex.  RENDER_MASKED shows what the schema
 * marks as personal only as event/mask.h allows; the keys of a marked map stay, since they name the
 * fields of a form.  The caller owns the result.
 */
json_t *render_event(const struct schema *schema, const avro_value_t *value, enum render_mask mask,
                     struct fault *why) __attribute__((warn_unused_result));

#endif
