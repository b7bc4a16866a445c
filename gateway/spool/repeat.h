/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_REPEAT_H
#define SPOOL_REPEAT_H

#include "spool/database.h"
#include "spool/spool.h"

/** What is here under a dedupe_key, for repeat_read. */
#define REPEAT_SQL                                                                                 \
    "SELECT d.content, d.number, e.received_at, e.state, ifnull(e.released, d.number), e.item,"    \
    " e.sha256 FROM dedupe d LEFT JOIN entry e ON e.number = d.number WHERE d.key = ?"

/** The receipt of what is here: a repeat when it has this content, or any if that is NULL,
 * else a conflict. */
void repeat_read(sqlite3_stmt *row, const uint8_t *content_sha256, struct spool_receipt *receipt);

#endif
