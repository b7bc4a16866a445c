/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_LOCK_H
#define SPOOL_LOCK_H

#include "base/fault.h"

/** Takes the lock of a spool's file, which lies beside it; closing `*locked` ends it.  FAULT_RETRY
 * when another process has it.  `*locked` stays -1 where it cannot even be opened. */
bool spool_lock(const char *file, int *locked, struct fault *why)
    __attribute__((warn_unused_result));

#endif
