/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_PROGRESS_H
#define KAFKA_PROGRESS_H

#include "base/fault.h"
#include "base/stop.h"
#include "kafka/client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * How far a gateway's entries are on Kafka: the last record under its id in the progress topic,
 * partition 0, written in the transaction that carried the entries.  Its value is text, as
 * "5000 1747036800123": the entry's number and when the entry arrived (UTC milliseconds), which
 * tells one spool from another that counts the same numbers.
 */
struct progress {
    bool is_known; /**< false: the topic or the gateway's record is not there */
    int64_t number;
    int64_t received_at_ms;
};

enum { PROGRESS_PARTITION = 0, PROGRESS_TEXT_SIZE = 48 };

/** Writes the value of a record, NUL-terminated.  Returns its length. */
size_t progress_write(int64_t number, int64_t received_at_ms, char text[PROGRESS_TEXT_SIZE]);
/** Reads the value of a record.  FAULT_BROKEN when it is nothing that progress_write wrote. */
bool progress_parse(const char *bytes, size_t size, struct progress *progress, struct fault *why)
    __attribute__((warn_unused_result));

/**
 * Reads the gateway's progress as a read_committed consumer sees it once every transaction that
 * was open at the call has ended, also those of other gateways.  It goes backwards from the end of
 * the topic in growing steps, so its time does not grow with the topic.  FAULT_RETRY when the
 * broker does not answer, another gateway's transaction stays open, or `stop` is asked for.
 */
bool progress_read(const struct kafka_options *options, const struct stop *stop,
                   struct progress *progress, struct fault *why)
    __attribute__((warn_unused_result));

#endif
