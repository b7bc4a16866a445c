/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_SUBSCRIPTIONS_H
#define DELIVER_SUBSCRIPTIONS_H

#include "directory/directory.h"

#include <avro.h>

/** An event on its day. */
struct subscribed_event {
    const struct directory *directory;
    const avro_value_t *event;
    const char *type;
    int32_t day;
};

/** The number, from 1, of the first subscription whose filters the event passes; 0 when none. */
size_t subscriptions_match(const struct subscribed_event *event,
                           const struct partner_delivery *delivery);

#endif
