/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_FACETS_H
#define OPERATE_FACETS_H

#include "api/station.h"
#include "spool/find.h"

#include <avro.h>
#include <stdbool.h>

/**
 * What an event can be found by: every agency that it names, its procedure (as it is written and,
 * where that begins with a national code, that code: 1.011442 of 1.011442.000.00.00.H38), its type,
 * its other codes.  Nothing personal.  Gives each of them once; false as soon as `give` is.
 */
bool facets_of(const avro_value_t *event,
               bool (*give)(void *own, enum find_by by, const char *text), void *own);

/** How the spool's index and its searches read them from entries: by the calling thread's station.
 */
struct find_teller facets_teller(struct stations *stations);

#endif
