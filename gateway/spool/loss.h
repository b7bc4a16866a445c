/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_LOSS_H
#define SPOOL_LOSS_H

#include "spool/database.h"
#include "spool/reader.h"
#include "spool/repair.h"

/**
 * Tells what salvage_rows and rebuild_spool could not save, from what they left in `database`;
 * reads every original by `reader`, which has the same file, and lets those go that are not what
 * their digest says.  `*count` is of all that is told.
 */
bool loss_tell(sqlite3 *database, struct spool_reader *reader, const struct spool_repair_seen *seen,
               int64_t *count, struct fault *why) __attribute__((warn_unused_result));

#endif
