/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_JUDGE_H
#define API_JUDGE_H

#include "adapt/adapter.h"
#include "api/caller.h"

enum verdict {
    VERDICT_GOOD,
    VERDICT_INVALID, /**< it names an agency that was none then; reported on the bench */
    VERDICT_FOREIGN, /**< the sender does not speak for the agency that speaks; reported too.  Also
                          when another that it names was none */
};

/**
 * Whether the agencies that a completed event names existed on the day it speaks of, and whether
 * its sender may speak for the one that speaks.  A closed agency with a successor passes with the
 * tag agency-succeeded; its code stays as received.  False for a fault of our own.
 */
bool judge_event(struct workbench *bench, const struct adapter *adapter, const avro_value_t *event,
                 const struct caller *caller, enum verdict *verdict, struct fault *why)
    __attribute__((warn_unused_result));

/** Whether the sender of an item that is invalid may speak for the agency that speaks in it, by
 * what of it could be read; false also when that was not enough to tell. */
bool judge_may_speak(const struct adapt_item *item, const struct caller *caller,
                     int64_t received_at_ms);

#endif
