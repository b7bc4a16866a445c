/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_REBUILD_H
#define SPOOL_REBUILD_H

#include "spool/database.h"

struct rebuild_options {
    int64_t above;     /**< numbers go on above this one at least */
    bool is_end_known; /**< false: higher numbers than those that are left may have been given */
};

/**
 * Has the rows that salvage_rows put into a new spool fit together again, in one transaction: rows
 * stand for what is lost, keys, lanes and sums are made anew (rebuild.sql says how).  Leaves the
 * temporary table `lost`.
 */
bool rebuild_spool(sqlite3 *database, const struct rebuild_options *options, struct fault *why)
    __attribute__((warn_unused_result));

#endif
