/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_LENGTHY_H
#define OPERATE_LENGTHY_H

#include "operate/aside.h"
#include "operate/guard.h"

/**
 * An act that may take long: begun on record, done away from the HTTP threads, then ended on record
 * and answered.  Whoever begins one puts lengthy_resumed and lengthy_end into the call's row.  What
 * else it needs stands behind this struct, in one piece of heap.
 */
struct lengthy {
    struct operator_act act; /**< its texts live as long */
    /** Does it, from another thread; the JSON of the answer, or NULL with `why`. */
    json_t *(*run)(struct lengthy *lengthy, struct fault *why);
    json_t *done;     /**< what run gave */
    struct fault why; /**< of it */
};

/** Takes `lengthy`; NULL: memory is out.  The call may be answered already when it returns. */
void lengthy_begin(struct aside *aside, struct operator_call *call, struct lengthy *lengthy);
void lengthy_resumed(void *own, struct operator_call *call);
void lengthy_end(void *own, struct operator_call *call);

#endif
