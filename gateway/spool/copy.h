/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_COPY_H
#define SPOOL_COPY_H

#include "spool/delivery.h"

/*
 * A row lives no longer than the call that gives it.  These copy it; what `*copied` points to is
 * then in the one piece of memory that they return, which the caller owns.  NULL without memory.
 * A notice is not copied.
 */

char *spool_copy_entry(const struct spool_entry *entry, struct spool_entry *copied)
    __attribute__((warn_unused_result));
char *spool_copy_delivery(const struct spool_delivery *delivery, struct spool_delivery *copied)
    __attribute__((warn_unused_result));

#endif
