/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_MEMBER_H
#define API_MEMBER_H

#include <avro.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Fields of an event by name, as "handoff.from_agency", through unions.  Reading never changes the
 * event.  A name that the schema does not have is absent, so that events of older schemas can be
 * read.
 */

/** The text; NULL when absent, null or empty.  Borrowed from the event. */
const char *member_text(const avro_value_t *event, const char *path);

/** The number of a long or int field; false when absent or null. */
bool member_number(const avro_value_t *event, const char *path, int64_t *number);

/** The symbol of an enum field, borrowed from its schema; NULL when absent. */
const char *member_symbol(const avro_value_t *event, const char *path);

/** Sets a text in a record that is there (a union of null and string is switched); false when the
 * field is absent or memory is out. */
bool member_set_text(avro_value_t *event, const char *path, const char *text);
bool member_set_number(avro_value_t *event, const char *path, int64_t number);
/** Sets an enum by its symbol; false when the schema has no such one. */
bool member_set_symbol(avro_value_t *event, const char *path, const char *symbol);

/** Empties a field: a union becomes null, a list or a map empty. */
bool member_clear(avro_value_t *event, const char *path);

#endif
