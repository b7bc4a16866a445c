/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_DELIVERED_H
#define OPERATE_DELIVERED_H

#include "operate/repair_own.h"

/** The document of a delivery, written again. */
struct delivered {
    const struct adapter *adapter; /**< the format it is in */
    char *bytes;
    size_t size;
    const char *media_type;
    bool has_then;             /**< one was delivered: */
    uint8_t then[SHA256_SIZE]; /**< its hash as it was */
    bool is_same;              /**< and this has the same bytes */
};

/**
 * Writes the event of a delivery of the entry by today's adapter and settings.  What the gateway
 * knew only then, as a session's token or a signed link, is left out, and files stay where they
 * are: so it may differ from what was delivered, which is_same tells.  FAULT_REFUSE when the entry
 * has no such delivery, or the format cannot say the event.  The caller frees the bytes.
 */
bool delivered_write(const struct subject *subject, int64_t delivery, struct delivered *delivered,
                     struct fault *why) __attribute__((warn_unused_result));

#endif
