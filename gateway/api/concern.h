/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_CONCERN_H
#define API_CONCERN_H

#include "api/caller.h"

#include <avro.h>

/** The fields of an event that name agencies, for member_text. */
enum { CONCERN_FIELDS = 5 };
extern const char *const concern_fields[CONCERN_FIELDS];

/** The day that a completed event speaks of. */
int32_t concern_day(const avro_value_t *event);

/** Whether the event is addressed to the caller: it names one of its agencies in any part. */
bool concern_of(const avro_value_t *event, const struct caller *caller);

#endif
