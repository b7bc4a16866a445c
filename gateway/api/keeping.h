/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_KEEPING_H
#define API_KEEPING_H

#include "adapt/adapter.h"
#include "spool/spool.h"

/** Fills in what the spool keeps of an item as its adapter read it: its ids, its dossier,
 * its due date and the digest of its content.  The texts are copied into one piece of memory, which
 * the caller owns. */
bool keeping_of_item(const struct adapt_item *item, struct spool_item *kept, char **texts,
                     struct fault *why) __attribute__((warn_unused_result));

/** Fills in what the spool keeps of the item's completed event beside its bytes. */
void keeping_of_event(const avro_value_t *event, struct spool_item *kept);

#endif
