/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_SUCCESSION_H
#define API_SUCCESSION_H

#include "directory/directory.h"

#include <avro.h>
#include <jansson.h>

/**
 * The agencies of an event that were closed on its day and had a successor: a list of {"field",
 * "code", "answers", "name"}, of which `code` is the event's own and `answers` that of the agency
 * which answers for it.  The caller owns it.  `*list` is NULL when there is none; false when memory
 * is out.
 */
bool succession_of(const struct directory *directory, const avro_value_t *event, json_t **list,
                   struct fault *why) __attribute__((warn_unused_result));

#endif
