/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_ITEM_H
#define OPERATE_ITEM_H

#include "http/problem.h"
#include "spool/delivery.h"

#include <jansson.h>

/*
 * Entries and deliveries as the operators' lists show them: states, keys, times, causes in words;
 * nothing of what the documents say.  The caller owns each; NULL without memory.
 */

json_t *item_of_entry(const struct spool_reader *reader, const struct spool_entry *entry,
                      enum http_language language);
json_t *item_of_delivery(const struct spool_delivery *delivery, enum http_language language);
/** One line of a delivery's record. */
json_t *item_of_trail(const struct spool_trail *line, enum http_language language);

/** What the lists call the state of an entry. */
const char *item_entry_state(const struct spool_entry *entry);

/** The text of a moment in Vietnam's time; null for 0. */
json_t *item_moment(int64_t moment);
/** The receipt of an entry; null for 0. */
json_t *item_receipt(const struct spool_reader *reader, int64_t entry);
/** "d-NUMBER"; null for 0. */
json_t *item_delivery_name(int64_t delivery);
/** Of a text that came from outside; null for NULL, and for bytes that are no UTF-8. */
json_t *item_text(const char *text);

/** The states that item_of_delivery names, in the order of enum delivery_state; ends with NULL. */
extern const char *const item_delivery_states[];

#endif
