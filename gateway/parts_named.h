/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARTS_NAMED_H
#define PARTS_NAMED_H

#include "parts.h"

/* What keys of the configuration name, looked at before anything runs: what is wrong with it is
 * said at the key's line. */

bool start_receipt_keys(struct daemon *daemon, struct fault *why)
    __attribute__((warn_unused_result));
void stop_receipt_keys(struct daemon *daemon);

bool start_kafka_properties(struct daemon *daemon, struct fault *why)
    __attribute__((warn_unused_result));

/** Not for --check: the folder may be made for the daemon when it starts, and removed after it. */
bool start_socket_folder(struct daemon *daemon, struct fault *why)
    __attribute__((warn_unused_result));

void stop_nothing(struct daemon *daemon);

#endif
