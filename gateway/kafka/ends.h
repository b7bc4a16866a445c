/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_ENDS_H
#define KAFKA_ENDS_H

#include "kafka/client.h"

#include <stdint.h>

/** Calls `each` with every partition of a topic (its full name) and the offsets between which its
 * records lie, the second behind the last.  A topic that is not there has none.  FAULT_RETRY when
 * the broker does not answer. */
bool kafka_ends(const struct kafka_options *options, const char *topic,
                void (*each)(void *own, int32_t partition, int64_t first, int64_t end), void *own,
                struct fault *why) __attribute__((warn_unused_result));

#endif
