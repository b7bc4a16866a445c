/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ORIGINAL_H
#define CLI_ORIGINAL_H

#include "base/config.h"
#include "spool/reader.h"

/**
 * The document of an entry as it came: files that were moved out of it are put back from the store,
 * and the whole is checked against the entry's hash.  With `as_kept` the bytes that the spool has
 * instead.  The caller owns them.
 */
char *original_read(const struct config *config, struct spool_reader *reader, int64_t entry,
                    bool as_kept, size_t *size, struct fault *why)
    __attribute__((warn_unused_result));

#endif
