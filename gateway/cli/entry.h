/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ENTRY_H
#define CLI_ENTRY_H

#include "cli/decoder.h"
#include "spool/reader.h"

/** One entry as JSON: its state, keys, times, faults, where it was published; with `decoder`, its
 * event too.  The caller owns it; NULL with FAULT_REFUSE when there is no such entry. */
json_t *entry_describe(struct spool_reader *reader, int64_t entry, struct decoder *decoder,
                       struct fault *why) __attribute__((warn_unused_result));

/** The same of an entry that is at hand, without the place. */
json_t *entry_json(struct spool_reader *reader, const struct spool_entry *entry);

#endif
