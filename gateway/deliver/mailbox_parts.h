/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_MAILBOX_PARTS_H
#define DELIVER_MAILBOX_PARTS_H

#include "api/station.h"
#include "base/metrics.h"
#include "base/tally.h"
#include "deliver/claims.h"
#include "deliver/mailbox.h"
#include "deliver/room.h"
#include "deliver/tell.h"

#include <stdatomic.h>

enum mailbox_count {
    COUNT_HANDED_OUT,
    COUNT_ACCEPTED,
    COUNT_REFUSED,
    COUNT_UNSAYABLE,
    COUNT_COUNT_
};

/** What the calls of the mailbox share; const but for what guards itself. */
struct mailbox {
    struct mailbox_options options;
    int32_t schema_no; /**< of the events' schema in the spool */
    struct tell_schemas tell;
    struct stations *stations;
    struct room *room;
    struct claims *claims;
    struct tally visits;     /**< that are not over, or the spool works for */
    atomic_llong held_bytes; /**< of answers that are not sent yet */
    struct metric *counts[COUNT_COUNT_];
};

#endif
