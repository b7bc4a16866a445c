/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POWERCUT_RECORD_H
#define POWERCUT_RECORD_H

#include <stdint.h>

/**
 * What the recorder writes and the replayer reads: one record for each call that succeeded, in the
 * order in which the calls took effect.  A record is followed by its path, and then by its bytes.
 * Paths begin at the recorded folder, which itself is "".
 */
enum record_kind {
    RECORD_START = 1,  /**< a process begins: it has no descriptors yet */
    RECORD_OPEN,       /**< descriptor; flags are open's; path */
    RECORD_CLOSE,      /**< descriptor */
    RECORD_DUPLICATE,  /**< descriptor, and in `number` the new one */
    RECORD_WRITE,      /**< descriptor, offset, bytes */
    RECORD_TRUNCATE,   /**< descriptor, and in `offset` the size */
    RECORD_EXTEND,     /**< descriptor, and in `offset` the least size */
    RECORD_FOLDER,     /**< a folder was made: path; flags not 0: it was there before all this */
    RECORD_RENAME,     /**< path, and as bytes the new path */
    RECORD_LINK,       /**< path, and as bytes the further path */
    RECORD_UNLINK,     /**< path of a file or an empty folder */
    RECORD_SYNC_BEGIN, /**< descriptor, and in `number` which sync; it covers what stands before */
    RECORD_SYNC_END,   /**< the number of a sync that returned 0 */
    RECORD_ANSWER,     /**< about to leave: in `number` the client's port, in `offset` the status */
    RECORD_MARK,       /**< of the workload: in `number` which */
    RECORD_FOREIGN,    /**< a call that the replayer cannot repeat: its name as the path */
};

struct record {
    uint32_t kind;
    int32_t descriptor;
    int64_t offset;
    uint32_t number;
    uint32_t flags;
    uint32_t path_size;
    uint32_t byte_count;
};

#endif
