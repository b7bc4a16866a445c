/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_FILING_H
#define SPOOL_FILING_H

#include "spool/reader.h"

/**
 * Which stored files there are, and what uses them.  The files themselves are the store's; here is
 * what has to be true together with entries and arrivals: these name the files that they use, and
 * pruning them ends the use.  Every stored file has an upload, of a partner or of the gateway.
 */

/** Notes that `partner` ("": the gateway itself) brought the file; again, it is as if new.  Waits
 * for the commit. */
bool spool_note_upload(struct spool *spool, const char *partner, const uint8_t sha256[SHA256_SIZE],
                       int64_t size, int64_t at_ms, struct fault *why)
    __attribute__((warn_unused_result));

/** Whether `partner` ("": the gateway itself) brought the file. */
bool spool_uploaded(struct spool_reader *reader, const uint8_t sha256[SHA256_SIZE],
                    const char *partner, bool *is_uploaded, struct fault *why)
    __attribute__((warn_unused_result));

/** Whether the arrival of that number uses the file. */
bool spool_arrival_uses(struct spool_reader *reader, int64_t arrival,
                        const uint8_t sha256[SHA256_SIZE], bool *uses, struct fault *why)
    __attribute__((warn_unused_result));
/** Whether any entry uses the file. */
bool spool_file_is_used(struct spool_reader *reader, const uint8_t sha256[SHA256_SIZE],
                        bool *is_used, struct fault *why) __attribute__((warn_unused_result));
/** Whether the entry of that first number is the one of that event, and uses the file. */
bool spool_event_uses(struct spool_reader *reader, int64_t entry, const uint8_t event_id[UUID_SIZE],
                      const uint8_t sha256[SHA256_SIZE], bool *uses, struct fault *why)
    __attribute__((warn_unused_result));

/** Files that nobody brought since `before_ms` and nothing uses; at most `limit`. */
bool spool_idle_files(struct spool_reader *reader, int64_t before_ms, size_t limit,
                      bool (*each)(void *own, const uint8_t *sha256), void *own, struct fault *why)
    __attribute__((warn_unused_result));

/** All files, by their hashes, from the one behind `after` on (NULL: from the first); at most
 * `limit`. */
bool spool_files(struct spool_reader *reader, const uint8_t *after, size_t limit,
                 bool (*each)(void *own, const uint8_t *sha256), void *own, struct fault *why)
    __attribute__((warn_unused_result));

/** Whether nothing uses the file, and nobody brought it since `before_ms`. */
bool spool_file_is_idle(struct spool_reader *reader, const uint8_t sha256[SHA256_SIZE],
                        int64_t before_ms, bool *is_idle, struct fault *why)
    __attribute__((warn_unused_result));

/** Forgets who brought the file, after the store deleted it: a file that is there and that nobody
 * remembers would stay for ever.  FAULT_REFUSE when something uses it meanwhile, or somebody
 * brought it since `before_ms`.  Waits. */
bool spool_forget_upload(struct spool *spool, const uint8_t sha256[SHA256_SIZE], int64_t before_ms,
                         struct fault *why) __attribute__((warn_unused_result));

#endif
