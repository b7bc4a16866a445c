/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_CHAIN_H
#define SPOOL_CHAIN_H

#include "spool/audit.h"
#include "spool/database.h"

/** How entries of the record hold on to one another. */

/** The last entry, as the setting audit_head keeps it; all zero before the first. */
struct audit_head {
    int64_t number;
    uint8_t hash[AUDIT_HASH_SIZE];
};
bool audit_head_read(sqlite3 *database, struct audit_head *head, struct fault *why)
    __attribute__((warn_unused_result));

/** The hash of an entry behind one that has the hash `before`. */
bool audit_link(const uint8_t before[AUDIT_HASH_SIZE], const struct spool_audited *entry,
                uint8_t hash[AUDIT_HASH_SIZE], struct fault *why)
    __attribute__((warn_unused_result));

#endif
