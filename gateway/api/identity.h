/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_IDENTITY_H
#define API_IDENTITY_H

#include "base/digest.h"
#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>

/** What one message of one system is known by. */
struct identity {
    const char *system;
    const char *native_id;
    size_t native_id_size;
    const char *event_type;
};

/**
 * The event's id: UUIDv5 of source system, native id and event type.  The native id is unique for
 * each item of a system, and an item's place in its document is left out, so that an item which is
 * sent again among others keeps its id.
 */
bool identity_event_id(const struct identity *identity, uint8_t event_id[UUID_SIZE],
                       struct fault *why) __attribute__((warn_unused_result));

#endif
