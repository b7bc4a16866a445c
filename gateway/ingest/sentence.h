/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_SENTENCE_H
#define INGEST_SENTENCE_H

#include "http/problem.h"
#include "spool/delivery.h"

/** The state of a delivery in a word, for machines: waiting, parked, dead, discarded, delivered,
 * and from a mailbox accepted or refused. */
const char *sentence_state(const struct spool_delivery *delivery);

/** The same in a sentence; `name` is the partner's, for people, and NULL when nobody was found.
 * The caller owns it; NULL when memory is out. */
char *sentence_write(const struct spool_delivery *delivery, const char *name,
                     enum http_language language);

#endif
