/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_AUDIT_RECORD_H
#define KAFKA_AUDIT_RECORD_H

#include "event/schema.h"
#include "spool/audit.h"

/** An entry of the record as lienthong.audit has it (schemas/audit-entry.avsc), which is `own`.
 * The caller owns the datum; NULL when the schema is not what it must be. */
char *audit_record(void *own, const struct spool_audited *entry, size_t *size);

#endif
